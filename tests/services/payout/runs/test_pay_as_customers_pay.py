"""Pay that is released as the customer's money comes in: by the date of each payment, not by the last one."""

from __future__ import annotations

from datetime import date
from typing import Any

from shared.pay.deal_facts import DealHistory
from shared.pay.terms.words.release import DatedAmount
from tests.services.payout.desk import Book, Desk, earned, problem
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


def test_money_that_goes_when_all_was_released_and_paid_takes_the_release_back(
    desk: Desk, book: Book, scoring: Scoring
) -> None:
    publish(desk, release=[{"share": "100%", "when": "collected"}])
    book([earned("ada", "2025-01", 1, ("USD", 100_00))])
    told(scoring, FIRST, SECOND)
    assert [paid(desk, f"2025-0{month}") for month in (1, 2, 3, 4)] == [[], ["40.00"], ["60.00"], []]
    told(scoring)
    scoring.less = ["D-1"]  # both payments were set to null
    gone = desk.pay("2025-05")
    assert [(line["paid"], line["carried_forward"]) for line in gone["lines"]] == [("0.00", "-100.00")]
    assert ("paid_less", "ada") in {(each["kind"], each["participant_id"]) for each in gone["findings"]}
    told(scoring, FIRST, SECOND | {"day": date(2025, 6, 3)})
    scoring.less = []
    assert paid(desk, "2025-06") == []  # what is paid again makes up for what was carried


def test_of_two_refunds_a_month_apart_each_is_dismissed_by_its_own_age(
    desk: Desk, book: Book, scoring: Scoring
) -> None:
    steps = [{"within_months": 1, "take_back": "100%"}, {"within_months": 6, "take_back": "50%"}]
    publish(desk, clawback={"steps": steps})
    refunds = [DatedAmount(date(2025, 2, 9), 400_00), DatedAmount(date(2025, 3, 20), 100_00)]
    book([earned("ada", "2025-01", 1, ("USD", 100_00))])
    told(scoring)
    desk.pay("2025-01")
    carried = []
    for month, revision, left, known in ((2, 2, 60_00, refunds[:1]), (3, 3, 50_00, refunds)):
        book([earned("ada", "2025-01", revision, ("USD", left))])
        scoring.deals["ada", "2025-01", "c0"] = [SOLD | {"amount": left}]
        scoring.facts_of["D-1"] = DealHistory(date(2025, 1, 10), 1000_00, known)
        carried.append(desk.pay(f"2025-0{month}")["lines"][0]["carried_forward"])
    assert carried == ["-40.00", "-45.00"]


def test_what_a_run_took_back_is_given_back_when_it_is_dismissed_later(
    desk: Desk, book: Book, scoring: Scoring
) -> None:
    publish(desk, clawback={"steps": [{"within_months": 12, "take_back": "100%"}]})
    book([earned("ada", "2025-01", 1, ("USD", 100_00))])
    told(scoring)
    desk.pay("2025-01")
    book([earned("ada", "2025-01", 2, ("USD", 0))])
    scoring.deals["ada", "2025-01", "c0"] = []
    scoring.facts_of["D-1"] = DealHistory(date(2025, 1, 10), 1000_00, (), date(2025, 2, 9))
    assert desk.pay("2025-02")["lines"][0]["carried_forward"] == "-100.00"
    mistaken = desk.post("/v1/clawbacks/D-2/dismissal", "carol", {"participant_id": "ada", "reason": "our mistake"})
    assert problem(mistaken) == (409, "nothing-to-keep")
    assert "ada earns nothing by deal D-2" in mistaken.json()["detail"]
    kept = desk.post("/v1/clawbacks/D-1/dismissal", "carol", {"participant_id": "ada", "reason": "our mistake"})
    assert kept.status_code == 201, kept.text
    assert paid(desk, "2025-03") == []  # what was carried is made up for
    assert desk.balance("ada")["USD"] == ("0.00", "0.00", "100.00")
    assert paid(desk, "2025-04") == []


def test_pay_of_a_deal_of_which_nobody_knows_the_amount_is_held_and_named(
    desk: Desk, book: Book, scoring: Scoring
) -> None:
    publish(desk, release=[{"share": "100%", "when": "collected"}])
    book([earned("ada", "2025-01", 1, ("USD", 100_00))])
    scoring.deals["ada", "2025-01", "c0"] = [SOLD | {"deal_amount": None, "payments": [FIRST], "refunds": []}]
    found = desk.pay("2025-01")
    assert found["lines"] == []
    assert ("collection_unknown", "ada") in {(each["kind"], each["participant_id"]) for each in found["findings"]}
