"""An episode while it lasts: how far out the level is, whether it has returned, and whether it has gone farther.

Both are asked by a CUSUM of likelihood ratios, against the level of all values since the onset: of being back where
they were expected, and of being clearly farther out.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import log
from typing import Final, NamedTuple

import numpy as np

from shared.drift.families import Family
from shared.drift.series import Floats

FALSE_A_YEAR: Final = 1 / 20
"""How often a year a level that holds is told to be back, and how often to have gone farther."""
OVERSHOOT: Final = 1.166
"""How far sums of likelihood ratios of levels a standard deviation apart go beyond their ends (Siegmund 1985)."""
AS_EXPECTED: Final = 1.0
"""As many values as expected are added to those of a level: one that raised an alarm looks greater than it is."""
AS_BEFORE: Final = 5.0
"""As many values of an episode are taken to scatter as those before it did."""
OUTLIER: Final = 3.0
"""In standard deviations: a value says no more of how much they scatter."""
LEAST_LEVEL: Final = 0.4
"""In standard deviations: of a smaller one a return could not be told."""
FARTHER, FARTHER_AT_LEAST = 0.5, 1.0
"""A level is clearly farther out by so much of itself, and by so many standard deviations."""

NEAR_END: Final = 1e-9
"""From the least and the most that values can be: at these themselves a level is infinite."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Values:
    """Of each value since the onset, in the order of their dates."""

    seen: Floats
    expected: Floats
    weight: Floats
    """How many values of the family it is as good as: the variance of one over that of the noise."""
    beyond: np.ndarray
    """Whether it is farther out than the band of what is expected."""


class Size(NamedTuple):
    """How far out some values are together."""

    level: float
    """Without its sign, and as much nearer as one that raised an alarm is taken to be."""
    seen: float
    """As it was seen."""
    error: float
    """The standard error of it."""
    one: float
    """A standard deviation of one value as expected."""
    scatter: float
    """The variance of the values around their level, over what it would be with the noise of before; 1 at least."""


@dataclass(kw_only=True)
class Level:
    """What is known of the current episode, value by value."""

    values: Values
    family: Family
    upward: bool
    known: int
    """How many values are known: at first those up to the alarm."""
    limit: float
    """Of the log likelihood ratio."""
    shock: bool
    """Whether it began with a value that is far out on its own, which tells nothing of how the next ones scatter."""
    first: int = field(init=False, default=0)
    """The value with which the level began that was told of last."""
    found: int = field(init=False)
    """Values up to the last telling."""
    returning: float = field(init=False, default=0.0)
    back: int = field(init=False, default=0)
    """How many last values may be back, and how likely it is: the log likelihood ratio of it."""
    growing: float = field(init=False, default=0.0)
    farther: int = field(init=False, default=0)
    """How many last values may be farther out, and how likely it is."""

    def __post_init__(self) -> None:
        """A return, and a level that is farther out, are ones after what was told."""
        self.found = self.known

    def sees_next(self) -> None:
        """Weigh whether one more value speaks for a return, or for a level that is farther out.

        The level is that of all values since the onset but for those that may have left it, and may be one standard
        error nearer, or farther out. One value says no more than half of what is needed, as it may be an outlier; and
        one that is beyond the band of what is expected speaks for no return, though it may be nearer to that than to a
        level far out.
        """
        size = self._size(self.first, self.known - max(self.back, self.farther))
        self.known += 1
        sign = 1 if self.upward else -1
        last = slice(self.found, self.known)
        most = self.limit / 2
        near = sign * max((size.seen if self.shock else size.level) - size.error, LEAST_LEVEL * size.one)
        says = self._evidence(0.0, near, last=last) / size.scatter
        self.returning, self.back = _greatest(np.minimum(says, np.where(self.values.beyond[last], 0.0, most)))
        told = size.seen + size.error
        out = told + max(FARTHER * size.seen, FARTHER_AT_LEAST * size.one)
        says = self._evidence(sign * out, sign * told, last=last) / size.scatter
        self.growing, self.farther = _greatest(np.minimum(says, most))

    def tell(self) -> float:
        """The last values are told to be farther out, and are the level from now on: how many times as far they are."""
        worse = self.known - self.farther
        before, now = self._size(self.first, worse), self._size(worse, self.known)
        self.first, self.found, self.shock = worse, self.known, False
        self.growing, self.farther, self.returning, self.back = 0.0, 0, 0.0, 0
        return max(now.seen / max(before.seen, np.finfo(np.float64).tiny), 1.0)

    def _size(self, first: int, last: int) -> Size:
        """Of the values from one to before another."""
        span, variance = slice(first, last), self.family.variance
        weight, expected = self.values.weight[span], self.values.expected[span]
        together = float(weight.sum())
        one = together / (last - first)
        usual = weight @ expected / together
        mean = (weight @ self.values.seen[span] + AS_EXPECTED * one * usual) / (together + AS_EXPECTED * one)
        apart = self.values.seen[span] - expected
        around = apart - weight @ apart / together
        squares = np.minimum(weight * around**2 / variance(mean), OUTLIER**2)[int(self.shock) :]
        scatter = (squares.sum() + AS_BEFORE) / (len(squares) + AS_BEFORE)
        level = abs(float(self.family.natural(mean) - self.family.natural(usual)))
        return Size(
            level=level,
            seen=level * (1 + AS_EXPECTED / (last - first)),
            error=float((together * variance(mean)) ** -0.5),
            one=float((one * variance(usual)) ** -0.5),
            scatter=max(float(scatter), 1.0),
        )

    def _evidence(self, level: float, other: float, *, last: slice) -> Floats:
        """The log likelihood ratio of a level to another, of each of some values."""
        expected, cumulant = self.values.expected[last], self.family.cumulant
        apart = self.values.seen[last] * (level - other) - (cumulant(expected, level) - cumulant(expected, other))
        return np.asarray(self.values.weight[last] * apart)

    def _differ(self) -> float:
        """The log likelihood ratio of the last values having a level of their own to their having that of those before
        them: none of values that are all at the end of what they can be.
        """
        worse = self.known - self.farther
        both = slice(self.first, self.known)
        evidence = [
            self._evidence(self._likeliest(span), self._likeliest(both), last=span).sum()
            for span in (slice(self.first, worse), slice(worse, self.known))
        ]
        return float(sum(evidence)) / self._size(self.first, worse).scatter

    def _likeliest(self, span: slice) -> float:
        """The likeliest level of some values."""
        weight, family = self.values.weight[span], self.family
        inner = np.array([family.least + NEAR_END, family.most - NEAR_END])
        mean, usual = (np.average(each[span], weights=weight) for each in (self.values.seen, self.values.expected))
        return float(np.subtract(*family.natural(np.clip([mean, usual], *inner))))

    @property
    def left(self) -> float:
        """How much of the evidence for a return is missing yet: 1 is all of it."""
        return max(0.0, 1 - self.returning / self.limit)

    @property
    def is_farther(self) -> bool:
        """Whether the level is clearly farther out than was told."""
        return self.growing >= self.limit and self._differ() >= self.limit

    @property
    def is_over(self) -> bool:
        """Whether the values are back."""
        return self.returning >= self.limit


def limit_of(*, values_per_year: float) -> float:
    """The limit of log likelihood ratios with `FALSE_A_YEAR`, of levels that are a standard deviation apart: by
    Siegmund 1985 the run length is exp(limit + overshoot) over half the square of that.
    """
    return max(log(values_per_year / FALSE_A_YEAR / 2) - OVERSHOOT, 1.0)


def _greatest(evidence: Floats) -> tuple[float, int]:
    """The greatest sum of last values, and of how many; of none where no sum is above zero."""
    sums = np.cumsum(evidence[::-1])
    last = int(np.argmax(sums))
    return (float(sums[last]), last + 1) if sums[last] > 0 else (0.0, 0)


def change_point(apart: Floats, weights: Floats) -> int:
    """The place of greatest likelihood at which values, so far apart from what was expected, left it for a new level
    that they hold to the last; weights are inverse variances.
    """
    moved, known = (np.cumsum(each[::-1])[::-1] for each in (apart * weights, weights))
    return int(np.argmax(moved**2 / np.maximum(known, 1e-9)))
