"""Months by name, as requests and records give them."""

from __future__ import annotations

from services.payout.errors import BadPeriod
from shared.periods import Month, month_named


def checked(text: str) -> Month:
    """The name of a period, exactly as `2025-03`.

    Raises:
        BadPeriod: it is none.
    """
    try:
        return month_named(text)
    except ValueError:
        raise BadPeriod(text) from None
