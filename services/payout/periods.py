"""Months by name, as requests and records give them."""

from __future__ import annotations

from services.payout.errors import BadPeriod
from shared import periods


def checked(text: str) -> periods.Month:
    """The name of a period, exactly as `2025-03`.

    Raises:
        BadPeriod: it is none.
    """
    try:
        sound = periods.period_of(periods.first_day(text)) == text and bool(periods.next_period(periods.Month(text)))
    except ValueError:
        sound = False
    if not sound:
        raise BadPeriod(text)
    return periods.Month(text)
