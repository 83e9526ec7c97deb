"""An episode while it lasts: how far out the level is, and whether it has returned."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np

EVIDENCE_OF_RETURN: Final = 8.0
"""The log likelihood ratio of being back to having stayed at which an episode ends."""
LEAST_LEVEL: Final = 0.4
"""In standard deviations: of a smaller one a return could not be told."""


@dataclass(kw_only=True)
class Level:
    """What is known of the current episode, place by place."""

    distances: list[float]
    """Of each value, in standard deviations in the direction of the drift, from the onset to where it may be over."""
    since: list[float] = field(default_factory=list)
    """From there on."""
    returning: float = 0.0

    def sees(self, distance: float) -> None:
        """Weigh whether a value, so many standard deviations out in the direction of the drift, speaks for a return.

        A level that raised an alarm looks greater than it is: it is taken as one standard error less.
        """
        count = len(self.distances)
        level = max(float(np.mean(self.distances)) - 1 / float(np.sqrt(count)), LEAST_LEVEL)
        self.returning = max(0.0, self.returning + level * (level / 2 - distance))
        self.since.append(distance)
        if self.returning == 0:
            self.distances += self.since
            self.since = []

    @property
    def left(self) -> float:
        """How much of the evidence for a return is missing yet: 1 is all of it."""
        return max(0.0, 1 - self.returning / EVIDENCE_OF_RETURN)

    @property
    def is_over(self) -> bool:
        """Whether the values are back."""
        return self.returning >= EVIDENCE_OF_RETURN
