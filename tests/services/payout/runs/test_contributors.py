"""Whoever moved an amount of a run cannot approve it, whatever they moved it by: over the APIs of scoring and payout,
from deal to approval.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.services.payout.desk import Book, Desk, earned, problem, roster
from tests.services.payout.life.company import Company, write_keys
from tests.services.payout.runs.test_decisions_refused import adjustment
from tests.services.payout.runs.test_runs_attacked import publish
from tests.services.payout.scoring import Scoring
from tests.services.scoring.conftest import scoring_engine, simple_plan

__all__ = ["scoring_engine"]

OTHER = {"valid_from": "2024-01-01", "calendar": {"every": "month"}}
WON = {"stage": "won", "currency": "USD"}


@pytest.fixture
def company(
    scoring_engine: Engine, payout_engine: Engine, service_engine: Engine, view_engine: Engine, tmp_path: Path
) -> Iterator[Company]:
    """ann sells below bob, eve below dee; both sold in January, and it is February 3."""
    write_keys(tmp_path)
    found = Company(scoring_engine, payout_engine, service=service_engine, view=view_engine, folder=tmp_path)
    found.road.plan(simple_plan(), "analyst")
    for who, manager in (("bob", None), ("dee", None), ("ann", "bob"), ("eve", "dee")):
        found.person(who, "2025-01-01", plan="rep", manager=manager, quota_bookings="10000")
    found.deal("d-ann", owner="ann", amount="1000.00", close_date="2025-01-07", **WON)
    found.deal("d-eve", owner="eve", amount="500.00", close_date="2025-01-20", **WON)
    found.today = date(2025, 2, 3)
    yield found
    found.close()


def submitted(company: Company, month: str) -> str:
    """A run over a month, handed on for approval."""
    company.score()
    company.book()
    run = company.post("/v1/runs", "dana", {"period": month}).json()["id"]
    for verb in ("calculate", "submit"):
        answer = company.post(f"/v1/runs/{run}/{verb}", "dana")
        assert answer.is_success, answer.text
    return str(run)


def approval(company: Company, run: str, who: str) -> tuple[int, str]:
    """The status and the words with which somebody's approval is answered."""
    answer = company.post(f"/v1/runs/{run}/approve", who)
    return answer.status_code, answer.json().get("detail", "")


def adjust(desk: Desk, who: str, participant: str, amount: str) -> None:
    """Adjust somebody's pay of January by hand."""
    answer = desk.adjust(who, adjustment(participant, amount) | {"month": "2025-01"})
    assert answer.is_success, answer.text


def test_who_moved_a_rep_for_some_days_or_replaced_a_fact_approves_neither_the_run_nor_its_correction(
    company: Company,
) -> None:
    company.person("ann", "2025-01-05", "frank", manager="dee")
    company.person("ann", "2025-01-11", "frank", manager="bob")
    run = submitted(company, "2025-01")
    assert approval(company, run, "frank") == (403, f"frank set what {run} pays on (roster): somebody else approves it")
    assert approval(company, run, "fiona")[0] == 200
    company.person("ann", "2025-01-05", manager="bob")
    company.person("ann", "2025-01-11", manager="bob")
    company.deal("d-new", owner="eve", amount="200.00", close_date="2025-02-05", **WON)
    company.today = date(2025, 3, 3)
    run = submitted(company, "2025-02")
    paid = {line["participant_id"]: line["paid"] for line in company.get(f"/v1/runs/{run}").json()["lines"]}
    assert paid["bob"] == "10.00"  # what had been paid to dee; she owes it
    assert approval(company, run, "frank")[0] == 403
    assert approval(company, run, "fiona")[0] == 200
    assert company.verified() == []


@pytest.mark.parametrize("day", ["2025-01-01", "2025-01-10"])
def test_who_took_somebody_out_of_a_pay_group_approves_the_run_without_them(book: Book, desk: Desk, day: str) -> None:
    publish(desk, "pay_group", {"calendar": {"every": "month"}}, "tess")
    book([roster("ada", "2024-06-01", pay_group="default"), roster("bea", "2024-06-01", pay_group="default")])
    book([roster("ada", day, minute=1, source="frank", pay_group="mine")])
    book([earned("bea", "2025-01", 1, ("USD", 500))])
    assert desk.draft("2025-01")["touched_by"] == {"frank": ["payee"], "hr": ["payee"]}
    assert desk.draft("2025-01", pay_group="mine")["touched_by"] == {"tess": ["calendar"]}


def test_who_moved_somebody_before_or_after_the_pay_period_has_no_hand_in_it(book: Book, desk: Desk) -> None:
    book([roster("ada", "2024-12-01", source="frank", pay_group="other")])
    book([roster("bea", "2025-02-01", source="frank", pay_group="other", payroll_id="7")])
    book([earned("bea", "2025-01", 1, ("USD", 500))])
    assert desk.draft("2025-01")["touched_by"] == {}


def test_policies_count_where_they_apply_or_did(book: Book, desk: Desk) -> None:
    book([roster("bea", "2024-01-01", pay_group="other")])
    desk.publish("pay_group/other", "tess", {"policy": OTHER, "reason": "new"})
    book([earned("ada", "2025-01", 1, ("USD", 500))])
    guarantee = {"currency": "USD", "guarantee": {"amount": "10"}}
    publish(desk, "payment_terms", guarantee | {"applies_to": {"participants": ["bea"]}}, "tess")
    publish(desk, "approval", {"pay_groups": ["other"], "steps": [{"role": "cfo"}]}, "tess")
    assert desk.draft("2025-01")["touched_by"] == {}


def test_who_took_terms_or_approvals_away_from_somebody_had_a_hand_in_it(book: Book, desk: Desk) -> None:
    book([roster("bea", "2024-01-01", pay_group="other")])
    desk.publish("pay_group/other", "tess", {"policy": OTHER, "reason": "new"})
    book([earned("ada", "2025-01", 1, ("USD", 500))])
    guarantee = {"currency": "USD", "guarantee": {"amount": "10"}}
    publish(desk, "payment_terms", guarantee, "tess")
    publish(desk, "approval", {"steps": [{"role": "cfo"}]}, "tess")
    publish(desk, "payment_terms", guarantee | {"applies_to": {"participants": ["bea"]}}, "tina", "2024-01-02")
    publish(desk, "approval", {"pay_groups": ["other"], "steps": [{"role": "cfo"}]}, "tina", "2024-01-02")
    assert desk.draft("2025-01")["touched_by"] == {"tina": ["approval", "terms"]}


def test_what_is_carried_forward_is_still_of_those_who_moved_it(book: Book, desk: Desk, scoring: Scoring) -> None:
    publish(desk, "payment_terms", {"currency": "USD", "minimum": {"amount": "10", "below": "carry"}}, "tess")
    book([earned("ada", "2025-01", 1, ("USD", 500))])
    scoring.touched = [{"who": "carol", "what": "quota"}]
    assert desk.pay("2025-01")["touched_by"]["carol"] == ["quota"]
    scoring.touched = []
    assert desk.pay("2025-02")["touched_by"]["carol"] == ["quota"]
    book([earned("ada", "2025-03", 1, ("USD", 700))])
    run = desk.draft("2025-03")
    assert run["touched_by"] == {"carol": ["quota"], "tess": ["terms"]}
    desk.do(run["id"], "submit", "dana")
    assert problem(desk.post(f"/v1/runs/{run['id']}/approve", "carol")) == (403, "touched")
    desk.do(run["id"], "approve", "frank")
    book([earned("ada", "2025-04", 1, ("USD", 2000))])
    assert desk.draft("2025-04")["touched_by"] == {"tess": ["terms"]}


def test_an_adjustment_that_is_carried_forward_is_still_of_its_author(book: Book, desk: Desk) -> None:
    publish(desk, "payment_terms", {"currency": "USD", "minimum": {"amount": "10", "below": "carry"}}, "tess")
    book([earned("ada", "2025-01", 1, ("USD", 500)), earned("bea", "2025-01", 1, ("USD", 500))])
    adjust(desk, "tina", "ada", "2.00")
    assert desk.pay("2025-01")["touched_by"]["tina"] == ["adjustment"]
    assert desk.pay("2025-02")["touched_by"]["tina"] == ["adjustment"]
    book([earned("ada", "2025-03", 1, ("USD", 700)), earned("bea", "2025-03", 1, ("USD", 700))])
    assert desk.pay("2025-03")["touched_by"]["tina"] == ["adjustment"]
    book([earned("ada", "2025-04", 1, ("USD", 2000))])
    assert desk.draft("2025-04")["touched_by"] == {"tess": ["terms"]}


def test_what_is_owed_for_an_adjustment_is_repaid_without_its_author(book: Book, desk: Desk) -> None:
    publish(desk, "payment_terms", {"currency": "USD", "negative": {"balance": "receivable"}}, "tess")
    book([earned("ada", "2025-01", 1, ("USD", 500))])
    adjust(desk, "tina", "ada", "-12.00")
    desk.pay("2025-01")
    for month in ("2025-02", "2025-03"):
        book([earned("ada", month, 1, ("USD", 400))])
        assert desk.pay(month)["touched_by"]["tina"] == ["adjustment"]
    book([earned("ada", "2025-04", 1, ("USD", 400))])
    assert desk.draft("2025-04")["touched_by"] == {"tess": ["terms"]}


def test_whoever_advanced_a_draw_has_a_hand_in_its_recovery(book: Book, desk: Desk) -> None:
    draw = {"currency": "USD", "draw": {"amount": "10"}}
    publish(desk, "payment_terms", draw, "tess")
    book([roster("ada", "2025-01-01", plan="rep")])
    desk.pay("2025-01")
    publish(desk, "payment_terms", {"currency": "USD", "draw": {"amount": "0"}}, "tina", "2025-02-01")
    book([earned("ada", "2025-02", 1, ("USD", 1000))])
    assert desk.pay("2025-02")["touched_by"] | {"hr": []} == {"tess": ["terms"], "tina": ["terms"], "hr": []}
    book([earned("ada", "2025-03", 1, ("USD", 1000))])
    assert "tess" not in desk.draft("2025-03")["touched_by"]


def test_a_correction_that_is_carried_forward_is_still_of_those_whose_facts_it_replaced(
    book: Book, desk: Desk, scoring: Scoring
) -> None:
    publish(desk, "payment_terms", {"currency": "USD", "minimum": {"amount": "10", "below": "carry"}}, "tess")
    scoring.touched = [{"who": "carol", "what": "deal"}]
    book([earned("ada", "2025-01", 1, ("USD", 1500))])
    desk.pay("2025-01")
    scoring.touched = []
    book([earned("ada", "2025-01", 2, ("USD", 1900))])
    assert desk.pay("2025-02")["touched_by"]["carol"] == ["deal"]
    book([earned("ada", "2025-03", 1, ("USD", 1000))])
    assert desk.pay("2025-03")["touched_by"]["carol"] == ["deal"]
    book([earned("ada", "2025-04", 1, ("USD", 1000))])
    assert desk.draft("2025-04")["touched_by"] == {"tess": ["terms"]}


def test_whoever_set_what_a_correction_replaces_had_a_hand_in_it(book: Book, desk: Desk, scoring: Scoring) -> None:
    book([earned("ada", "2025-01", 1, ("USD", 500)), earned("bea", "2025-01", 1, ("USD", 500))])
    scoring.touched = [{"who": "carol", "what": "deal"}]
    desk.pay("2025-01")
    scoring.touched = []
    book([earned("ada", "2025-02", 1, ("USD", 100))])
    assert desk.pay("2025-02")["touched_by"] == {}
    book([earned("ada", "2025-01", 2, ("USD", 600)), earned("ada", "2025-03", 1, ("USD", 100))])
    assert desk.draft("2025-03")["touched_by"] == {"carol": ["deal"]}
