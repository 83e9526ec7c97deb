"""Payout curves: a target incentive is paid by attainment, in steps or on straight lines between points."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Literal

from pydantic import model_validator

from shared.kernel.columns import where
from shared.kernel.components.base import At, Kind, Part
from shared.kernel.language import Amount, Figure, Name
from shared.kernel.lookup import Points, Step, lookup, rising_and_open


class Curve(Kind):
    """`kind: curve` pays a share of `target`: the one that `points` (straight lines) or `steps` give for the measure.

    Above the last point the payout stays level, or goes on along the last line with `beyond: onward`. Below `threshold`
    nothing is paid.
    """

    kind: Literal["curve"]
    measure: Name
    on: Literal["attainment", "amount"] = "attainment"
    target: Figure
    points: Points = ()
    steps: tuple[Step, ...] = ()
    beyond: Literal["level", "onward"] = "level"
    threshold: Amount | None = None

    @model_validator(mode="after")
    def _in_one_way(self) -> Curve:
        if bool(self.points) == bool(self.steps):
            raise ValueError("a curve has either points or steps")
        if self.steps:
            rising_and_open([step.up_to for step in self.steps])
        return self

    def parts(self, at: At) -> Sequence[Part]:
        """One part: the target at the payout that the attainment gives."""
        value = at.attainment(self.measure) if self.on == "attainment" else at.value(self.measure)
        share = lookup(value, self.steps, self.points, at.conventions.boundary)
        if self.points and self.beyond == "onward":
            low, high = self.points[-2:]
            slope = (Fraction(high.gives) - Fraction(low.gives)) / (Fraction(high.at) - Fraction(low.at))
            share = share + (value - Fraction(high.at)).greatest(0) * slope
        if self.threshold is not None:
            share = where(value < Fraction(self.threshold), 0, share)
        return [Part("of the target", at.figure(self.target), share)]
