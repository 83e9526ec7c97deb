"""Whoever had a hand in pay cannot release it: policies, holds, adjustments, dismissals; approvals in steps;
overlapping runs.
"""

from __future__ import annotations

from base64 import b64encode
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from tests.services.payout.desk import Book, Desk, earned, lines, problem, roster
from tests.services.payout.scoring import Scoring, deal

HOLD = {"id": "h", "scope": "participant", "subject": "ada", "since": "2025-01", "reason": "a dispute"}


def adjust(desk: Desk, amount: str, month: str, number: int = 1, who: str = "tina") -> dict[str, Any]:
    body = {
        "id": str(UUID(int=number)),
        "participant_id": "ada",
        "amount": amount,
        "currency": "USD",
        "month": month,
        "reason": "as agreed",
        "attachment_name": "mail.txt",
        "attachment": b64encode(b"agreed").decode(),
    }
    answer = desk.adjust(who, body)
    assert answer.status_code == 202, answer.text
    return answer.json()  # type: ignore[no-any-return]


def publish(desk: Desk, kind: str, body: dict[str, Any], who: str = "tina", day: str = "2024-01-01") -> None:
    policy = {"valid_from": day, **body}
    answer = desk.publish(f"{kind}/mine", who, {"policy": policy, "reason": "as agreed"})
    assert answer.is_success, answer.text


@pytest.mark.parametrize("what", ["adjustment", "hold", "terms"])
def test_who_decided_about_pay_cannot_approve_it(book: Book, desk: Desk, what: str) -> None:
    book([earned("ada", "2025-01", 1, ("USD", 500))])
    if what == "adjustment":
        adjust(desk, "1.00", "2025-01")
    elif what == "hold":
        desk.post("/v1/holds", "tina", HOLD)
    else:
        publish(desk, "payment_terms", {"currency": "USD", "guarantee": {"amount": "10"}})
    run = desk.draft("2025-01")
    assert run["touched_by"] == {"tina": [what]}


def test_an_adjustment_of_a_later_month_is_its_authors_hand_in_that_months_run(book: Book, desk: Desk) -> None:
    book([earned("ada", "2025-01", 1, ("USD", 500))])
    adjust(desk, "1.00", "2025-02")
    assert desk.pay("2025-01")["touched_by"] == {}
    assert desk.draft("2025-02")["touched_by"] == {"tina": ["adjustment"]}


def test_an_adjustment_in_a_soft_closed_month_sends_the_run_back(book: Book, desk: Desk) -> None:
    book([earned("ada", "2025-01", 1, ("USD", 500))])
    run = desk.draft("2025-01")["id"]
    desk.do(run, "submit", "dana")
    adjust(desk, "-1.00", "2025-01")
    assert problem(desk.post(f"/v1/runs/{run}/approve", "frank")) == (409, "lines-changed")
    desk.post(f"/v1/runs/{run}/return", "frank", {"reason": "an adjustment came"})
    assert lines(desk.do(run, "calculate", "dana")) == [("ada", "USD", "4.00")]
    desk.release(run)
    assert desk.get("/v1/participants/ada/balance").json()["balances"][0]["paid"] == "4.00"


def test_a_run_takes_its_steps_by_role_and_amount_each_by_another_person(book: Book, desk: Desk) -> None:
    publish(desk, "approval", {"steps": [{"role": "finance"}, {"role": "cfo", "above": {"USD": "4"}}]})
    book([earned("ada", "2025-01", 1, ("USD", 500)), earned("ada", "2025-02", 1, ("USD", 100))])
    run = desk.draft("2025-01")
    assert run["steps"] == ["finance", "cfo"]
    desk.do(run["id"], "submit", "dana")
    path = f"/v1/runs/{run['id']}/approve"
    assert problem(desk.post(path, "carol")) == (403, "not-your-step")
    assert desk.do(run["id"], "approve", "frank")["state"] == "submitted"
    assert problem(desk.post(path, "frank")) == (403, "not-your-step")
    assert problem(desk.post(path, "dora")) == (403, "not-your-step")
    assert desk.do(run["id"], "approve", "carol")["state"] == "approved"
    small = desk.draft("2025-02")
    assert small["steps"] == ["finance"]
    publish(desk, "approval", {"steps": [{"role": "cfo"}]}, day="2025-02-01")
    assert problem(desk.post(f"/v1/runs/{small['id']}/submit", "dana")) == (409, "lines-changed")


def test_of_overlapping_runs_one_advances_a_draw(book: Book, desk: Desk) -> None:
    publish(desk, "payment_terms", {"currency": "USD", "draw": {"amount": "1000"}})
    book([roster("ada", "2025-01-01", plan="plan")])
    both = [desk.draft("2025-01"), desk.draft("2025-01", participants=["ada"])]
    assert [lines(run) for run in both] == [[("ada", "USD", "1000.00")]] * 2
    for run in both:
        desk.do(run["id"], "submit", "dana")
    desk.do(both[1]["id"], "approve", "frank")
    assert problem(desk.post(f"/v1/runs/{both[0]['id']}/approve", "frank")) == (409, "lines-changed")
    desk.post(f"/v1/runs/{both[0]['id']}/return", "frank", {"reason": "it is advanced already"})
    assert lines(desk.do(both[0]["id"], "calculate", "dana")) == []


def test_a_simulation_leaves_no_trace_and_may_look_at_a_month_that_goes_on(book: Book, desk: Desk) -> None:
    book([earned("ada", "2026-01", 1, ("USD", 500))])
    found = desk.post("/v1/runs/simulate", "dana", {"period": "2026-01"}).json()
    assert (found["state"], lines(found)) == ("draft", [("ada", "USD", "5.00")])
    assert desk.get("/v1/runs").json()["runs"] == []


def test_what_moves_to_another_entity_later_stays_where_it_is_until_then(book: Book, desk: Desk) -> None:
    book([roster("ada", "2025-01-01", entity="DE"), roster("ada", "2025-02-01", 1, entity="US")])
    book([earned("ada", "2025-01", 1, ("USD", -500)), earned("ada", "2025-02", 1, ("USD", 900))])

    def payable() -> dict[str, str]:
        found = desk.get("/v1/balances?by=entity").json()["balances"]
        return {each["key"]: each["payable"] for each in found if each["currency"] == "USD"}

    desk.pay("2025-01")
    assert payable() == {"DE": "-5.00", "US": "9.00"}
    assert lines(desk.pay("2025-02")) == [("ada", "USD", "4.00")]
    assert payable() == {"DE": "0.00", "US": "0.00"}


CALENDARS: dict[str, dict[str, Any]] = {
    "half_month": {"every": "half_month"},
    "two_weeks": {"every": "two_weeks", "anchor": "2025-01-06"},
    "445": {"every": "fiscal_445", "year_ends": "last", "weekday": "sunday", "month": 12},
}


@pytest.mark.parametrize("calendar", CALENDARS)
def test_monthly_earnings_are_paid_once_whatever_the_pay_calendar(
    book: Book, desk: Desk, scoring: Scoring, calendar: str
) -> None:
    answer = desk.publish(
        "pay_group/us",
        "tina",
        {"policy": {"valid_from": "2024-01-01", "calendar": CALENDARS[calendar]}, "reason": "as agreed"},
    )
    assert answer.is_success, answer.text
    book([roster("ada", "2024-01-01", pay_group="us")])
    days = [date(2025, month, day) for month in (1, 2, 3) for day in (3, 14, 15, 16, 28)]
    for month in (1, 2, 3):
        name = f"2025-{month:02d}"
        mine = [deal(f"D{day}", 100 * day.day, day, 10_000) for day in days if day.month == month]
        scoring.deals["ada", name, "c0"] = mine
        book([earned("ada", name, 1, ("USD", sum(each["amount"] for each in mine)))])
    found = desk.get("/v1/pay-groups/us/periods?first=2025-01-01&last=2025-03-31").json()["periods"]
    due, paid = 0, Decimal(0)
    for period in found:
        run = desk.pay_of("us", period["name"])
        paid += sum((Decimal(amount) for _, _, amount in lines(run)), Decimal(0))
        due = sum(100 * day.day for day in days if day <= date.fromisoformat(period["end"]))
        assert paid * 100 == due, period
    assert paid * 100 == sum(100 * day.day for day in days if day <= date.fromisoformat(found[-1]["end"]))


def test_what_payroll_gives_back_is_paid_by_the_next_run(book: Book, desk: Desk) -> None:
    book([earned("ada", "2025-01", 1, ("USD", 500)), earned("bob", "2025-01", 1, ("USD", 300))])
    run = desk.pay("2025-01")["id"]
    batch = desk.get(f"/v1/payroll/batches/{run}", "payroll").json()
    said = {name: batch[name] for name in ("sha256", "record_count", "control_totals")}
    path, headers = (
        f"/v1/payroll/batches/{run}/ack",
        {"authorization": "Bearer key-payroll", "idempotency-key": "k-000001"},
    )
    wrong = said | {"status": "accepted", "sha256": "0" * 64}
    assert problem(desk.client.post(path, json=wrong, headers=headers)) == (409, "acknowledgement-mismatch")
    rejected = [{"row": 1, "code": "no_account", "message": "no account"}]
    body = said | {"status": "partial", "rejected": rejected}
    answers = [desk.client.post(path, json=body, headers=headers) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert desk.get(f"/v1/runs/{run}").json()["state"] == "acknowledged"
    assert desk.balance("ada") == {"USD": ("5.00", "5.00", "0.00")}
    assert lines(desk.pay("2025-02")) == [("ada", "USD", "5.00")]
    assert desk.balance("ada") == {"USD": ("5.00", "0.00", "5.00")}
