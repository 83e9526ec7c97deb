"""How small a lasting change may be and still be found soon: half of the times, within a number of values that is told.

A sum grows by what each value is changed by, less the slack, until it reaches its limit: that the values that chance
does not move reach it in time is about as probable as not. Of few events a rise and a fall differ, as their limits do,
and a fall can be no deeper than to none: where that would not be found in time, a longer time is told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Final

import numpy as np

from shared.drift.charts import Limits, Side
from shared.drift.scales import Scale

LONGER: Final = (1, 2, 3, 4, 6, 9, 12)
"""How many times as long as usual may be told."""
LARGE: Final = 1.0
"""A change, as a part of what is expected, of which it is more useful to know how long it takes."""
FARTHEST: Final = 2.5
"""Standard deviations up to which values are hardly clipped in a sum."""


@dataclass(frozen=True, kw_only=True)
class SmallestChange:
    """A rise and a fall as parts of what is expected, found within so many values half of the times; None where not
    even a fall to none is.
    """

    rise: float | None
    fall: float | None
    within: int


@dataclass(frozen=True, kw_only=True)
class Knowledge:
    """What is known of a series on a date, on the scale on which it is compared."""

    limits: Limits
    unit: float
    """The standard deviation that sums are measured in."""
    freedom: float
    inflation: float
    """Of the sum of `over` values: see `fits.Model`."""
    over: int
    most: int
    """How many values a sum has at most."""
    usual: float
    """What is expected of a value, on average."""
    scale: Scale
    has_zero: bool
    """Whether nothing can be less than none."""

    def change(self, side: Side, within: int) -> float:
        """By how much each value has to change for its sum to reach its limit after so many, in standard deviations."""
        # What all values of a sum share weighs the more, the more there are.
        inflation = 1 + (self.inflation - 1) * (within - 1) / max(self.over - 1, 1)
        return (side.raised(self.freedom) / within + side.slack) * sqrt(max(inflation, 1.0))

    def part(self, change: float) -> float | None:
        """A change as a part of what is expected; None of what is expected to be nothing, or of less than none."""
        before, after = self.scale.back(np.array([self.usual, self.usual + change * self.unit]))
        if not before or (self.has_zero and after < 0):
            return None
        return abs(float((after - before) / before))


def smallest_change(known: Knowledge, *, within: int) -> SmallestChange:
    """The smallest change that is found within so many values, or where it would be large, within more."""
    times = [within * longer for longer in LONGER if within * longer <= max(known.most, within)]
    found: Sequence[SmallestChange] = [_within(known, time) for time in times]
    for each in found:
        if _is_found(known, each):
            return each
    return found[-1]


def _within(known: Knowledge, within: int) -> SmallestChange:
    up, down = (known.change(side, within) for side in (known.limits.up, known.limits.down))
    return SmallestChange(rise=known.part(up), fall=known.part(-down), within=within)


def _is_found(known: Knowledge, each: SmallestChange) -> bool:
    """Whether a change of a usual size is found in time, upward and downward."""
    farthest = max(known.change(side, each.within) for side in (known.limits.up, known.limits.down))
    if known.limits.clipped == 0 and farthest > FARTHEST:
        return False
    return each.rise is not None and each.rise <= LARGE and (each.fall is not None or not known.has_zero)
