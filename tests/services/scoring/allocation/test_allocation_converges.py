"""Payments by account in the stream: whatever comes first, deals have what files give them, and nothing is lost between
a deal and a payment that come at once.
"""

from __future__ import annotations

import random
import threading
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal
from sqlalchemy import Engine, text

from services.scoring.allocation.worker import payments_step
from services.scoring.credit.deal_facts import DEAL_FACTS, _one, deal_facts
from services.scoring.credit.worker import credit_step
from services.scoring.facts_codec import unpack
from services.scoring.reference.store import ReferenceDataCache
from shared.allocation_order import ORDERS
from shared.facts import Facts, merge, values_of
from shared.money import to_minor
from shared.pay.allocation import AccountPayment
from shared.pay.deal_payments import allocated
from tests.services.scoring.conftest import Road, empty_tables
from tests.waiting import somebody_waits_for_a_lock, until

Event = tuple[str, str, dict[str, Any], str]
ACCOUNTS = st.sampled_from(["Acme", "Beta & Söhne", 'a "quoted" one'])
DAY = date(2025, 3, 1)
WITHIN = st.integers(0, 20).map(lambda days: (DAY + timedelta(days=days)).isoformat())
NAMES = [f"D{number}" for number in range(4)]
PAID = [f"P{number}" for number in range(5)]
AMOUNTS = st.sampled_from(["30.00", "50.00", "70.00", "100.00", "120.00"])
DEALS = st.fixed_dictionaries(
    {},
    optional={
        "account": st.none() | ACCOUNTS,
        "amount": AMOUNTS,
        "currency": st.sampled_from(["USD", "USD", "EUR"]),
        "stage": st.sampled_from(["won", "open", "lost", "cancelled"]),
        "close_date": WITHIN,
        "cancel_date": st.none() | WITHIN,
        "refunds.r": st.none() | st.fixed_dictionaries({"amount": AMOUNTS, "date": WITHIN}),
        "contract": st.sampled_from(["K1", "K2"]),
        "payments.own": st.none() | st.fixed_dictionaries({"amount": AMOUNTS, "date": WITHIN}),
        "payments.P1": st.fixed_dictionaries({"amount": AMOUNTS, "date": WITHIN}),
    },
)
PAYMENTS = st.none() | st.fixed_dictionaries(
    {
        "account": ACCOUNTS,
        "currency": st.sampled_from(["USD", "USD", "EUR"]),
        "amount": AMOUNTS | AMOUNTS.map(lambda amount: f"-{amount}"),
        "date": WITHIN,
        "reference": st.none() | st.sampled_from([*NAMES, *PAID, "K1", "none"]),
        "allocate": st.sampled_from(ORDERS),
    }
)


@st.composite
def worlds(draw: st.DrawFn) -> list[Event]:
    deals = draw(st.lists(st.tuples(st.sampled_from(NAMES), DEALS), max_size=12))
    payments = draw(st.lists(st.tuples(st.sampled_from(PAID), PAYMENTS), min_size=1, max_size=10))
    said = [("deals", name, fields) for name, fields in deals]
    said += [("account_payments", name, {"payment": payment}) for name, payment in payments]
    # Each at an instant of its own: which of two statements of one instant holds is another matter.
    return [(*one, f"2025-04-01T00:00:{place:02}.000000Z") for place, one in enumerate(said)]


def facts_of(events: list[Event]) -> dict[str, dict[str, Facts]]:
    facts: dict[str, dict[str, Facts]] = {"deals": {}, "account_payments": {}}
    for topic, name, fields, at in events:
        merge(facts[topic].setdefault(name, {}), fields, occurred_at=at, sequence=0, source="crm")
    return facts


def as_files_have_it(events: list[Event]) -> tuple[dict[str, dict[str, Any]], dict[str, int]]:
    """By deal its payments, and by payment what is left of it, of the final facts."""
    facts = facts_of(events)
    deals = {name: values_of(said) for name, said in facts["deals"].items()}
    for name, values in deals.items():
        if values.get("stage") == "cancelled" and not values.get("cancel_date"):
            values["cancel_date"] = facts["deals"][name]["stage"][1][:10]
    payments = [
        AccountPayment(
            name,
            paid["account"],
            paid["currency"],
            date.fromisoformat(paid["date"]),
            to_minor(Decimal(paid["amount"]), paid["currency"]),
            paid["reference"],
            paid["allocate"],
        )
        for name, said in facts["account_payments"].items()
        if (paid := said["payment"][0]) is not None
    ]
    found = allocated(deals, payments)
    own = {
        name: {path[9:]: entry for path, entry in values.items() if path.startswith("payments.") and entry is not None}
        for name, values in deals.items()
        if values
    }
    return (
        {name: entries | found.entries.get(name, {}) for name, entries in own.items()},
        {one.payment.id: one.amount for one in found.left},
    )


def as_stored(engine: Engine) -> tuple[dict[str, dict[str, Any]], dict[str, int]]:
    with engine.connect() as connection:
        deals = connection.execute(text("select deal_id, facts from paid_deal")).all()
        left = connection.execute(text("select payment_id, unallocated from account_payment"))
        return (
            {
                name: {
                    path[9:]: entry
                    for path, entry in values_of(unpack(facts)).items()
                    if path.startswith("payments.") and entry is not None
                }
                for name, facts in deals
            },
            {name: amount for name, amount in left if amount is not None},
        )


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(events=worlds(), chance=st.randoms(use_true_random=False))
def test_in_any_order_deals_get_of_payments_by_account_what_files_give_them(
    scoring_engine: Engine, events: list[Event], chance: random.Random
) -> None:
    empty_tables(scoring_engine)
    road = Road(scoring_engine)
    twice = [*events, *chance.sample(events, chance.randint(0, len(events)))]
    chance.shuffle(twice)
    key = {"deals": "deal_id", "account_payments": "payment_id"}
    for topic, name, fields, at in twice:
        road.fact(topic, key[topic], name, fields, at)
        if chance.random() < 0.3:
            road.drain(chance)
    road.drain(chance)
    assert road.rejections == []
    assert as_stored(scoring_engine) == as_files_have_it(events)
    with scoring_engine.connect() as connection:
        rows = connection.execute(text("select deal_id, facts from paid_deal order by 1")).all()
    deals = pl.DataFrame([tuple(row) for row in rows], schema={"deal_id": str, "facts": str}, orient="row")
    one_by_one = pl.DataFrame([_one(*row) for row in rows], schema=DEAL_FACTS, orient="row")
    assert_frame_equal(deal_facts(deals).drop("who"), one_by_one.drop("who"))


def test_what_was_paid_on_a_deal_stays_where_another_account_has_a_payment_of_the_same_id() -> None:
    won = {"account": "Acme", "amount": "30.00", "currency": "USD", "close_date": "2025-03-01", "stage": "won"}
    paid = {"currency": "USD", "amount": "30.00", "date": "2025-03-01", "reference": None, "allocate": "oldest_first"}
    entry = {"amount": "30.00", "date": "2025-03-01"}
    found, left = as_files_have_it(
        [
            ("deals", "D0", {**won, "payments.P1": entry}, "2025-04-01T00:00:00.000000Z"),
            ("account_payments", "P0", {"payment": {**paid, "account": "Acme"}}, "2025-04-01T00:00:01.000000Z"),
            ("account_payments", "P1", {"payment": {**paid, "account": "Beta"}}, "2025-04-01T00:00:02.000000Z"),
        ]
    )
    assert found == {"D0": {"P1": entry}}  # nothing is owed any more: the payment of Beta is another one
    assert left == {"P0": 3000, "P1": 3000}


def test_whoever_set_a_payment_has_a_hand_in_the_deal_that_it_is_allocated_to(
    road: Road, scoring_engine: Engine
) -> None:
    road.deal("D1", account="Acme", amount="100.00", currency="USD", close_date="2025-03-01", stage="won")
    paid = {"account": "Acme", "currency": "USD", "amount": "60.00", "date": "2025-03-02", "reference": None}
    road.fact(
        "account_payments",
        "payment_id",
        "P1",
        {"payment": {**paid, "allocate": "oldest_first"}},
        "2025-03-02T00:00:00.000000Z",
        source="bank",
    )
    road.drain()
    with scoring_engine.connect() as connection:
        packed = connection.scalar(text("select facts from paid_deal"))
    entry = {"amount": "60.00", "date": "2025-03-02"}
    assert unpack(packed)["payments.P1"] == [entry, "2025-03-02T00:00:00.000000Z", 0, "bank"]


@pytest.mark.parametrize("cancelled", [{"cancel_date": "2025-03-05"}, {}])
def test_what_was_allocated_to_a_deal_before_it_was_cancelled_stays_with_it(
    road: Road, scoring_engine: Engine, cancelled: dict[str, str]
) -> None:
    for name in ("D1", "D2"):
        road.deal(name, account="Acme", amount="100.00", currency="USD", close_date="2025-03-01", stage="won")
    for name, amount, day in (("P1", "60.00", "2025-03-02"), ("P2", "40.00", "2025-03-09")):
        paid = {"account": "Acme", "currency": "USD", "amount": amount, "date": day, "reference": "D1"}
        paid |= {"allocate": "oldest_first"}
        road.fact("account_payments", "payment_id", name, {"payment": paid}, f"{day}T00:00:00.000000Z")
    road.drain()
    road.deal("D1", "2025-05-02T00:00:00.000000Z", 1, stage="cancelled", **cancelled)
    road.drain()
    first = {"amount": "60.00", "date": "2025-03-02"}
    second = {"P2": {"amount": "40.00", "date": "2025-03-09"}}
    of_d1, of_d2 = ({"P1": first}, second) if cancelled else ({"P1": first, **second}, {})
    assert as_stored(scoring_engine)[0] == {"D1": of_d1, "D2": of_d2}


def test_a_deal_and_the_first_payment_of_its_account_do_not_miss_each_other(road: Road, scoring_engine: Engine) -> None:
    road.deal("D1", account="Acme", amount="100.00", currency="USD", close_date="2025-03-01", stage="won")
    paid = {"account": "Acme", "currency": "USD", "amount": "60.00", "date": "2025-03-02", "reference": None}
    road.fact("account_payments", "payment_id", "P1", {"payment": {**paid, "allocate": "oldest_first"}}, "2025-03-02")
    deal, payment = (
        [stored for lane in road.waiting[topic].values() for stored in lane] for topic in ("deals", "account_payments")
    )
    road.waiting.clear()
    done = threading.Event()
    asked: list[Any] = []

    def keep_the_payment() -> None:
        with scoring_engine.begin() as connection:
            asked.extend(payments_step(connection, payment).publications)
        done.set()

    keeping = threading.Thread(target=keep_the_payment)
    with scoring_engine.begin() as connection:
        assert not [
            topic for topic, _ in credit_step(connection, deal, reference=ReferenceDataCache()).publications
        ]  # it cannot know of the payment
        keeping.start()
        until(lambda: somebody_waits_for_a_lock(scoring_engine))
        assert not done.is_set()
    keeping.join()
    for topic, record in asked:
        road.put(topic.name, record)
    road.drain()
    assert as_stored(scoring_engine)[0] == {"D1": {"P1": {"amount": "60.00", "date": "2025-03-02"}}}
