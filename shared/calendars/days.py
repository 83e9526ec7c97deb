"""Days as arrays: what is asked of many dates at once takes and gives columns of numpy."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from shared.contracts.base import YEARS

Days: TypeAlias = npt.NDArray[np.datetime64]
"""Days, as `datetime64[D]`."""
Flags: TypeAlias = npt.NDArray[np.bool_]
Counts: TypeAlias = npt.NDArray[np.int64]

MARGIN = 10
"""Years known before and after those that a date may be in: fiscal years and pay periods reach over the turn of one."""
FIRST_YEAR, LAST_YEAR = YEARS[0] - MARGIN, YEARS[-1] + MARGIN


def as_days(dates: Sequence[date] | npt.NDArray[Any]) -> Days:
    """Dates as an array of days.

    Raises:
        ValueError: one of them is missing, or lies in a year that no calendar here knows.
    """
    days = np.asarray(dates, dtype="datetime64[D]")
    if days.size and not ((days >= _FIRST) & (days <= _LAST)).all():  # a missing one compares as neither
        raise ValueError(f"a date is missing, or not in the years {FIRST_YEAR} to {LAST_YEAR}")
    return days


def days_between(first: date, last: date) -> Days:
    """All days from the first to the last one."""
    return np.arange(np.datetime64(first, "D"), np.datetime64(last, "D") + 1)


_FIRST = np.datetime64(date(FIRST_YEAR, 1, 1), "D")
_LAST = np.datetime64(date(LAST_YEAR, 12, 31), "D")
