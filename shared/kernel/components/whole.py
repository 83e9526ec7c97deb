"""Whole-amount (retroactive) tiers: the rate of the tier that is reached pays everything, from the first unit on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from pydantic import Field, model_validator

from shared.kernel.components.base import EvaluationContext, Kind, Part
from shared.kernel.language.conventions import Conventions
from shared.kernel.language.findings import Finding
from shared.kernel.language.formulas import Reference, on_scale
from shared.kernel.language.lookups import PaidTier, all_rates_or_amounts, ends_of, lies_in, rising_and_open
from shared.kernel.language.phrases import between, scale, spoken, table
from shared.kernel.language.plausibility import suspicious_rates
from shared.kernel.language.units import Units
from shared.kernel.language.values import Name


class Whole(Kind):
    """`kind: whole` pays the measure at the rate of the tier that `by` (the measure itself, unless said) has
    reached."""

    kind: Literal["whole"]
    measure: Name
    """What is paid."""
    by: Name | None = None
    """The measure that decides the tier, unless it is the same."""
    on: Literal["attainment", "amount"] = "amount"
    """Whether by its attainment or by its amount."""
    tiers: tuple[PaidTier, ...] = Field(min_length=1)
    """The tiers, in rising order."""

    @model_validator(mode="after")
    def _rising_and_open(self) -> Whole:
        rising_and_open([tier.up_to for tier in self.tiers])
        all_rates_or_amounts(self.tiers)
        return self

    @property
    def rates_are_amounts(self) -> bool:
        """Where tiers have amounts."""
        return self.tiers[0].has_amount

    def refers_to(self) -> list[Reference]:
        """The measure that is paid and the one that decides the rate."""
        return [Reference("amount", self.measure), Reference(self.on, self.by or self.measure)]

    def named(self) -> list[Reference]:
        """What decides the rate, where that is another measure, too."""
        other = self.by if self.by != self.measure else None
        return [*([] if other is None else [Reference(on_scale(self.on), other)]), *super().named()]

    def pays_of(self) -> list[Reference]:
        """Its measure."""
        return [Reference("measure", self.measure)]

    def in_words(self, conventions: Conventions) -> Iterator[str]:
        """The table of rates, and that one of them pays everything."""
        yield (
            f"All of {spoken(self.measure)} is paid, from the first unit on, at the one rate of the tier that is"
            " reached:"
        )
        reach = between([tier.up_to for tier in self.tiers], self.on, boundary=conventions.boundary)
        rates = [tier.pays_in_words for tier in self.tiers]
        yield table([scale(self.by or self.measure, self.on), "everything pays"], zip(reach, rates, strict=True))

    def lint(self, units: Units) -> Iterator[Finding]:
        """Numbers that look like another unit, tiers that make no difference, and boundaries with a gap."""
        ends = [tier.up_to for tier in self.tiers]
        gives = [(tier.pays,) for tier in self.tiers]
        yield from suspicious_rates(
            ends,
            gives,
            on=self.on,
            by=self.by or self.measure,
            measure=self.measure,
            units=units,
            amounts=self.rates_are_amounts,
        )

    def leaves_open(self) -> set[str]:
        """To which tier a value on a boundary belongs."""
        return super().leaves_open() | ({"boundary"} if len(self.tiers) > 1 else set())

    def parts(self, context: EvaluationContext) -> Sequence[Part]:
        """One part per tier, of which one has everything and the others nothing."""
        return list(self._parts(context))

    def _parts(self, context: EvaluationContext) -> Iterator[Part]:
        value, decides = context.value(self.measure), context.scale(self.by or self.measure, self.on)
        # Exactly one tier has everything and the others nothing. As products of zeros and ones the parts have the form
        # of any other kind's, and a line shows the tier that was left with a minus sign.
        boundary = context.conventions.boundary
        here = lies_in(decides, ends_of(self.tiers, context.rate), boundary=boundary)
        reaches = between([tier.up_to for tier in self.tiers], self.on, boundary=boundary)
        for tier, reach, all_of_it in zip(self.tiers, reaches, here, strict=True):
            yield Part(f"everything, {reach}", value * all_of_it, context.rate(tier.pays))
