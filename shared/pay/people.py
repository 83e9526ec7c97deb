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
        """What holds on a date: each attribute as it was last set on or before it. What was cleared is as if never set."""
        held = {name: fact[0] for name, fact in self._held(day).items()}
        return Attributes(**{name: value for name, value in held.items() if value not in (None, "")})

    def set_by(self, attributes: Collection[str], day: date) -> set[str]:
        """Who set what holds of these attributes on a date, or cleared it."""
        return {set_by(fact) for name, fact in self._held(day).items() if name in attributes}

    def _held(self, day: date) -> dict[str, list[Any]]:
        """By attribute the fact that holds on a date."""
        held: dict[str, tuple[str, list[Any]]] = {}
        for path, fact in self.facts.items():
            start, dated, attribute = path.rpartition("/")
            if attribute not in _NAMES or (dated and start > day.isoformat()):
                continue
            if attribute not in held or held[attribute][0] < start:
                held[attribute] = (start, fact)
        return {name: fact for name, (_, fact) in held.items()}

    def settings(self) -> Iterator[Setting]:
        """Every dated fact with who set it, by date and attribute."""
        for path in sorted(self.facts):
            start, dated, attribute = path.partition("/")
            if dated:
                held = self.facts[path]
                yield Setting(date.fromisoformat(start), attribute, held[0], set_by(held))

    def said(self, attributes: Collection[str], first: date, *, last: date) -> Iterator[Setting]:
        """What of these attributes holds on any day from one to another."""
        begun: dict[str, Setting] = {}
        for each in self.settings():
            if each.attribute not in attributes or each.day > last:
                continue
            if each.day <= first:
                begun[each.attribute] = each
            else:
                yield each
        yield from begun.values()

    def last_day(self, on: date) -> date | None:
        """The last day of whoever has left by a date: the day before they were said not to be active any more."""
        if self.at(on).active:
            return None
        ends = [
            each.day for each in self.settings() if each.attribute == "active" and each.day <= on and not each.value
        ]
        return max(ends) - timedelta(days=1)

    def days_there(self, first: date, last: date) -> int:
        """On how many days from one to another the participant is there: from the first dated fact on, except where not
        active.

        Whom the roster does not know by date is there.
        """
        settings = list(self.settings())
        # Facts without a date hold always: somebody whom only these describe was always there.
        undated = not settings or any("/" not in path and path != "name" for path in self.facts)
        begins = date.min if undated else settings[0].day
        turns = [(each.day, each.value is not False) for each in settings if each.attribute == "active"]

        def is_there(day: date) -> bool:
            return day >= begins and next((active for turn, active in reversed(turns) if turn <= day), True)

        days = (first + timedelta(days=number) for number in range((last - first).days + 1))
        return sum(map(is_there, days))

    def pay_groups(self) -> set[str]:
        """Every pay group that the participant is in at some time."""
        return {each.value for each in self.settings() if each.attribute == "pay_group" and each.value} | {
            DEFAULT_PAY_GROUP
        }


_NAMES: Final = frozenset(Attributes.__slots__)
