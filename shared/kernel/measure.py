"""Measure: the credits of a period, summed as the plan's measures say."""

from __future__ import annotations

import polars as pl

from shared.kernel.exact import narrow, wide
from shared.kernel.plan_set import PlanSet
from shared.kernel.tables import MEASURES

_WHO = ["participant_id", "plan", "version", "period"]


def measure(credits: pl.DataFrame, plans: PlanSet) -> pl.DataFrame:
    """Sum credits into measures.

    Args:
        credits: `CREDITS`, or `SUMS` of them; amounts in minor units.
        plans: the versions the credits name.

    Returns:
        `MEASURES`: every measure of a plan version for everyone with a credit under it in the period.

    Raises:
        Overflow: a sum is beyond 10^18 minor units.
    """
    by_rule = credits.group_by(*_WHO, "rule").agg(wide("amount").sum())
    sums = (
        by_rule.join(plans.sums, on=["plan", "version", "rule"]).group_by(*_WHO, "measure").agg(pl.col("amount").sum())
    )
    everyone = by_rule.select(_WHO).unique().join(plans.measures, on=["plan", "version"])
    values = everyone.join(sums, on=[*_WHO, "measure"], how="left").with_columns(pl.col("amount").fill_null(0))
    return narrow(values, "amount", "the sum of a measure").select(MEASURES.names())
