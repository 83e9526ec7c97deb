"""People as payout sees them: what the roster says of a participant on a date, and who said so."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final, NamedTuple

from shared.facts import Facts, set_by

DEFAULT_PAY_GROUP: Final = "default"
"""The pay group of whom the roster puts in none."""


class Setting(NamedTuple):
    """One dated fact: `attribute` is `value` from `day` on, said `by` the key it was sent with."""

    day: date
    attribute: str
    value: Any
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Attributes:
    """What holds of a participant on a date. An entity or cost centre that nobody set is an empty text."""

    pay_group: str = DEFAULT_PAY_GROUP
    entity: str = ""
    cost_center: str = ""
    payroll_id: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    name: str | None = None
    manager: str | None = None
    plan: str | None = None
    position: str | None = None
    active: bool = True


@dataclass(frozen=True, slots=True)
class Person:
    """A participant with the merged facts of the roster; without facts where the roster does not know them."""

    participant_id: str
    facts: Facts

    def at(self, day: date) -> Attributes:
        """What holds on a date: each attribute as it was last set on or before it. What was cleared is as if never
        set.
        """
        values = {name: fact[0] for name, fact in self._in_force(day).items()}
        return Attributes(**{name: value for name, value in values.items() if value not in (None, "")})

    def set_by(self, attributes: Collection[str], day: date) -> set[str]:
        """Who set what holds of these attributes on a date, or cleared it."""
        return {set_by(fact) for name, fact in self._in_force(day).items() if name in attributes}

    def _in_force(self, day: date) -> dict[str, list[Any]]:
        """By attribute the fact that holds on a date."""
        latest: dict[str, tuple[str, list[Any]]] = {}
        for path, fact in self.facts.items():
            start, dated, attribute = path.rpartition("/")
            if attribute not in _NAMES or (dated and start > day.isoformat()):
                continue
            # Dates are ISO text, which sorts as they follow each other; a fact without one holds from the beginning.
            if attribute not in latest or latest[attribute][0] < start:
                latest[attribute] = (start, fact)
        return {name: fact for name, (_, fact) in latest.items()}

    def settings(self) -> Iterator[Setting]:
        """Every dated fact with who set it, by date and attribute."""
        for path in sorted(self.facts):
            start, dated, attribute = path.partition("/")
            if dated:
                fact = self.facts[path]
                yield Setting(date.fromisoformat(start), attribute, fact[0], set_by(fact))

    def settings_in_force(self, attributes: Collection[str], first: date, *, last: date) -> Iterator[Setting]:
        """What of these attributes holds on any day from one to another."""
        begun: dict[str, Setting] = {}
        for setting in self.settings():
            if setting.attribute not in attributes or setting.day > last:
                continue
            if setting.day <= first:
                begun[setting.attribute] = setting  # the latest of those from before is the one that still holds
            else:
                yield setting
        yield from begun.values()

    def last_day(self, on: date) -> date | None:
        """The last day of whoever has left by the end of a date: the day before they were said not
        to be active any more.
        """
        gone_from: date | None = None
        for day, attribute, active, _ in self.settings():
            if attribute == "active" and day <= on + timedelta(days=1):
                gone_from = (gone_from or day) if active is False else None
        return None if gone_from is None else gone_from - timedelta(days=1)

    @property
    def first_day(self) -> date | None:
        """That of the first dated fact; None of whom facts without a date describe, which hold always: they were always
        there.
        """
        if any("/" not in path and path != "name" for path in self.facts):
            return None
        first = next(self.settings(), None)
        return None if first is None else first.day

    def days_there(self, first: date, last: date) -> int:
        """On how many days from one to another the participant is there: from the first dated fact on, except where not
        active.

        Whom the roster does not know by date is there.
        """
        begins = self.first_day or date.min
        turns = [(day, active is not False) for day, attribute, active, _ in self.settings() if attribute == "active"]

        def is_there(day: date) -> bool:
            return day >= begins and next((active for turn, active in reversed(turns) if turn <= day), True)

        days = (first + timedelta(days=number) for number in range((last - first).days + 1))
        return sum(map(is_there, days))

    def pay_groups(self) -> set[str]:
        """Every pay group that the participant is in at some time."""
        named = {value for _, attribute, value, _ in self.settings() if attribute == "pay_group" and value}
        return named | {DEFAULT_PAY_GROUP}


_NAMES: Final = frozenset(Attributes.__slots__)
