"""Graduated (marginal) tiers: each tier's rate pays only the part of the measure that lies in the tier."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Literal

from pydantic import Field, model_validator

from shared.formatting import percent
from shared.kernel.arithmetic.exact_column import ExactColumn, where
from shared.kernel.components.base import EvaluationContext, Kind, Part
from shared.kernel.components.lookup import rising_and_open
from shared.kernel.language.findings import Finding
from shared.kernel.language.formulas import Reference
from shared.kernel.language.phrases import between, scale, spoken, table
from shared.kernel.language.plausibility import suspicious_rates
from shared.kernel.language.units import Units
from shared.kernel.language.values import Name, PlanPart, Rate, Threshold


class GraduatedTier(PlanPart):
    """One row of the rate table: up to where it reaches (the last: no end), and what it pays."""

    up_to: Threshold | None = None
    """Where the tier ends; the last has none."""
    rate: Rate
    """What the part of the measure in the tier pays."""


class Graduated(Kind):
    """`kind: graduated` pays tiers on `attainment` (thresholds in percent of quota) or on `amount` (in major units)."""

    kind: Literal["graduated"]
    measure: Name
    """What is paid."""
    on: Literal["attainment", "amount"] = "amount"
    """Whether `up_to` is a share of quota (`attainment`) or an amount."""
    tiers: tuple[GraduatedTier, ...] = Field(min_length=1)
    """The tiers, in rising order."""

    @model_validator(mode="after")
    def _rising_and_open(self) -> Graduated:
        rising_and_open([tier.up_to for tier in self.tiers])
        return self

    def pays_of(self) -> list[Reference]:
        """Its measure."""
        return [Reference("measure", self.measure)]

    def in_words(self) -> Iterator[str]:
        """The table of rates, and that each pays its own part only."""
        yield f"Each part of {spoken(self.measure)} is paid at the rate of the tier in which it lies:"
        reach = between([tier.up_to for tier in self.tiers], self.on)
        rates = [percent(tier.rate) for tier in self.tiers]
        yield table([scale(self.measure, self.on), "pays"], zip(reach, rates, strict=True))

    def lint(self, units: Units) -> Iterator[Finding]:
        """Numbers that look like another unit, tiers that make no difference, and boundaries with a gap."""
        ends = [tier.up_to for tier in self.tiers]
        gives = [(tier.rate,) for tier in self.tiers]
        yield from suspicious_rates(ends, gives, on=self.on, by=self.measure, measure=self.measure, units=units)

    def parts(self, context: EvaluationContext) -> Sequence[Part]:
        """One part per tier; the first reaches down without end, so that a measure below zero pays back at its rate."""
        return list(self._parts(context))

    def _parts(self, context: EvaluationContext) -> Iterator[Part]:
        value = context.value(self.measure)
        start: ExactColumn | Fraction | None = None
        for tier, reach in zip(self.tiers, between([tier.up_to for tier in self.tiers], self.on), strict=True):
            end = None if tier.up_to is None else self._end(Fraction(tier.up_to), value, context=context)
            reached = value if end is None else value.least(end)
            yield Part(reach, reached if start is None else (reached - start).greatest(0), Fraction(tier.rate))
            start = end

    def _end(self, up_to: Fraction, value: ExactColumn, *, context: EvaluationContext) -> ExactColumn | Fraction:
        """Up to which value a tier reaches. Without a quota all of the measure lies in the tier of its attainment (0%
        or 100%)."""
        if self.on == "amount":
            return up_to
        quota, attained = context.quota(self.measure), 1 if context.conventions.zero_quota == "full" else 0
        # Thresholds become amounts, and not the measure an attainment: so the parts are in money, as the statement
        # tells them, and a quota that changes moves the boundaries and nothing else.
        return where(quota > 0, quota * up_to, otherwise=value if up_to >= attained else 0)
