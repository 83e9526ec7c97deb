"""The ledger as it is read: balances over all accounts, sums by whom they cost, the trial balance of a month."""

from __future__ import annotations

from base64 import b64encode
from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Engine

from services.payout.ledger import store as books
from services.payout.ledger import store_closings as closings
from services.payout.ledger.journal import ComponentKey, CostAssignment, Journal, Posting
from shared.pay.steps import JournalKind
from tests.services.payout.desk import Book, Desk, earned, problem, roster

AT = datetime(2025, 7, 1, tzinfo=UTC)
KEY = ComponentKey("c0", "plan", 1, "USD")
NOTHING = dict.fromkeys(("earned", "adjusted", "guaranteed", "held", "payable", "draw", "clawback", "paid"), "0.00")


def enter(engine: Engine, kind: JournalKind, *postings: Posting, who: str = "ada", period: str = "2025-02") -> None:
    journal = Journal(
        id=uuid4(),
        kind=kind,
        participant_id=who,
        assignment=CostAssignment(period, "weekly", "DE", "4711"),
        origin_period=period,
        cause={"reason": "-"},
        actor="dana",
        postings=postings,
    )
    with engine.begin() as connection:
        books.post(connection, [journal], now=AT)


@pytest.fixture
def every_account(book: Book, desk: Desk, service_engine: Engine) -> None:
    """A participant with something on each account."""
    book([roster("ada", "2025-01-01", pay_group="weekly", entity="DE", cost_center="4711")])
    book([earned("ada", "2025-01", 1, ("USD", 50000), ("JPY", 900)), earned("bob", "2025-01", 1, ("USD", 700))])
    enter(
        service_engine,
        "hold",
        Posting(account="held", currency="USD", amount=-20000, key=KEY, deal="deal-1"),
        Posting("payable", "USD", 20000),
    )
    enter(service_engine, "draw", Posting("draw", "USD", 3000), Posting("payable", "USD", -3000))
    enter(service_engine, "guarantee", Posting("guaranteed", "USD", 100), Posting("payable", "USD", -100))
    adjusted = {"id": str(uuid4()), "participant_id": "ada", "amount": "-0.40", "currency": "USD", "month": "2025-02"}
    why = {"reason": "a slip", "attachment_name": "mail.txt", "attachment": b64encode(b"mail").decode()}
    assert desk.adjust("tess", adjusted | why).is_success
    enter(service_engine, "clawback", Posting("clawback", "USD", 8000), Posting("payable", "USD", -8000))
    enter(service_engine, "payment", Posting("payable", "USD", 41000), Posting("paid", "USD", -41000))


EQUATION = {
    "earned": "500.00",
    "adjusted": "-0.40",
    "guaranteed": "1.00",
    "held": "200.00",
    "payable": "0.60",
    "draw": "30.00",
    "clawback": "80.00",
    "paid": "410.00",
}


def balances(found: dict[str, Any]) -> dict[Any, dict[str, str]]:
    """Accounts that are not zero, by key and currency."""
    rows = {}
    for row in found["balances"]:
        assert_equation(row)
        key = (row.pop("key"), row.pop("currency")) if "key" in row else row.pop("currency")
        rows[key] = {account: amount for account, amount in row.items() if Decimal(amount)}
    return rows


def assert_equation(row: dict[str, Any]) -> None:
    sums = {name: Decimal(amount) for name, amount in row.items() if name in EQUATION}
    assert sums["earned"] + sums["adjusted"] + sums["guaranteed"] == (
        sums["paid"] + sums["held"] + sums["payable"] - sums["draw"] - sums["clawback"]
    )


@pytest.mark.usefixtures("every_account")
def test_a_participants_balance_shows_every_account_and_its_equation_holds(desk: Desk) -> None:
    found = desk.get("/v1/participants/ada/balance").json()
    assert balances(found) == {"JPY": {"earned": "900", "payable": "900"}, "USD": EQUATION}


@pytest.mark.usefixtures("every_account")
def test_a_held_posting_names_its_component_and_its_deal(desk: Desk) -> None:
    journals = desk.get("/v1/participants/ada/journal").json()["journals"]
    [hold] = [journal for journal in journals if journal["kind"] == "hold"]
    assert (hold["pay_group"], hold["entity"], hold["cost_center"], hold["number"]) == ("weekly", "DE", "4711", 2)
    assert hold["postings"][0] | {"amount": "-200.00", "deal": "deal-1", "component": "c0"} == hold["postings"][0]
    assert [journal["number"] for journal in journals] == [7, 6, 5, 4, 3, 2, 1]
    assert [j["previous_sha256"] for j in journals] == [*(j["sha256"] for j in journals[1:]), ""]


@pytest.mark.usefixtures("every_account")
@pytest.mark.parametrize(
    ("by", "key", "other"),
    [
        ("cost_center", "4711", ""),
        ("entity", "DE", ""),
        ("pay_group", "weekly", "default"),
        ("participant", "ada", "bob"),
    ],
)
def test_the_accounts_are_summed_by_whom_they_cost(desk: Desk, by: str, key: str, other: str) -> None:
    found = desk.get(f"/v1/balances?by={by}").json()
    assert found["next"] is None
    assert balances(found) == {
        (key, "JPY"): {"earned": "900", "payable": "900"},
        (key, "USD"): EQUATION,
        (other, "USD"): {"earned": "7.00", "payable": "7.00"},
    }


def test_sums_come_in_pages_of_whole_keys(book: Book, desk: Desk) -> None:
    people = [f"p{number}" for number in range(5)]
    book([earned(who, "2025-01", 1, ("USD", 500), ("EUR", 300)) for who in people])
    seen: list[str] = []
    after = ""
    while True:
        page = desk.get(f"/v1/balances?limit=2{after}").json()
        seen += [row["key"] for row in page["balances"]]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert Counter(seen) == dict.fromkeys(people, 2)


def test_the_summary_is_the_whole_ledger_per_currency_and_where_the_books_are_open(
    book: Book, desk: Desk, service_engine: Engine
) -> None:
    book([earned("ada", "2025-01", 1, ("USD", 500), ("EUR", 9)), earned("bob", "2025-02", 1, ("USD", 40))])
    desk.pay("2025-01")
    with service_engine.begin() as connection:
        closings.soft_close(connection, "weekly", period="2025-05", run=None, actor="dana", at=AT)
    found = desk.get("/v1/summary").json()
    assert found["totals"] == [
        NOTHING | {"currency": "EUR", "earned": "0.09", "paid": "0.09"},
        NOTHING | {"currency": "USD", "earned": "5.40", "payable": "0.40", "paid": "5.00"},
    ]
    assert found["open_from"] == {"default": "2025-02", "weekly": "2025-06"}


@pytest.mark.usefixtures("every_account")
def test_the_trial_balance_of_a_month_balances(desk: Desk) -> None:
    found = desk.get("/v1/trial-balance?period=2025-02").json()
    by_account = {(row["account"], row["currency"]): row for row in found["accounts"]}
    assert [account for account, currency in by_account if currency == "USD"] == list(EQUATION)
    for currency in ("USD", "JPY"):
        rows = [row for row in found["accounts"] if row["currency"] == currency]
        sums = {name: sum(Decimal(row[name]) for row in rows) for name in ("opening", "debits", "credits", "closing")}
        assert (sums["opening"], sums["closing"], sums["debits"] - sums["credits"]) == (0, 0, 0)
    payable = by_account["payable", "USD"]
    assert (payable["opening"], payable["debits"], payable["credits"], payable["closing"]) == (
        "-507.00",
        "610.40",
        "111.00",
        "-7.60",
    )
    only = desk.get("/v1/trial-balance?period=2025-02&entity=DE").json()["accounts"]
    assert [row["opening"] for row in only if (row["account"], row["currency"]) == ("earned", "USD")] == ["500.00"]
    assert desk.get("/v1/trial-balance?period=2024-12").json()["accounts"] == []


def test_what_is_no_month_and_nothing_to_sum_by_are_refused(desk: Desk) -> None:
    assert problem(desk.get("/v1/trial-balance?period=2025-13")) == (422, "invalid-content")
    assert problem(desk.get("/v1/balances?by=mood"))[0] == 422
    assert problem(desk.get("/v1/balances?after=%00"))[0] == 422
    assert problem(desk.get("/v1/balances", "payroll")) == (403, "forbidden")


def test_a_listing_of_somebody_nobody_knows_says_so(desk: Desk, book: Book) -> None:
    book([roster("bea", "2025-01-01", plan="rep")])
    for path in (
        "/v1/participants/{}/balance",
        "/v1/participants/{}/journal",
        "/v1/participants/{}/statements",
        "/v1/adjustments?participant_id={}",
    ):
        unknown, known = desk.get(path.format("zoe")), desk.get(path.format("bea"))
        assert (problem(unknown), unknown.json()["detail"]) == ((404, "not-found"), "there is no participant zoe"), path
        assert known.is_success, path
