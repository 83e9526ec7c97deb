"""Graduated (marginal) tiers: each tier's rate pays only the part of the measure that lies in the tier."""

from __future__ import annotations

from itertools import pairwise
from typing import Literal

import polars as pl
from pydantic import Field, model_validator

from shared.kernel.components.tiered import Tier, Tiered
from shared.kernel.exact import AMOUNT_SCALE, RATE_SCALE, scaled, whole, wide
from shared.kernel.language import PlanPart, Rate, Threshold


class GraduatedTier(PlanPart):
    """One row of the rate table: up to where it reaches (the last: no end), and what it pays."""

    up_to: Threshold | None = None
    rate: Rate


class Graduated(Tiered):
    """`kind: graduated` pays tiers on `attainment` (thresholds in percent of quota) or on `amount` (in major units)."""

    kind: Literal["graduated"]
    on: Literal["attainment", "amount"] = "amount"
    tiers: tuple[GraduatedTier, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _rising_and_open(self) -> Graduated:
        ends = [tier.up_to for tier in self.tiers]
        if ends[-1] is not None:
            raise ValueError("the last tier must have no up_to: it says what everything above pays")
        inner = [end for end in ends[:-1] if end is not None]
        if len(inner) < len(ends) - 1:
            raise ValueError("every tier but the last needs an up_to")
        if any(low >= high for low, high in pairwise(inner)):
            raise ValueError("the tiers' up_to must rise")
        return self

    @property
    def needs_quota(self) -> bool:
        """Attainment is a share of quota."""
        return self.on == "attainment"

    def schedule(self, quota: pl.Expr, digits: int) -> list[Tier]:
        """The table's tiers; attainment thresholds become amounts by the quota, exactly."""
        return [Tier(scaled(tier.rate, RATE_SCALE), self._end(tier.up_to, quota, digits)) for tier in self.tiers]

    def _end(self, up_to: Threshold | None, quota: pl.Expr, digits: int) -> pl.Expr | None:
        if up_to is None:
            return None
        if self.on == "attainment":
            return wide(quota) * whole(scaled(up_to, AMOUNT_SCALE))
        return whole(scaled(up_to.scaleb(digits), AMOUNT_SCALE))
