"""When a notification is due, when it is tried again, and when it is given up."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

FIRST_PAUSE: Final = timedelta(seconds=10)
LONGEST_PAUSE: Final = timedelta(minutes=30)
GIVEN_UP_AFTER: Final = timedelta(days=1)
"""From when it was due: who gets it later than that has long looked at the alert itself."""


def next_digest(now: datetime, hour: int, *, zone: ZoneInfo) -> date:
    """The first day of a zone whose digest at this hour is still to come."""
    local = now.astimezone(zone)
    return local.date() if now < digest_at(local.date(), hour, zone=zone) else local.date() + timedelta(days=1)


def digest_at(day: date, hour: int, *, zone: ZoneInfo) -> datetime:
    """The instant of an hour of a day in a zone; an hour that a change of the clock skips is taken as the one after."""
    return datetime.combine(day, time(hour), zone).astimezone(ZoneInfo("UTC"))


def next_attempt(now: datetime, attempts: int) -> datetime:
    """When to try again after so many attempts that came to nothing: soon at first, later every half hour."""
    # Eight doublings are beyond the longest pause.
    return now + min(FIRST_PAUSE * (1 << min(attempts - 1, 8)), LONGEST_PAUSE)


def is_given_up(now: datetime, due_at: datetime) -> bool:
    """Whether it is not tried any more."""
    return now >= due_at + GIVEN_UP_AFTER
