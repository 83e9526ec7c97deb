"""Whole-amount (retroactive) tiers: the rate of the tier that is reached pays everything, from the first unit on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Literal

from pydantic import Field, model_validator

from shared.kernel.components.base import At, Kind, Part
from shared.kernel.formulas import Reference
from shared.kernel.language import Amount, Name, PlanPart, Rate
from shared.kernel.lookup import reached, rising_and_open
from shared.kernel.words import between


class WholeTier(PlanPart):
    """One row: up to where it reaches (the last: no end), and the rate that then pays everything."""

    up_to: Amount | None = None
    rate: Rate


class Whole(Kind):
    """`kind: whole` pays the measure at the rate of the tier that `by` (the measure itself, unless said) has reached."""

    kind: Literal["whole"]
    measure: Name
    by: Name | None = None
    on: Literal["attainment", "amount"] = "amount"
    tiers: tuple[WholeTier, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _rising_and_open(self) -> Whole:
        rising_and_open([tier.up_to for tier in self.tiers])
        return self

    def refers_to(self) -> list[Reference]:
        """The measure that is paid and the one that decides the rate."""
        return [Reference("amount", self.measure), Reference(self.on, self.by or self.measure)]

    def parts(self, at: At) -> Sequence[Part]:
        """One part per tier, of which one has everything and the others nothing."""
        return list(self._parts(at))

    def _parts(self, at: At) -> Iterator[Part]:
        name = self.by or self.measure
        value, decides = at.value(self.measure), at.attainment(name) if self.on == "attainment" else at.value(name)
        here = value * 0 + 1
        for tier, reach in zip(self.tiers, between([tier.up_to for tier in self.tiers], self.on), strict=True):
            behind = None
            if tier.up_to is not None:
                behind = reached(decides, Fraction(tier.up_to), at.conventions.boundary)
            yield Part(f"everything, {reach}", value * (here if behind is None else here - behind), Fraction(tier.rate))
            here = here if behind is None else behind
