"""What was seen of a series over some dates, and what was expected of the same: means in the unit of the series."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from shared.drift.events import are_shares
from shared.drift.series import Floats, Series, Transform

BAND: Final = 1.96
"""Standard deviations from what is expected to an edge of its band."""
_EDGES: Final = 1 / BAND**2


class Means(NamedTuple):
    """Both over the same dates."""

    seen: float
    expected: float


class Band(NamedTuple):
    """Of each date the value that is expected, with the edges between which 19 of 20 lie."""

    expected: Floats
    low: Floats
    high: Floats

    def mean(self, transform: Transform) -> Floats:
        """What is expected of each on average. Where changes are compared by logarithms values scatter farther upward
        than downward, and their mean is above the middle: here that of three points with the variance of the band.
        """
        if transform == "none":
            return self.expected
        return np.asarray((1 - _EDGES) * self.expected + _EDGES / 2 * (self.low + self.high))


def means(series: Series, band: Band, *, over: np.ndarray, transform: Transform) -> Means | None:
    """The means over places of a series where both are known: of shares those of all trials together; None of none."""
    expected = band.mean(transform)
    both = np.flatnonzero(over & np.isfinite(series.values) & np.isfinite(expected))
    weights = np.ones(len(series))
    if series.denominators is not None and are_shares(series):
        weights = np.nan_to_num(series.denominators)
    if not weights[both].any():
        return None
    seen, usual = (float(np.average(column[both], weights=weights[both])) for column in (series.values, expected))
    return Means(seen=seen, expected=usual)
