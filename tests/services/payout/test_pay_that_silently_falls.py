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


def test_terms_that_name_whom_nobody_is_are_published_with_a_warning_unless_it_is_expected(
    desk: Desk, book: Book
) -> None:
    book([roster("ada", "2024-01-01", plan="plan"), roster("bob", "2025-03-01", plan="plan", pay_group="default")])
    book([roster("ada", "2024-12-01", 1, plan="other", active=False)])
    whose = {"plans": ["plan"], "participants": ["ada", "bob"], "pay_groups": ["default"]}
    assert publish(desk, "t", applies_to=whose)["warnings"] == [
        "applies_to.participants: nobody is there as ada from 2025-01-01 on"
    ]
    book([roster("bob", "2025-03-01", 2, plan="other")])
    told = ["applies_to.plans: nobody is on the plan plan from 2025-01-01 on"]
    assert publish(desk, "u", applies_to={"plans": ["plan"]})["warnings"] == told
    assert publish(desk, "u", applies_to={"plans": ["plan"]})["warnings"] == told, "also when it is said again"
    assert publish(desk, "everybody")["warnings"] == []
    body = {"valid_from": "2025-01-01", "currency": "USD", "applies_to": {"plans": ["plan"]}}
    answer = desk.put("/v1/policies/payment_terms/v", "tina", {"policy": body, "reason": "they come", "expected": True})
    assert answer.json()["warnings"] == []


def test_a_run_names_terms_that_are_nobodys_until_they_say_nothing_any_more(desk: Desk, book: Book) -> None:
    book([roster("ada", "2025-01-01", plan="other"), earned("ada", "2025-01", 1, ("USD", 500))])
    draw = {"amount": 1000}
    publish(desk, "old", applies_to={"plans": ["plan"]}, draw=draw)
    publish(desk, "hers", applies_to={"plans": ["plan"], "participants": ["ada"]}, guarantee={"amount": 7})
    run = desk.draft("2025-01")
    assert [each for each in run["findings"] if each["kind"] == "terms_for_nobody"] == [
        {
            "kind": "terms_for_nobody",
            "participant_id": "",
            "why": "payment terms old apply to nobody: they are for plan plan",
        }
    ]
    publish(desk, "old", applies_to={"plans": ["plan"]})
    assert found(desk.do(run["id"], "calculate", "dana"), "terms_for_nobody") == []
