"""An episode while it lasts: how far out the level is, and whether it has returned.

The level is that of the series, not of single dates: ends of periods, whose noise is wider, say less of it (weights are
inverse variances).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np

from shared.drift.series import Floats

EVIDENCE_OF_RETURN: Final = 8.0
"""The log likelihood ratio of being back to having stayed at which an episode ends."""
MOST_OF_ONE: Final = EVIDENCE_OF_RETURN / 2
"""What one value says of it at most: a single one may be an outlier, however far out the level is."""
LEAST_LEVEL: Final = 0.4
"""In standard deviations: of a smaller one a return could not be told."""
FARTHER, FARTHER_AT_LEAST = 2.0, 1.0
"""A level is clearly farther out than what was told if it is so many times as far, and by so many deviations."""


class Distance(NamedTuple):
    """How far out a value is in the direction of the drift, in standard deviations of an ordinary date's value."""

    size: float
    weight: float
    """1 on an ordinary date, and less where the noise is wider: the inverse of its variance."""
    beyond: bool = False
    """Whether it is farther out than the band of what is expected."""


@dataclass(kw_only=True)
class Level:
    """What is known of the current episode, place by place."""

    distances: list[Distance]
    """From the onset to where it may be over."""
    since: list[Distance] = field(default_factory=list)
    """From there on."""
    returning: float = 0.0
    told: float = field(init=False)
    """How far out the level was when it was told of, or has been since."""
    farther: list[Distance] = field(default_factory=list)
    """From where on it may be farther out."""
    growing: float = 0.0
    weight: float = field(init=False, default=0.0)
    """Of the distances together, and below their sum by weight."""
    moved: float = field(init=False, default=0.0)

    def __post_init__(self) -> None:
        """What is known of it at first is told."""
        self._count(self.distances)
        self.tell()

    def tell(self) -> None:
        """How far out it is now is told."""
        self.told, self.farther, self.growing = self.size(len(self.farther)), [], 0.0

    def sees(self, distance: Distance) -> None:
        """Weigh whether a value speaks for a return.

        A level that raised an alarm looks greater than it is: it is taken as one standard error less. A value beyond
        the band of what is expected speaks for no return, though it may be nearer to that than to a level far out.
        """
        level = max(self.size() - self.weight**-0.5, LEAST_LEVEL)
        evidence = level * (level / 2 - distance.size) * distance.weight
        self.returning = max(0.0, self.returning + min(evidence, 0.0 if distance.beyond else MOST_OF_ONE))
        self.since.append(distance)
        if self.growing == 0:
            self.told = max(self.told, self.size())
        more = max((FARTHER - 1) * self.told, FARTHER_AT_LEAST)
        evidence = more * (distance.size - self.told - more / 2) * distance.weight
        self.growing = max(0.0, self.growing + min(evidence, MOST_OF_ONE))
        self.farther = [*self.farther, distance] if self.growing else []
        if self.returning == 0:
            self._count(self.since)
            self.distances += self.since
            self.since = []

    def _count(self, distances: Sequence[Distance]) -> None:
        self.weight += sum(each.weight for each in distances)
        self.moved += sum(each.size * each.weight for each in distances)

    def size(self, last: int = 0) -> float:
        """How far out the level is, by all values or by the last ones."""
        if not last:
            return self.moved / self.weight
        lately = self.distances[-last:]
        return float(np.average([each.size for each in lately], weights=[each.weight for each in lately]))

    @property
    def left(self) -> float:
        """How much of the evidence for a return is missing yet: 1 is all of it."""
        return max(0.0, 1 - self.returning / EVIDENCE_OF_RETURN)

    @property
    def is_farther(self) -> bool:
        """Whether the level is clearly farther out than was told."""
        return self.growing >= EVIDENCE_OF_RETURN and not self.since

    @property
    def is_over(self) -> bool:
        """Whether the values are back."""
        return self.returning >= EVIDENCE_OF_RETURN


def change_point(apart: Floats, weights: Floats) -> int:
    """The place of greatest likelihood at which values, so far apart from what was expected, left it for a new level
    that they hold to the last; weights are inverse variances.
    """
    moved, known = (np.cumsum(each[::-1])[::-1] for each in (apart * weights, weights))
    return int(np.argmax(moved**2 / np.maximum(known, 1e-9)))
