"""What all rate components share: pay is piecewise linear in the measure, each tier with a rate of its own.

F(x) = sum over tiers of rate * (the part of x inside the tier). The first tier reaches down without end, so that a measure
below zero pays back at the first rate.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from shared.kernel.exact import AMOUNT_SCALE, whole, wide
from shared.kernel.language import Name, PlanPart


@dataclass(frozen=True, slots=True)
class Tier:
    """One tier: its rate in 10^-9, and where it ends in 10^-6 minor units (None: never)."""

    rate: int
    end: pl.Expr | None


class Tiered(PlanPart):
    """A component that pays a measure by tiers."""

    component: Name
    measure: Name

    @property
    def needs_quota(self) -> bool:
        """Whether the component cannot be evaluated without a quota."""
        return False

    @abstractmethod
    def schedule(self, quota: pl.Expr, digits: int) -> Sequence[Tier]:
        """The tiers in rising order; `quota` is in minor units, `digits` are the currency's decimals."""

    def payout(self, measure: pl.Expr, quota: pl.Expr, digits: int) -> pl.Expr:
        """F(measure) in 10^-15 minor units; `measure` and `quota` are in minor units."""
        at = wide(measure) * whole(AMOUNT_SCALE)
        parts = [whole(tier.rate) * part for tier, part in self._parts(at, quota, digits)]
        return pl.sum_horizontal(parts)

    def slices(self, before: pl.Expr, after: pl.Expr, quota: pl.Expr, digits: int) -> list[tuple[Tier, pl.Expr]]:
        """What the measure gained in each tier between two of its values (minor units), in 10^-6 minor units."""
        low, high = wide(before) * whole(AMOUNT_SCALE), wide(after) * whole(AMOUNT_SCALE)
        left, reached = self._parts(low, quota, digits), self._parts(high, quota, digits)
        return [(tier, end - start) for (tier, start), (_, end) in zip(left, reached, strict=True)]

    def _parts(self, at: pl.Expr, quota: pl.Expr, digits: int) -> list[tuple[Tier, pl.Expr]]:
        """How much of `at` (10^-6 minor units) lies in each tier."""
        parts: list[tuple[Tier, pl.Expr]] = []
        start: pl.Expr | None = None
        for tier in self.schedule(quota, digits):
            reached = at if tier.end is None else pl.min_horizontal(at, tier.end)
            parts.append((tier, reached if start is None else pl.max_horizontal(reached, start) - start))
            start = tier.end
        return parts
