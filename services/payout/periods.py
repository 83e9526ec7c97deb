"""Names of months, and whether one is closed. Books close in order: what is closed is closed up to and including one month."""

from __future__ import annotations

from services.payout.errors import BadPeriod
from shared import periods


def checked(text: str) -> str:
    """The name of a period, exactly as `2025-03`.

    Raises:
        BadPeriod: it is none.
    """
    try:
        sound = periods.period_of(periods.first_day(text)) == text and bool(periods.next_period(text))
    except ValueError:
        sound = False
    if not sound:
        raise BadPeriod(text)
    return text


def is_closed(period: str, closed_through: str | None) -> bool:
    """Whether nothing may be booked in the period any more; `closed_through` is the last closed one."""
    return closed_through is not None and period <= closed_through
