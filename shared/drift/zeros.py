"""What a zero says in a series of amounts: on a weekday without business nothing, and where many dates have one,
whether there is something is one question, and how much of it there is another.

Sales of a shop that opens on some weekdays are none on the others: those have no value. Where many of the other dates
have none, as of a seller with a deal on every second day, no scale fits both: the share of dates with something changes
as shares do, and the amounts of those that have some in percent.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final, NamedTuple

import numpy as np

from shared.drift.events import are_counts
from shared.drift.series import Floats, Grain, Series, series_of_ratios

FIRST: Final = 40
"""Values that say which dates have none."""
WITHOUT_BUSINESS: Final = 0.75
"""The part of a weekday's first values that are zero from which on it is taken to have no business."""
MANY: Final = 0.15
"""The part of zeros on other dates from which on they are a question of their own."""


class Parts(NamedTuple):
    """A series of many zeros in two: of each date whether there is something, and the amounts where there is."""

    share: Series
    amount: Series


def without_closed_days(series: Series) -> Series:
    """A series of days without the zeros of weekdays on which nearly all of the first values are zero; others as they
    were.
    """
    first = _first(series)
    if series.grain is not Grain.DAY or not series.values[first].any():
        return series
    weekday = (series.dates.astype(np.int64) + 3) % 7
    closed = [day for day in range(7) if _zeros(series.values[first[weekday[first] == day]]) >= WITHOUT_BUSINESS]
    open_somewhere = ~np.isin(weekday[first], closed)
    if not series.values[first[open_somewhere]].any():
        return series
    return replace(series, values=np.where(np.isin(weekday, closed) & (series.values == 0), np.nan, series.values))


def parts(series: Series) -> Parts | None:
    """The two parts of a series of amounts of which many first values are zero; None of others, and of counts."""
    known = series.values[_first(series)]
    if _zeros(known) <= MANY or known.min() < 0 or not known.any() or are_counts(known):
        return None
    there = np.where(np.isnan(series.values), np.nan, series.values != 0)
    share = series_of_ratios(series.dates, there, denominators=np.ones(len(series)), grain=series.grain)
    return Parts(share=share, amount=replace(series, values=np.where(series.values == 0, np.nan, series.values)))


def _first(series: Series) -> np.ndarray:
    return np.flatnonzero(~np.isnan(series.values))[:FIRST]


def _zeros(values: Floats) -> float:
    """The part of values that are zero; of none 0."""
    return float((values == 0).mean()) if values.size else 0.0
