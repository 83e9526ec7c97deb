"""Pay that is released as the customer's money comes in: by the date of each payment, not by the last one."""

from __future__ import annotations

from datetime import date
from typing import Any

from tests.services.payout.desk import Book, Desk, earned
from tests.services.payout.scoring import Scoring, deal
from tests.services.payout.terms_of_pay import publish

HALVES = [{"share": "50%", "when": "booked"}, {"share": "50%", "when": "collected"}]
SOLD = deal("D-1", 100_00, date(2025, 1, 10), 1000_00)
FIRST, SECOND, BACK = (
    {"day": date(2025, 2, 10), "amount": 400_00},
    {"day": date(2025, 3, 5), "amount": 600_00},
    {"day": date(2025, 3, 20), "amount": 200_00},
)


def told(scoring: Scoring, *payments: dict[str, Any]) -> None:
    scoring.deals["ada", "2025-01", "c0"] = [SOLD | {"payments": list(payments), "refunds": []}]


def paid(desk: Desk, period: str) -> list[str]:
    return [line["paid"] for line in desk.pay(period)["lines"]]


def test_a_payment_after_the_pay_period_takes_nothing_from_what_came_in_before(
    desk: Desk, book: Book, scoring: Scoring
) -> None:
    publish(desk, release=HALVES)
    book([earned("ada", "2025-01", 1, ("USD", 100_00))])
    told(scoring)
    assert paid(desk, "2025-01") == ["50.00"]
    told(scoring, FIRST, SECOND)
    assert paid(desk, "2025-02") == ["20.00"]
    assert paid(desk, "2025-03") == ["30.00"]


def test_money_that_goes_back_lowers_what_the_deal_earns_and_the_rest_is_paid_in_full(
    desk: Desk, book: Book, scoring: Scoring
) -> None:
    publish(desk, release=HALVES)
    book([earned("ada", "2025-01", 1, ("USD", 100_00))])
    told(scoring, FIRST)
    assert [paid(desk, f"2025-0{month}") for month in (1, 2)] == [["50.00"], ["20.00"]]
    book([earned("ada", "2025-01", 2, ("USD", 80_00))])
    scoring.deals["ada", "2025-01", "c0"] = [SOLD | {"amount": 80_00, "payments": [FIRST, SECOND], "refunds": [BACK]}]
    assert paid(desk, "2025-03") == ["10.00"]


def test_what_cannot_be_counted_in_the_deals_currency_releases_nothing(
    desk: Desk, book: Book, scoring: Scoring
) -> None:
    publish(desk, release=HALVES)
    book([earned("ada", "2025-01", 1, ("USD", 100_00))])
    scoring.deals["ada", "2025-01", "c0"] = [SOLD | {"payments": None, "refunds": None}]
    assert paid(desk, "2025-01") == ["50.00"]
