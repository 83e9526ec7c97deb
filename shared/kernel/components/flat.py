"""A flat rate: every unit of the measure pays the same."""

from __future__ import annotations

from typing import Literal

import polars as pl

from shared.kernel.components.tiered import Tier, Tiered
from shared.kernel.exact import RATE_SCALE, scaled
from shared.kernel.language import Rate


class Flat(Tiered):
    """`kind: flat` pays `rate` of the measure."""

    kind: Literal["flat"]
    rate: Rate

    def schedule(self, quota: pl.Expr, digits: int) -> list[Tier]:  # noqa: ARG002 (a flat rate needs neither)
        """One tier without end."""
        return [Tier(scaled(self.rate, RATE_SCALE), None)]
