"""What deals lose and what payments are taken back, from the facts that scoring reads to the runs that pay: real steps
of scoring and payout.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from tests.services.payout.life.company import Company, write_keys
from tests.services.payout.life.deals_and_terms import plan
from tests.services.scoring.conftest import scoring_engine

__all__ = ["scoring_engine"]

STEPS = [{"within_months": 1, "take_back": "100%"}, {"within_months": 6, "take_back": "50%"}]
EARLY, LATE = "2025-02-09", "2025-02-20"
"""Within a month of a deal of January 10, and after that."""
CANCELLED = {"stage": "cancelled", "cancel_date": LATE}


@pytest.fixture
def company(
    scoring_engine: Engine, payout_engine: Engine, service_engine: Engine, view_engine: Engine, tmp_path: Path
) -> Iterator[Company]:
    """Everybody earns a tenth of what they sell."""
    write_keys(tmp_path)
    found = Company(scoring_engine, payout_engine, service=service_engine, view=view_engine, folder=tmp_path)
    found.road.plan(plan("flat", [{"rate": "10%"}]))
    found.road.plan(plan("signed", [{"rate": "10%"}]) | {"credits": [{"rule": "own", "when": "stage = 'signed'"}]})
    yield found
    found.close()


def join(company: Company, *who: str, plan: str = "flat") -> None:
    for each in who:
        company.person(each, "2024-01-01", plan=plan, entity="US", payroll_id=f"E-{each}")
    company.score()
    company.book()


def won(company: Company, deal: str, owner: str, **more: Any) -> None:
    facts = {"stage": "won", "currency": "USD", "amount": "1000.00", "close_date": "2025-01-10", "owner": owner}
    company.deal(deal, **facts | more)


def money(amount: str, day: str) -> dict[str, str]:
    return {"amount": amount, "date": day}


def run(company: Company, month: int) -> dict[str, str]:
    """Pay a month; what everybody got who got anything, or owes after it."""
    company.score()
    company.book()
    company.today = date(2025, month + 1, 3)
    made = company.post("/v1/runs", "dana", {"period": f"2025-{month:02d}", "pay_group": "default"})
    for verb, who in (("calculate", "dana"), ("submit", "dana"), ("approve", "frank"), ("export", "dana")):
        made = company.post(f"/v1/runs/{made.json()['id']}/{verb}", who)
        assert made.is_success, made.text
    return {
        each["participant_id"]: each["paid"] if float(each["paid"]) else each["carried_forward"]
        for each in made.json()["lines"]
        if float(each["paid"]) or float(each["carried_forward"])
    }


CHANGES: dict[str, tuple[list[dict[str, Any]], list[dict[str, Any]], str, str]] = {
    "two refunds": ([{"refunds.r1": money("400.00", EARLY), "refunds.r2": money("100.00", LATE)}], [], "-45.00", "-45.00"),
    "two refunds in two runs": (
        [{"refunds.r1": money("400.00", EARLY)}], [{"refunds.r2": money("100.00", LATE)}], "-40.00", "-45.00"
    ),
    "a refund that was none": ([{"refunds.r1": money("400.00", LATE)}], [{"refunds.r1": None}], "-20.00", ""),
    "cancelled": ([CANCELLED], [], "-50.00", "-50.00"),
    "signed, not won, then cancelled": ([CANCELLED], [], "-50.00", "-50.00"),
    "cancelled after a refund": (
        [{"refunds.r1": money("400.00", EARLY)}], [CANCELLED], "-40.00", "-70.00"
    ),
    "cancelled later than was said": (
        [{"stage": "cancelled", "cancel_date": EARLY}], [{"cancel_date": LATE}], "-100.00", "-50.00"
    ),
    "another owner, then cancelled": ([{"owner": "other"}, CANCELLED], [], "-100.00", "-100.00"),
    "cancelled, then another owner": ([CANCELLED, {"owner": "other"}], [], "-100.00", "-100.00"),
    "cancelled, a run later another owner": ([CANCELLED], [{"owner": "other"}], "-50.00", "-100.00"),
    "another owner, a run later cancelled": ([{"owner": "other"}], [CANCELLED], "-100.00", "-100.00"),
    "another owner and back, then cancelled": ([{"owner": "other"}, {"owner": None}, CANCELLED], [], "-50.00", "-50.00"),
    "cancelled and another's, a run later back": ([CANCELLED, {"owner": "other"}], [{"owner": None}], "-100.00", "-50.00"),
    "another owner, a run later back and a refund": (
        [{"owner": "other"}], [{"owner": None, "refunds.r1": money("400.00", LATE)}], "-100.00", "-20.00"
    ),
    "half of it another's, then cancelled": ([{"splits": "half"}, CANCELLED], [], "-75.00", "-75.00"),
    "half of it another's, a run later cancelled": ([{"splits": "half"}], [CANCELLED], "-50.00", "-75.00"),
    "half of it another's, and a refund": (
        [{"splits": "half", "refunds.r1": money("400.00", LATE)}], [], "-60.00", "-60.00"
    ),
    "half the price, then cancelled": ([{"amount": "500.00"}, CANCELLED], [], "-75.00", "-75.00"),
    "half the price, a run later cancelled": ([{"amount": "500.00"}], [CANCELLED], "-50.00", "-75.00"),
    "twice the price, then cancelled": ([{"amount": "2000.00"}, CANCELLED], [], "", ""),
    "twice the price, a run later cancelled": ([{"amount": "2000.00"}], [CANCELLED], "100.00", "-100.00"),
    "twice the price, and a refund": (
        [{"amount": "2000.00", "refunds.r1": money("400.00", LATE)}], [], "80.00", ""
    ),
    "a refund before the credit date": ([{"refunds.r1": money("400.00", "2025-01-05")}], [], "-40.00", "-40.00"),
}  # fmt: skip
"""What becomes of a deal of 1,000.00 that was paid in January, in February and in March; what then is paid, or owed."""


def test_each_decrease_of_a_deal_has_its_own_cause_and_day_in_whatever_run_it_becomes_known(company: Company) -> None:
    names = {f"p{number:02d}": name for number, name in enumerate(CHANGES)}
    join(company, "other", *names)
    [signer] = [who for who, name in names.items() if "signed" in name]
    join(company, signer, plan="signed")
    terms = {"valid_from": "2024-01-01", "currency": "USD", "clawback": {"steps": STEPS}}
    assert company.policy("payment_terms", "all", terms).is_success
    for who in names:
        won(company, f"D-{who}", who, **({"stage": "signed"} if who == signer else {}))
    assert run(company, 1) == dict.fromkeys(names, "100.00")
    for month in (0, 1):
        for who, name in names.items():
            for facts in CHANGES[name][month]:
                own = {"splits": {who: "50", "other": "50"}} if "splits" in facts else {}
                own |= {"owner": facts["owner"] or who} if "owner" in facts else {}
                company.deal(f"D-{who}", **facts | own)
        found = run(company, month + 2)
        got = {name: found.get(who, "") for who, name in names.items()}
        assert got == {name: each[2 + month] for name, each in CHANGES.items()}
    assert company.verified() == []


def paid_on(day: str, amount: str = "1000.00") -> dict[str, str]:
    return money(amount, day)


PAYMENTS: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any], str, str, str]] = {
    "taken back by null": ({"p1": paid_on("2025-01-20")}, {"p1": None}, {"p2": paid_on("2025-03-05")}, "100.00", "-100.00", ""),
    "taken back by a negative entry": (
        {"p1": paid_on("2025-01-20")}, {"p2": paid_on("2025-02-09", "-1000.00")}, {}, "100.00", "-100.00", "-100.00"
    ),
    "in part": ({"p1": paid_on("2025-01-20")}, {"p2": paid_on("2025-02-09", "-400.00")}, {}, "100.00", "-40.00", "-40.00"),
    "lowered": ({"p1": paid_on("2025-01-20")}, {"p1": paid_on("2025-01-20", "600.00")}, {}, "100.00", "-40.00", "-40.00"),
    "of a later day after all": (
        {"p1": paid_on("2025-01-20")}, {"p1": paid_on("2025-03-05")}, {}, "100.00", "-100.00", ""
    ),
    "refunded": ({"p1": paid_on("2025-01-20")}, {"refund": paid_on(LATE)}, {}, "100.00", "-100.00", "-100.00"),
    "refunded in part": (
        {"p1": paid_on("2025-01-20")}, {"refund": paid_on(LATE, "400.00")}, {}, "100.00", "-40.00", "-40.00"
    ),
    "refunded in part, with a negative entry beside it": (
        {"p1": paid_on("2025-01-20")},
        {"refund": paid_on(LATE, "400.00"), "p2": paid_on(LATE, "-300.00")}, {}, "100.00", "-70.00", "-70.00"
    ),
    "more than there was": (
        {"p1": paid_on("2025-01-20")}, {"p2": paid_on("2025-02-09", "-1500.00")}, {"p3": paid_on("2025-03-05", "500.00")},
        "100.00", "-100.00", "-100.00",
    ),
    "of what was paid too much": (
        {"p1": paid_on("2025-01-20", "1500.00")}, {"p2": paid_on("2025-02-09", "-500.00")}, {}, "100.00", "", ""
    ),
    "before it came": (
        {"p2": paid_on("2025-01-12", "-400.00")}, {"p1": paid_on("2025-02-05")}, {"p3": paid_on("2025-03-05", "400.00")},
        "", "60.00", "40.00",
    ),
    "all told in January": (
        {"p1": paid_on("2025-01-20"), "p2": paid_on("2025-02-09", "-1000.00"), "p3": paid_on("2025-03-05")}, {}, {},
        "100.00", "-100.00", "",
    ),
    "paid later, then in part": (
        {"p1": paid_on("2025-02-20", "600.00")}, {"p1": paid_on("2025-02-20", "600.00")}, {"p1": None}, "", "60.00", "-60.00"
    ),
}  # fmt: skip
"""What is told of the payments of a deal of 1,000.00 in January, February and March; what then is paid of 100.00, or
owed.
"""


def test_a_payment_that_is_taken_back_takes_back_what_it_released_by_whatever_road(company: Company) -> None:
    names = {f"p{number:02d}": name for number, name in enumerate(PAYMENTS)}
    join(company, *names)
    terms = {"valid_from": "2024-01-01", "currency": "USD", "release": [{"share": "100%", "when": "collected"}]}
    assert company.policy("payment_terms", "all", terms).is_success
    for who in names:
        won(company, f"D-{who}", who)
    for month in range(3):
        for who, name in names.items():
            told = {
                "refunds.r1" if key == "refund" else f"payments.{key}": each
                for key, each in PAYMENTS[name][month].items()
            }
            if told:
                company.deal(f"D-{who}", **told)
        found = run(company, month + 1)
        got = {name: found.get(who, "") for who, name in names.items()}
        assert got == {name: each[3 + month] for name, each in PAYMENTS.items()}, month
    assert company.verified() == []


HELD: dict[str, tuple[list[dict[str, Any]], str, str, str]] = {
    "never paid, then cancelled": ([{}, CANCELLED, {}], "", "", ""),
    "never paid, then refunded": ([{}, {"refunds.r1": money("1000.00", LATE)}, {}], "", "", ""),
    "paid in part, then cancelled": ([{"payments.p1": money("400.00", "2025-01-20")}, CANCELLED, {}], "40.00", "-20.00", "-20.00"),
    "paid on, and cancelled before that is released": (
        [{"payments.p1": money("400.00", "2025-01-20")}, {"payments.p2": money("200.00", "2025-02-15")} | CANCELLED, {}],
        "40.00", "-20.00", "-20.00",
    ),
    "paid, then refunded in parts": (
        [{"payments.p1": money("1000.00", "2025-01-20")}, {"refunds.r1": money("400.00", LATE)}, {"refunds.r2": money("600.00", "2025-03-10")}],
        "100.00", "-20.00", "-50.00",
    ),
    "paid in part, refunded in part, then paid": (
        [{"payments.p1": money("500.00", "2025-01-20")}, {"refunds.r1": money("200.00", LATE)}, {"payments.p2": money("500.00", "2025-03-05")}],
        "50.00", "-10.00", "40.00",
    ),
    "cancelled, and paid by mistake after that": (
        [{}, CANCELLED, {"payments.p1": money("1000.00", "2025-03-05")}], "", "", ""
    ),
}  # fmt: skip
"""What becomes of a deal of 1,000.00 in January, February and March that is released as its customer pays; what then is
paid, or owed.
"""


def test_of_a_deal_that_was_held_only_what_had_been_released_stays_when_it_is_lost(company: Company) -> None:
    names = {f"p{number:02d}": name for number, name in enumerate(HELD)}
    join(company, *names)
    release = [{"share": "100%", "when": "collected"}]
    terms = {"valid_from": "2024-01-01", "currency": "USD", "clawback": {"steps": STEPS}, "release": release}
    assert company.policy("payment_terms", "all", terms).is_success
    for who in names:
        won(company, f"D-{who}", who)
    for month in range(3):
        for who, name in names.items():
            if told := HELD[name][0][month]:
                company.deal(f"D-{who}", **told)
        found = run(company, month + 1)
        got = {name: found.get(who, "") for who, name in names.items()}
        assert got == {name: each[1 + month] for name, each in HELD.items()}, month
    assert company.verified() == []
