"""Statements say whose deal it was, why pay is held and what releases it, who adjusted for what reason, which deals
changed.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import orjson

from shared.pay.deal_facts import DealHistory
from shared.pay.terms.words.release import DatedAmount
from tests.services.payout.desk import Book, Desk, earned
from tests.services.payout.scoring import Scoring, deal
from tests.services.payout.terms_of_pay import publish

HALVES = [{"share": "50%", "when": "booked"}, {"share": "50%", "when": "paid_in_full", "days_after": 30}]
ATTACHMENT = {"attachment_name": "letter.txt", "attachment": "bGV0dGVy"}


def statement(desk: Desk, run: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(desk.get(f"/v1/statements/{run['id']}/ada").content)
    return found


def lines(found: dict[str, Any], kind: str) -> list[tuple[Any, ...]]:
    return [
        (line["amount"], line["deal_id"], line["reason"])
        for pay in found["pay"]
        for line in pay["steps"]
        if line["kind"] == kind
    ]


def test_held_pay_says_why_and_what_releases_it_and_whose_deal_it_was(desk: Desk, book: Book, scoring: Scoring) -> None:
    publish(desk, release=HALVES)
    book([earned("ada", "2025-01", 1, ("USD", 100_00))])
    stopped = {"id": "h1", "scope": "deal", "subject": "D-2", "since": "2025-01", "reason": "credit check"}
    assert desk.post("/v1/holds", "tina", stopped | {"until": "2025-06-01", "expected": True}).is_success
    scoring.deals["ada", "2025-01", "c0"] = [
        deal("D-1", 60_00, date(2025, 1, 5), 600_00) | {"account": "Acme"},
        deal("D-2", 40_00, date(2025, 1, 6), 400_00) | {"account": "Bolt"},
    ]
    found = statement(desk, desk.draft("2025-01"))
    assert found["accounts"] == {"D-1": "Acme", "D-2": "Bolt"}
    assert [(each["deal_id"], each["reason"], each["released_by"]) for each in found["held"]] == [
        (
            "D-1",
            "50% is due 30 days after the customer has paid everything",
            "the customer's last payment and 30 days",
        ),
        ("D-2", "On hold: credit check", "on 2025-06-01 or when a person releases it"),
    ]
    assert [reason for _, _, reason in lines(found, "hold")] == [each["reason"] for each in found["held"]]


def test_each_adjustment_has_its_own_reason(desk: Desk, book: Book) -> None:
    book([earned("ada", "2025-01", 1, ("USD", 100_00))])
    ids = [f"00000000-0000-4000-8000-00000000000{n}" for n in (1, 2)]
    for id_, amount, reason in zip(ids, ("5.00", "-2.00"), ("spot bonus", "paid twice"), strict=True):
        body = {"id": id_, "participant_id": "ada", "currency": "USD", "amount": amount, "month": "2025-01"}
        answer = desk.adjust("tina", body | {"reason": reason} | ATTACHMENT)
        assert answer.is_success, answer.text
    assert lines(statement(desk, desk.draft("2025-01")), "adjustment") == [
        ("5.00", None, f"spot bonus ({ids[0]})"),
        ("-2.00", None, f"paid twice ({ids[1]})"),
    ]


def test_a_corrected_month_names_the_deals_that_changed_and_what_became_of_them(
    desk: Desk, book: Book, scoring: Scoring
) -> None:
    book([earned("ada", "2025-01", 1, ("USD", 100_00))])
    sold = [
        {**deal(f"D-{n}", amount, date(2025, 1, 5), 600_00), "deal_currency": "USD"}
        for n, amount in ((1, 50_00), (2, 30_00), (3, 20_00))
    ]
    scoring.deals["ada", "2025-01", "c0"] = sold
    desk.pay("2025-01")
    book([earned("ada", "2025-01", 2, ("USD", 45_00))])
    scoring.deals["ada", "2025-01", "c0"] = [sold[2], deal("D-4", 27_00, date(2025, 1, 7), 300_00)]
    scoring.facts_of["D-1"] = DealHistory(date(2025, 1, 5), 600_00, [DatedAmount(date(2025, 2, 3), 600_00)])
    run = desk.draft("2025-02")
    assert lines(statement(desk, run), "prior_period") == [
        ("-50.00", "D-1", "600.00 USD refunded on 2025-02-03: 50.00 before, 0.00 now"),
        ("-30.00", "D-2", "No longer credited to you: 30.00 before, 0.00 now"),
        ("27.00", "D-4", "Credited to you since the month was paid: 0.00 before, 27.00 now"),
        ("-2.00", None, "Base: 0.00 before, -2.00 now"),
    ]
    told = [step["words"] for pay in statement(desk, run)["pay"] for step in pay["steps"] if step["deal_id"] == "D-1"]
    assert told == ["Deal D-1, C0, January 2025: 600.00 USD refunded on 2025-02-03: 50.00 before, 0.00 now"]


def test_what_terms_add_and_take_says_by_which_rule(desk: Desk, book: Book) -> None:
    publish(desk, draw={"amount": "40.00", "recover": "50%"}, maximum={"amount": "80.00", "above": "forfeit"})
    book([earned("ada", "2025-01", 1, ("USD", 10_00)), earned("ada", "2025-02", 1, ("USD", 200_00))])
    assert lines(statement(desk, desk.pay("2025-01")), "draw") == [("30.00", None, "Draw: 40.00 USD")]
    second = statement(desk, desk.draft("2025-02"))
    assert [reason for _, _, reason in lines(second, "forfeit")] == ["Paid at most: 80.00 USD"]
    assert [reason for _, _, reason in lines(second, "recovery")] == [
        "Recovered from pay above the draw: at most 50% of it"
    ]
