"""A flat rate: every unit of the measure pays the same."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Literal

from shared.kernel.components.base import At, Kind, Part
from shared.kernel.language import Name, RateFigure, Term


class Flat(Kind):
    """`kind: flat` pays `rate` of the measure; the rate may be each participant's own term."""

    kind: Literal["flat"]
    measure: Name
    rate: RateFigure

    def parts(self, at: At) -> Sequence[Part]:
        """One part: all of it."""
        rate = at.figure(self.rate) if isinstance(self.rate, Term) else Fraction(self.rate)
        return [Part("all of it", at.value(self.measure), rate)]
