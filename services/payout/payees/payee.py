"""Under which names and ids somebody is paid, and by which company."""

from __future__ import annotations

from datetime import date
from typing import Final, NamedTuple

from shared.pay.people import Person

CONFIRMED_ATTRIBUTES: Final = ("payroll_id", "first_name", "last_name", "name", "entity")
"""What of the roster a second person confirms before a run uses it."""


class ConfirmedPayee(NamedTuple):
    """Under which names and ids somebody is paid, as a second person has looked at it: with the approval of the run
    that first paid them, or since then when it changed. `set_by` are the persons who had said so.
    """

    payroll_id: str | None
    first_name: str | None
    last_name: str | None
    name: str | None
    entity: str
    set_by: tuple[str, ...] = ()

    @staticmethod
    def said(person: Person, day: date) -> ConfirmedPayee:
        """What the roster says of it on a day."""
        attributes = person.at(day)
        facts = {name: getattr(attributes, name) for name in CONFIRMED_ATTRIBUTES}
        return ConfirmedPayee(**facts, set_by=tuple(sorted(person.set_by(CONFIRMED_ATTRIBUTES, day))))

    @property
    def facts(self) -> dict[str, str]:
        """What is known of it, by attribute."""
        values = {name: getattr(self, name) for name in CONFIRMED_ATTRIBUTES}
        return {name: value for name, value in values.items() if value}
