"""The step over earnings events: what is booked, what is not, and what is set aside."""

from __future__ import annotations

import random
import threading
from dataclasses import replace
from typing import Any

import orjson
import pytest
from sqlalchemy import Engine, text

from services.payout.ledger import store_closings as closings
from shared.log.port import Record, Stored
from shared.money import MOST
from tests.services.payout.desk import Book, Desk, earned
from tests.waiting import somebody_waits_for_a_lock, until


def journals(engine: Engine) -> list[tuple[Any, ...]]:
    """Participant, period, origin period and owed amounts of every journal, in order."""
    with engine.connect() as connection:
        rows = connection.execute(
            text("""
                select j.participant_id, j.period, j.origin_period, -sum(p.amount)
                from journal j join posting p on p.journal = j.id
                where account = 'payable' group by j.number, 1, 2, 3 order by j.number""")
        )
        return [(*row[:3], int(row[3])) for row in rows]


def test_the_difference_to_what_is_booked_is_booked(book: Book, payout_engine: Engine) -> None:
    book([earned("ada", "2025-01", 1, ("USD", 500), ("USD", 20))])
    book([earned("ada", "2025-01", 2, ("USD", 450), ("USD", 20), ("USD", 7))])
    assert journals(payout_engine) == [("ada", "2025-01", "2025-01", 520), ("ada", "2025-01", "2025-01", -43)]


def test_a_component_that_is_no_longer_listed_is_booked_out(book: Book, desk: Desk) -> None:
    book([earned("ada", "2025-01", 1, ("USD", 500), ("EUR", 20))])
    book([earned("ada", "2025-01", 2)])
    assert desk.balance("ada") == {"EUR": ("0.00", "0.00", "0.00"), "USD": ("0.00", "0.00", "0.00")}


def test_an_older_or_repeated_revision_books_nothing(book: Book, payout_engine: Engine) -> None:
    book([earned("ada", "2025-01", 5, ("USD", 500)), earned("ada", "2025-01", 4, ("USD", 1))])
    book([earned("ada", "2025-01", 5, ("USD", 900)), earned("ada", "2025-01", 3, ("USD", 2))])
    assert journals(payout_engine) == [("ada", "2025-01", "2025-01", 500)]


def test_events_of_a_batch_are_one_difference_per_participant_and_period(book: Book, payout_engine: Engine) -> None:
    book([earned("ada", "2025-01", number, ("USD", number)) for number in range(1, 50)])
    assert journals(payout_engine) == [("ada", "2025-01", "2025-01", 49)]


def test_two_plan_versions_of_a_component_stand_beside_each_other(book: Book, payout_engine: Engine) -> None:
    first, second = earned("ada", "2025-01", 1, ("USD", 500)), earned("ada", "2025-01", 1, ("USD", 70), version=2)
    both = orjson.loads(first.record.value or b"")
    both["earnings"] += orjson.loads(second.record.value or b"")["earnings"]
    book([replace(first, record=Record("ada", orjson.dumps(both)))])
    with payout_engine.connect() as connection:
        rows = connection.execute(text("select component, version, amount from posting where account = 'earned'"))
        assert sorted(map(tuple, rows)) == [("c0", 1, 500), ("c0", 2, 70)]


def test_a_late_change_is_booked_in_the_next_open_period_with_its_origin(
    book: Book, desk: Desk, payout_engine: Engine
) -> None:
    book([earned("ada", "2025-01", 1, ("USD", 500))])
    desk.pay("2025-01")
    desk.release(desk.draft("2025-03")["id"])
    book([earned("ada", "2025-01", 2, ("USD", 530)), earned("bob", "2025-02", 1, ("USD", 9))])
    assert journals(payout_engine)[-2:] == [("ada", "2025-04", "2025-01", 30), ("bob", "2025-04", "2025-02", 9)]


def test_what_is_booked_while_a_period_closes_waits_and_is_booked_after_it(
    book: Book, desk: Desk, payout_engine: Engine
) -> None:
    run = desk.draft("2025-01")["id"]
    desk.do(run, "submit", "dana")
    booked = threading.Event()

    def late() -> None:
        book([earned("ada", "2025-01", 1, ("USD", 500))])
        booked.set()

    thread = threading.Thread(target=late)
    with payout_engine.begin() as connection:
        closings.lock_for_closing(connection, "default")
        assert closings.closed_through(connection, "default") is None
        thread.start()
        until(lambda: somebody_waits_for_a_lock(payout_engine))
        assert not booked.is_set()
        closing = "insert into closing (pay_group, period, run, at) values ('default', '2025-01', :run, now())"
        connection.execute(text(closing), {"run": run})
    thread.join()
    assert journals(payout_engine) == [("ada", "2025-02", "2025-01", 500)]


def event(**changes: Any) -> Stored:
    """A sound event of 500 cents, but for these changes; those of the component are prefixed with `c_`."""
    stored = earned("ada", "2025-01", 1, ("USD", 500))
    message = orjson.loads(stored.record.value or b"")
    for name, value in changes.items():
        of = message["earnings"][0] if name.startswith("c_") else message
        of[name.removeprefix("c_")] = value
    return replace(stored, record=Record("ada", orjson.dumps(message)))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"c_amount": MOST + 1}, "amount_too_large"),
        ({"c_currency": "XXQ"}, "malformed"),
        ({"c_currency": "usd"}, "malformed"),
        ({"c_amount": 500.0}, "malformed"),
        ({"c_amount": "500"}, "malformed"),
        ({"c_component": "a\0b"}, "malformed"),
        ({"c_version": 2**31}, "malformed"),
        ({"revision": 2**63}, "malformed"),
        ({"revision": -1}, "malformed"),
        ({"period": "2025-13"}, "no_such_period"),
        ({"participant_id": "=1+1"}, "malformed"),
        ({"surprise": 1}, "malformed"),
    ],
)
def test_what_cannot_be_booked_is_set_aside_and_the_rest_is_booked(
    book: Book, payout_engine: Engine, changes: dict[str, Any], code: str
) -> None:
    bad = event(**changes)
    outcome = book([bad, earned("bob", "2025-01", 1, ("USD", 7))])
    assert [(rejection.stored, rejection.code) for rejection in outcome.rejections] == [(bad, code)]
    assert "500" not in outcome.rejections[0].message
    assert journals(payout_engine) == [("bob", "2025-01", "2025-01", 7)]


def test_a_tombstone_and_noise_are_set_aside(book: Book) -> None:
    stored = earned("ada", "2025-01", 1)
    noise = [replace(stored, record=Record("ada", value)) for value in (None, b"", b"\xff", b"[]", b'{"a":')]
    assert [rejection.code for rejection in book(noise).rejections] == ["malformed"] * 5


def test_the_largest_amounts_are_booked_exactly(book: Book, desk: Desk) -> None:
    book([earned("ada", "2025-01", 1, ("USD", MOST))])
    book([earned("ada", "2025-01", 2, ("USD", -MOST))])
    assert desk.balance("ada") == {"USD": ("-100000000000000.00", "-100000000000000.00", "0.00")}


def test_any_order_repetition_and_batching_ends_with_the_same_balances(book: Book, desk: Desk, seed: int) -> None:
    chance = random.Random(seed)
    events = [
        earned(who, period, revision, ("USD", chance.randrange(-99, 99)), ("EUR", chance.randrange(-99, 99)))
        for who in ("ada", "bob")
        for period in ("2025-01", "2025-02")
        for revision in range(1, 8)
    ]
    latest = [each for each in events if b'"revision":7' in (each.record.value or b"")]
    expected: dict[str, int] = {}
    for each in latest:
        message = orjson.loads(each.record.value or b"")
        for part in message["earnings"]:
            name = f"{message['participant_id']} {part['currency']}"
            expected[name] = expected.get(name, 0) + part["amount"]
    delivered = events + chance.choices(events, k=20)
    chance.shuffle(delivered)
    while delivered:
        size = chance.randrange(1, 9)
        book(delivered[:size])
        del delivered[:size]
    for name, amount in expected.items():
        who, currency = name.split()
        assert desk.balance(who)[currency][0] == f"{amount / 100:.2f}"
