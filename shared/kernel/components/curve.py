"""Payout curves: a target incentive is paid by attainment, in steps or on straight lines between points."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Literal

from pydantic import model_validator

from shared.formatting import percent
from shared.kernel.arithmetic.exact_column import ExactColumn, where
from shared.kernel.components.base import EvaluationContext, Kind, Part, Unpaid
from shared.kernel.language.conventions import Conventions
from shared.kernel.language.findings import Finding
from shared.kernel.language.lookups import BOUNDARIES, Points, Step, lookup, rising_and_open
from shared.kernel.language.phrases import between, figure_in_words, mark, scale, table
from shared.kernel.language.plausibility import suspicious_tiers
from shared.kernel.language.units import Units
from shared.kernel.language.values import Amount, Figure, Name, OfMeasure


class Curve(Kind):
    """`kind: curve` pays a share of `target`: the one that `points` (straight lines) or `steps` give for the measure.

    Above the last point the payout stays level, or goes on along the last line with `beyond: onward`. Below `threshold`
    nothing is paid.
    """

    kind: Literal["curve"]
    measure: Name
    """The measure along which it pays."""
    on: Literal["attainment", "amount"] = "attainment"
    """Whether by its attainment or by its amount."""
    target: Figure
    """What it pays at a share of 100%."""
    points: Points = ()
    """Shares of the target at values of the measure, with straight lines between."""
    steps: tuple[Step, ...] = ()
    """Shares of the target up to values of the measure."""
    beyond: Literal["level", "onward"] = "level"
    """Whether the payout stays level above the last point, or goes on along the last line."""
    threshold: Amount | None = None
    """Below this value nothing is paid."""

    @model_validator(mode="after")
    def _in_one_way(self) -> Curve:
        if bool(self.points) == bool(self.steps):
            raise ValueError("a curve has either points or steps")
        if self.steps:
            rising_and_open([step.up_to for step in self.steps], "steps")
        return self

    def paid_figures(self) -> Iterator[OfMeasure]:
        """The target."""
        if isinstance(self.target, OfMeasure):
            yield self.target

    def in_words(self, conventions: Conventions) -> Iterator[str]:
        """The table of payouts, and what lies between and beyond its rows."""
        of = scale(self.measure, self.on)
        lines = "on a straight line between these points" if self.points else "in these steps"
        yield f"Pays a share of the target, {figure_in_words(self.target)}, by the {of}, {lines}:"
        if self.points:
            rows = [(mark(point.at, self.on), percent(point.gives)) for point in self.points]
        else:
            reaches = between([step.up_to for step in self.steps], self.on, boundary=conventions.boundary)
            rows = [(reach, percent(step.gives)) for reach, step in zip(reaches, self.steps, strict=True)]
        yield table([of, "share of the target"], rows)
        if self.points and self.beyond == "onward":
            yield f"Above {mark(self.points[-1].at, self.on)} the last line goes on."
        elif self.points:
            yield f"Above {mark(self.points[-1].at, self.on)} the payout stays at {percent(self.points[-1].gives)}."
        if self.threshold is not None:
            yield f"Below {mark(self.threshold, self.on)} nothing is paid."

    def lint(self, units: Units) -> Iterator[Finding]:
        """Rows below the threshold, units, and a payout at 100% that is not the target."""
        ends: list[Decimal | None] = [point.at for point in self.points] or [step.up_to for step in self.steps]
        rows = "points" if self.points else "steps"
        yield from suspicious_tiers(
            ends,
            [],
            on=self.on,
            measure=self.measure,
            unit=units.of(self.measure),
            rows=rows,
            field="at" if self.points else "up_to",
        )
        for number, (end, following) in enumerate(pairwise(ends)):
            covered = following if self.points else end
            if self.threshold is not None and covered is not None and covered < self.threshold:
                yield Finding.warning(
                    "P301",
                    (rows, number),
                    message="this row is never reached:"
                    f" below the threshold of {mark(self.threshold, self.on)} nothing is paid",
                    mend="take the row out, or lower the threshold",
                )
        if self.on == "attainment" and self.target != 1:
            yield from self._at_target()

    def _at_target(self) -> Iterator[Finding]:
        one = ExactColumn.constant(1, 1)
        shares = [
            lookup(one, self.steps, points=self.points, boundary=boundary).to_fractions()[0] for boundary in BOUNDARIES
        ]
        if 1 not in shares:
            paid = Decimal(shares[0].numerator) / shares[0].denominator
            yield Finding.warning(
                "P402",
                ("points" if self.points else "steps",),
                message=f"at an attainment of 100% it pays {percent(round(paid, 6))} of the target, not 100%",
                mend="give 100% at 100%, or call the amount that is paid at 100% the target",
            )

    def leaves_open(self) -> set[str]:
        """To which step a value on a boundary belongs."""
        return super().leaves_open() | ({"boundary"} if len(self.steps) > 1 else set())

    @property
    def could_round_deals(self) -> bool:
        """It pays a share of its target, which deals move."""
        return True

    @property
    def pays_without_credits(self) -> bool:
        """What it gives at nothing may be something."""
        first = self.points[0].gives if self.points else self.steps[0].gives
        return first != 0 or super().pays_without_credits

    def unpaid(self, context: EvaluationContext) -> Iterator[Unpaid]:
        """Below the threshold, too."""
        yield from super().unpaid(context)
        if self.threshold is not None:
            value = context.scale(self.measure, self.on)
            yield Unpaid("below_threshold", self.measure, value < Fraction(self.threshold))

    def parts(self, context: EvaluationContext) -> Sequence[Part]:
        """One part: the target at the payout that the attainment gives."""
        value = context.scale(self.measure, self.on)
        share = lookup(value, self.steps, points=self.points, boundary=context.conventions.boundary)
        if self.points and self.beyond == "onward":
            low, high = self.points[-2:]
            slope = (Fraction(high.gives) - Fraction(low.gives)) / (Fraction(high.at) - Fraction(low.at))
            share = share + (value - Fraction(high.at)).greatest(0) * slope
        if self.threshold is not None:
            share = where(value < Fraction(self.threshold), 0, otherwise=share)
        return [Part("of the target", context.figure(self.target), share)]
