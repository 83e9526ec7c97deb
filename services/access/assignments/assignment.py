"""Stretches of days in which a participant's manager, pay group and legal entity stay the same."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final, NamedTuple

from shared.calendars.fiscal import DAY
from shared.pay.people import Person

ATTRIBUTES: Final = frozenset({"manager", "pay_group", "entity"})


class Assignment(NamedTuple):
    """Where a participant is from one day to another, both included."""

    participant_id: str
    first_day: date
    last_day: date
    manager: str | None
    pay_group: str
    entity: str


def assignments(person: Person) -> Iterator[Assignment]:
    """Where somebody is, from the beginning of time to its end, in the order of days.

    Nobody is their own manager: what the roster says so is as if it said none.
    """
    turns = sorted({setting.day for setting in person.settings() if setting.attribute in ATTRIBUTES} - {date.min})
    firsts = [date.min, *turns]
    lasts = [*(turn - DAY for turn in turns), date.max]
    for first, last in zip(firsts, lasts, strict=True):
        held = person.at(first)
        manager = held.manager if held.manager != person.participant_id else None
        yield Assignment(
            participant_id=person.participant_id,
            first_day=first,
            last_day=last,
            manager=manager,
            pay_group=held.pay_group,
            entity=held.entity,
        )
