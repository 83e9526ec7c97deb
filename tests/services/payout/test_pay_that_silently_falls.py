"""What an approver is told where pay is less than somebody would expect, and not where it is only later."""

from __future__ import annotations

from datetime import date
from typing import Any

from tests.services.payout.desk import Book, Desk, earned, lines, roster
from tests.services.payout.scoring import Scoring, deal


def found(run: dict[str, Any], kind: str) -> list[str]:
    return [each["participant_id"] for each in run["findings"] if each["kind"] == kind]


def publish(desk: Desk, name: str, **policy: Any) -> dict[str, Any]:
    body = {"policy": {"valid_from": "2025-01-01", "currency": "USD", **policy}, "reason": "as agreed"}
    answer = desk.put(f"/v1/policies/payment_terms/{name}", "tina", body)
    assert answer.is_success, answer.text
    told: dict[str, Any] = answer.json()
    return told


def test_sales_without_pay_are_those_that_earn_nothing_not_those_whose_pay_is_held_or_set_off(
    desk: Desk, book: Book, scoring: Scoring
) -> None:
    publish(desk, "wait", release=[{"share": "100%", "when": "booked", "days_after": 90}])
    amounts = {"held": [100_00], "gone": [100_00, -100_00], "none": [0], "bonus": [0]}
    book([earned(who, "2025-01", 1, ("USD", sum(each))) for who, each in amounts.items() if who != "bonus"])
    book([roster(who, "2025-01-01", plan="plan") for who in amounts])
    book([earned("bonus", "2025-01", 1, ("USD", 0), ("USD", 50_00))])
    for who, each in amounts.items():
        sold = [deal(f"{who}-{number}", amount, date(2025, 1, 5), 600_00) for number, amount in enumerate(each)]
        scoring.deals[who, "2025-01", "c0"] = sold
    run = desk.draft("2025-01")
    assert lines(run) == [("bonus", "USD", "50.00")]
    assert found(run, "no_pay_with_sales") == ["none"]
