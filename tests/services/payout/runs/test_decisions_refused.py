"""What people decide about pay has effect, or is refused before anything is done: adjustments, releases, off-cycle
runs.
"""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from services.payout.ledger.journal import CostAssignment
from services.payout.ledger.store import post
from services.payout.runs.decisions import store
from services.payout.runs.decisions.model import Adjustment, adjustment_journal
from shared.periods import Month
from tests.services.payout.desk import NOW, Book, Desk, earned, lines, problem, roster


def adjustment(participant: str, amount: str) -> dict[str, Any]:
    return {
        "id": str(uuid4()), "participant_id": participant, "amount": amount, "currency": "USD", "month": "2025-12",
        "reason": "agreed by mail", "attachment_name": "mail.txt", "attachment": base64.b64encode(b"mail").decode(),
    }  # fmt: skip


def test_nobody_is_adjusted_whom_neither_roster_nor_ledger_knows(desk: Desk, book: Book) -> None:
    book([earned("ada", "2025-12", 1, ("USD", 100))])
    answer = desk.post("/v1/adjustments", "tess", adjustment("adda", "12.00"))
    assert (answer.status_code, "adda" in answer.json()["detail"]) == (404, True)
    assert desk.get("/v1/adjustments").json()["adjustments"] == []
    assert desk.adjust("tess", adjustment("ada", "12.00")).status_code == 202


def test_an_amount_with_more_decimals_than_its_currency_is_refused_in_words(desk: Desk, book: Book) -> None:
    book([earned("ada", "2025-12", 1, ("USD", 100))])
    answer = desk.post("/v1/adjustments", "tess", adjustment("ada", "12.345"))
    assert (answer.status_code, "12.345" in answer.json()["detail"]) == (422, True), answer.json()


def test_an_adjustment_is_in_the_currency_that_somebody_is_paid_in(desk: Desk, book: Book) -> None:
    book([earned("ada", "2025-12", 1, ("USD", 100)), roster("bob", "2025-01-01", pay_group="monthly")])
    refused = desk.post("/v1/adjustments", "tess", adjustment("ada", "12.00") | {"currency": "EUR"})
    assert problem(refused) == (422, "not-the-pay-currency")
    assert refused.json()["detail"] == "ada is paid in USD, not in EUR: say the amount in USD"
    group = {"valid_from": "2025-01-01", "calendar": {"every": "month"}, "currency": "EUR"}
    asked = {"policy": group, "reason": "a new group"}
    assert desk.publish("pay_group/monthly", "tess", asked).is_success
    assert "bob is paid in EUR" in desk.post("/v1/adjustments", "tess", adjustment("bob", "12.00")).json()["detail"]
    assert desk.post("/v1/adjustments", "tess", adjustment("bob", "12.00") | {"currency": "EUR"}).is_success


def test_the_same_adjustment_is_booked_once(desk: Desk, book: Book) -> None:
    book([earned("ada", "2025-12", 1, ("USD", 100)), earned("bob", "2025-12", 1, ("USD", 100))])
    first = desk.post("/v1/adjustments", "tess", adjustment("ada", "12.00")).json()
    again = desk.post("/v1/adjustments", "tess", adjustment("ada", "12") | {"reason": "Agreed  by mail"})
    assert problem(again) == (409, "adjusted-already")
    assert f"by tess on 2026-01-15 ({first['subject']}): nothing is booked" in again.json()["detail"]
    others = [
        adjustment("bob", "12.00"), adjustment("ada", "-12.00"), adjustment("ada", "12.00") | {"month": "2025-11"},
        adjustment("ada", "12.00") | {"reason": "the kicker of December"},
    ]  # fmt: skip
    assert [desk.adjust("tess", other).status_code for other in others] == [202] * 4
    assert len(desk.get("/v1/adjustments").json()["adjustments"]) == 5


def test_whoever_is_paid_in_two_currencies_is_named_once(desk: Desk, book: Book) -> None:
    book([earned("ada", "2025-12", 1, ("USD", 100), ("EUR", 100))])
    found = desk.draft("2025-12")["findings"]
    assert [each["kind"] for each in found].count("no_payroll_id") == 1, found


def hold(desk: Desk, name: str, subject: str) -> None:
    body = {"id": name, "scope": "participant", "subject": subject, "reason": "the invoice is disputed"}
    assert desk.post("/v1/holds", "tess", body).status_code == 201


def release(desk: Desk, name: str, **more: Any) -> Any:
    return desk.post(f"/v1/holds/{name}/release", "tess", {"reason": "it is settled", **more})


def test_a_release_takes_effect_with_the_next_run_unless_another_day_is_said(desk: Desk, book: Book) -> None:
    book([earned("ada", "2025-11", 1, ("USD", 100_00)), earned("ada", "2025-12", 1, ("USD", 50_00))])
    hold(desk, "h1", "ada")
    desk.pay("2025-11")
    assert release(desk, "h1").json()["released_on"] == "2025-12-31"  # it is 2026-01-15, and December is not paid yet


def test_a_release_that_the_next_run_does_not_reach_is_refused_or_said_on_purpose(desk: Desk, book: Book) -> None:
    book([earned("ada", "2025-11", 1, ("USD", 100_00))])
    hold(desk, "h1", "ada")
    desk.pay("2025-11")
    late = release(desk, "h1", on="2026-01-10")
    assert problem(late) == (409, "release-after-run")
    assert "due by 2025-12-31 and would still hold what h1 stops" in late.json()["detail"]
    assert desk.get("/v1/holds?open_only=true").json()["holds"][0]["id"] == "h1"
    assert release(desk, "h1", on="2026-01-10", scheduled=True).json()["released_on"] == "2026-01-10"


def test_an_off_cycle_run_that_would_pay_nobody_is_not_made(desk: Desk, book: Book) -> None:
    book([earned("ada", "2025-12", 1, ("USD", 100_00)), earned("cyd", "2026-01", 1, ("USD", 7_00))])
    asked = {"off_cycle": "2025-12-31", "pay_group": "default", "participants": ["cyd"]}
    unknown = desk.post("/v1/runs", "dana", asked | {"participants": ["cyd", "zoe"]})
    assert problem(unknown) == (409, "not-in-pay-group")
    assert "zoe is known neither to the roster nor to the ledger" in unknown.json()["detail"]
    refused = desk.post("/v1/runs", "dana", asked)
    assert problem(refused) == (409, "nothing-due")
    assert "nothing is due to cyd by 2025-12-31" in refused.json()["detail"]
    assert desk.get("/v1/runs").json()["runs"] == []
    made = desk.post("/v1/runs", "dana", asked | {"participants": ["ada"]})
    assert made.status_code == 201, made.text
    assert lines(desk.do(made.json()["id"], "calculate", "dana")) == [("ada", "USD", "100.00")]


def test_an_off_cycle_run_is_paid_on_the_first_business_day_unless_it_says_when(desk: Desk, book: Book) -> None:
    book([earned("ada", "2025-12", 1, ("USD", 100_00)), earned("bob", "2025-12", 1, ("USD", 7_00))])
    asked = {"off_cycle": "2025-12-31", "participants": ["ada"]}
    made = desk.post("/v1/runs", "dana", asked).json()
    assert made["pay_date"] == "2026-01-15"  # today, a Thursday
    later = asked | {"participants": ["bob"], "pay_date": "2026-02-17"}
    assert desk.post("/v1/runs", "dana", later).json()["pay_date"] == "2026-02-17"
    for wrong in (asked | {"pay_date": "2025-12-30"}, {"period": "2025-12", "pay_date": "2026-02-17"}):
        assert "pay_date is that of an off-cycle run" in desk.post("/v1/runs", "dana", wrong).json()["detail"]


def test_an_adjustment_is_booked_when_another_person_approves_it_and_not_before(desk: Desk, book: Book) -> None:
    book([earned("ada", "2025-12", 1, ("USD", 100))])
    proposed = desk.post("/v1/adjustments", "pat", adjustment("ada", "12.00")).json()
    assert desk.balance("ada") == {"USD": ("1.00", "1.00", "0.00")}
    approve = f"/v1/changes/{proposed['id']}/approve"
    assert problem(desk.post(approve, "pat", {})) == (403, "two-people")
    assert desk.balance("ada") == {"USD": ("1.00", "1.00", "0.00")}
    assert desk.post(approve, "petra", {}).is_success
    assert desk.balance("ada") == {"USD": ("1.00", "13.00", "0.00")}
    (told,) = desk.get("/v1/adjustments").json()["adjustments"]
    assert (told["state"], told["actor"], told["decided_by"]) == ("approved", "pat", "petra")
    assert desk.draft("2025-12")["touched_by"] == {"pat": ["adjustment"]}
    rejected = desk.post("/v1/adjustments", "tess", adjustment("ada", "99.00")).json()
    assert desk.post(f"/v1/changes/{rejected['id']}/reject", "petra", {"reason": "no such deal"}).is_success
    assert desk.post("/v1/adjustments", "tess", adjustment("ada", "99.00")).status_code == 202, "it may be said again"
    assert desk.balance("ada") == {"USD": ("1.00", "13.00", "0.00")}


def test_the_database_books_an_adjustment_only_as_it_was_approved_and_once(
    desk: Desk, book: Book, service_engine: Engine
) -> None:
    book([earned("ada", "2025-12", 1, ("USD", 100))])
    change = desk.post("/v1/adjustments", "tess", adjustment("ada", "12.00")).json()
    fact = Adjustment(
        id=UUID(change["subject"]), participant_id="ada", currency="USD", amount=12_00, month=Month("2025-12"),
        reason="", attachment_name="", attachment_sha256="", actor="tess", at=NOW,
    )  # fmt: skip
    home = CostAssignment(Month("2025-12"), "default", "", "")

    def booked(**other: Any) -> None:
        journal = adjustment_journal(fact._replace(**other), home)
        with service_engine.begin() as connection:
            post(connection, [replace(journal, id=uuid4())], now=NOW)

    with pytest.raises(DBAPIError, match="booked as it was approved"):
        booked()
    decision = "insert into change_decision values (:change, 'approved', 'petra', now(), '')"
    with service_engine.begin() as connection:
        connection.execute(text(decision), {"change": change["id"]})
    for wrong in ({"amount": 1200_00}, {"actor": "petra"}, {"currency": "EUR"}, {"id": UUID(int=7)}):
        with pytest.raises(DBAPIError, match="booked as it was approved"):
            booked(**wrong)
    booked()
    with pytest.raises(DBAPIError, match="journal_of_adjustment"):
        booked()
    with pytest.raises(DBAPIError, match="proposed by a change"), service_engine.begin() as connection:
        store.add_adjustment(connection, fact._replace(id=UUID(int=8)), attachment=b"mail", change=change["id"])
    assert desk.balance("ada") == {"USD": ("1.00", "13.00", "0.00")}


def test_a_run_names_only_whom_its_pay_group_pays(desk: Desk, book: Book) -> None:
    book([earned("ada", "2025-11", 1, ("USD", 100_00))])
    refused = desk.post("/v1/runs", "dana", {"period": "2025-11", "participants": ["ada", "nobody.here"]})
    assert problem(refused) == (409, "not-in-pay-group")
    assert "nobody.here is known neither to the roster nor to the ledger" in refused.json()["detail"]
    assert desk.get("/v1/runs").json()["runs"] == []


def test_an_adjustment_of_nothing_is_refused(desk: Desk, book: Book) -> None:
    book([earned("ada", "2025-12", 1, ("USD", 100))])
    answer = desk.post("/v1/adjustments", "tess", adjustment("ada", "0.00"))
    assert (answer.status_code, "an adjustment of nothing is none" in answer.json()["detail"]) == (422, True)


def test_nobody_is_in_two_unfinished_off_cycle_runs_as_of_one_day(desk: Desk, book: Book) -> None:
    book([earned("ada", "2025-12", 1, ("USD", 100_00)), earned("bob", "2025-12", 1, ("USD", 7_00))])
    asked = {"off_cycle": "2025-12-31", "pay_group": "default", "participants": ["ada"]}
    first = desk.post("/v1/runs", "dana", asked).json()["id"]
    again = desk.post("/v1/runs", "dana", asked | {"participants": ["ada", "bob"]})
    assert problem(again) == (409, "active-off-cycle-run")
    assert f"run {first} of ada is as of 2025-12-31, too, and is draft" in again.json()["detail"]
    assert desk.post("/v1/runs", "dana", asked | {"participants": ["bob"]}).status_code == 201
    desk.do(first, "cancel", "dana")
    assert desk.post("/v1/runs", "dana", asked).status_code == 201


def test_an_off_cycle_run_is_paid_on_a_business_day(desk: Desk, book: Book) -> None:
    book([earned("ada", "2025-12", 1, ("USD", 100_00))])
    asked = {"off_cycle": "2025-12-31", "participants": ["ada"], "pay_date": "2026-01-17"}
    refused = desk.post("/v1/runs", "dana", asked)
    assert refused.status_code == 422
    assert "2026-01-17, a Saturday, is no business day of default" in refused.json()["detail"]
    assert "the next is 2026-01-19" in refused.json()["detail"]


def test_a_pay_period_that_is_none_is_refused_in_words_without_a_pattern(desk: Desk) -> None:
    refused = desk.post("/v1/runs", "dana", {"period": "2026-7"}).json()["detail"]
    assert refused.startswith("period: write a pay period as 2025-03")
    assert desk.get("/v1/runs/x").json()["detail"].startswith("run_id: write the id of a run")
