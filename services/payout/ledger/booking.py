"""Where a journal is booked: the month, and the pay group, entity and cost centre that bear it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from shared.pay.people import Person
from shared.periods import last_day


class Place(NamedTuple):
    """A month of a pay group, and whom what is booked there costs."""

    period: str
    pay_group: str
    entity: str
    cost_center: str


def place_of(person: Person, origin: str, *, open_from: Mapping[str, str]) -> Place:
    """Where something about the month `origin` is booked: there, or in the earliest month after it that is open.

    A month is open or closed for a pay group. A participant belongs to the pay group, entity and cost centre that the roster
    gives on the last day of the month that is booked in, so that one run pays everything a participant has in its month.

    Args:
        person: the participant.
        origin: the month it is about.
        open_from: the first month that may be booked in, by pay group; a group that closed nothing is not in it.
    """
    period = origin
    while True:
        home = person.at(last_day(period))
        first = open_from.get(home.pay_group, period)
        if first <= period:
            return Place(period, home.pay_group, home.entity, home.cost_center)
        period = first
