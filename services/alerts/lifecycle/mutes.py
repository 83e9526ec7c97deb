"""Mutes: days on which people know why a KPI moves, such as the end of a quarter, and are not told."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from services.alerts.lifecycle.acts import BY_ITSELF
from services.alerts.lifecycle.alert import Alert
from shared.calendars import CompanyCalendar
from shared.contracts.alerts import About

NOBODY_IS_KNOWN: Final = "notifications.yaml"
"""No mute that somebody declares has this name: names have no dot."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mute:
    """Days on which nobody is told of new alerts of these KPIs (none named: of all) and of this concern (None: of
    both): from a first to a last date, or at every fiscal quarter's end its last and the next one's first business
    days.
    """

    name: str
    starts_on: date | None = None
    ends_on: date | None = None
    last_of_quarter: int = 0
    first_of_quarter: int = 0
    kpis: tuple[str, ...] = ()
    about: About | None = None
    reason: str
    who: str
    at: datetime

    def concerns(self, alert: Alert) -> bool:
        """Whether an alert is one of those."""
        return (not self.kpis or alert.subject.kpi in self.kpis) and self.about in (None, alert.words.about)

    def holds(self, today: date, calendar: CompanyCalendar) -> bool:
        """Whether a date of the company's calendar is one of its days."""
        if self.starts_on is not None and self.ends_on is not None:
            return self.starts_on <= today <= self.ends_on
        left, passed = (
            int(count([today], "quarter")[0]) for count in (calendar.business_days_left, calendar.business_days_passed)
        )
        return left < self.last_of_quarter or (self.first_of_quarter > 0 and passed <= self.first_of_quarter)


def nobody_is_known(refusal: str, *, now: datetime) -> Mute:
    """What mutes everything while it is not known who is to be told, so that people are told when it is."""
    return Mute(
        name=NOBODY_IS_KNOWN, reason=f"it is not known who is to be told: {refusal}"[:512], who=BY_ITSELF, at=now
    )


def mute_of(alert: Alert, mutes: Iterable[Mute]) -> Mute | None:
    """The first of some mutes that concerns an alert."""
    return next((mute for mute in mutes if mute.concerns(alert)), None)
