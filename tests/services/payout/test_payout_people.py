"""What payout knows of people: the roster's facts, merged as everywhere, and what holds on a date."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date

from sqlalchemy import Engine, text

from services.payout.roster.store import people
from shared.log.port import Record, Stored
from shared.pay.people import Attributes, Person
from tests.services.payout.desk import Book, earned, roster


def known(engine: Engine, *participants: str) -> dict[str, Person]:
    with engine.connect() as connection:
        return people(connection, participants or None)


def test_an_attribute_holds_from_its_date_until_it_is_set_again_or_cleared(book: Book, payout_engine: Engine) -> None:
    book(
        [
            roster("ada", "2025-01-01", pay_group="weekly", entity="DE", manager="bob", plan="p"),
            roster("ada", "2025-03-10", entity="FR", cost_center="4711", active=False),
            roster("ada", "2025-05-01", pay_group=None, first_name="Ada", last_name="Brandt", payroll_id="77"),
        ]
    )
    ada = known(payout_engine)["ada"]
    assert ada.at(date(2024, 12, 31)) == Attributes()
    assert ada.at(date(2025, 3, 9)) == Attributes(pay_group="weekly", entity="DE", manager="bob", plan="p")
    assert ada.at(date(2025, 3, 10)) == Attributes(
        pay_group="weekly", entity="FR", cost_center="4711", manager="bob", plan="p", active=False
    )
    later = ada.at(date(2026, 1, 1))
    assert (later.pay_group, later.first_name, later.last_name, later.payroll_id) == ("default", "Ada", "Brandt", "77")
    assert ada.pay_groups() == {"default", "weekly"}


def test_facts_merge_to_the_same_in_any_order_and_say_who_set_them(
    book: Book, payout_engine: Engine, seed: int
) -> None:
    patches = [roster("ada", "2025-01-01", minute, f"s{minute}", entity=f"E{minute}") for minute in range(9)]
    random.Random(seed).shuffle(patches)
    for patch in [*patches, patches[0]]:
        book([patch])
    ada = known(payout_engine, "ada")["ada"]
    assert [(each.day, each.attribute, each.value, each.by) for each in ada.settings()] == [
        (date(2025, 1, 1), "entity", "E8", "s8")
    ]


def test_whom_the_roster_does_not_know_is_in_the_default_pay_group(payout_engine: Engine) -> None:
    assert known(payout_engine, "nobody")["nobody"].at(date(2025, 1, 1)) == Attributes()
    assert known(payout_engine) == {}


def test_what_the_roster_said_before_the_booking_is_on_the_journal(book: Book, payout_engine: Engine) -> None:
    book(
        [
            earned("ada", "2025-01", 1, ("USD", 500)),
            roster("ada", "2025-01-31", pay_group="weekly", entity="DE", cost_center="4711"),
        ]
    )
    book([roster("ada", "2025-01-01", 5, entity="FR"), earned("ada", "2024-12", 1, ("USD", 500))])
    with payout_engine.connect() as connection:
        found = connection.execute(
            text("select origin_period, pay_group, entity, cost_center from journal order by entry")
        )
        assert list(map(tuple, found)) == [("2025-01", "weekly", "DE", "4711"), ("2024-12", "default", "", "")]


def test_a_roster_event_that_cannot_be_read_is_set_aside(book: Book, payout_engine: Engine) -> None:
    good = roster("ada", "2025-01-01", entity="DE")
    bad: list[Stored] = [replace(good, record=Record("ada", value)) for value in (None, b"", b"[]", b'{"fields": 1}')]
    outcome = book([*bad, good])
    assert [each.code for each in outcome.rejections] == ["malformed"] * 4
    assert list(known(payout_engine)) == ["ada"]


def test_days_there_are_counted_from_the_first_dated_fact_while_active() -> None:
    first, last = date(2026, 2, 1), date(2026, 2, 28)

    def there(**facts: object) -> int:
        return Person("ada", {path: [value, "", 0, "hr"] for path, value in facts.items()}).days_there(first, last)

    assert there() == 28
    assert there(**{"name": "Ada", "2026-02-15/plan": "field"}) == 14
    assert there(**{"pay_group": "us", "2026-02-15/plan": "field"}) == 28
    assert there(**{"2025-01-01/active": True, "2026-02-16/active": False}) == 15
    assert there(**{"2025-01-01/active": True, "2026-02-11/active": False, "2026-02-21/active": True}) == 18
    assert there(**{"2026-03-01/plan": "field"}) == 0
