"""Pools that are divided by scores that look like shares of them, and are none."""

from __future__ import annotations

from decimal import Decimal

import polars as pl

from shared.formatting import percent
from shared.kernel.arithmetic.expressions import WHOLE_SHARE
from shared.kernel.components.pool import Pool
from shared.kernel.plan.plan_set import PlanSet
from shared.kernel.remarks.roster import Remark


def pool_remarks(earnings: pl.DataFrame, plans: PlanSet) -> list[Remark]:
    """Pools whose scores do not sum to 100%, so that they are weights and scaled; of `EARNINGS`."""
    found: list[Remark] = []
    for plan in plans.holding:
        for pool in plan.components:
            measure = plan.measure(pool.by) if isinstance(pool, Pool) else None
            if isinstance(pool, Pool) and measure is not None and measure.score is not None:
                found += _scaled(earnings.filter(plan.own_rows & (pl.col("component") == pool.component)), pool)
    return found


def _scaled(earnings: pl.DataFrame, pool: Pool) -> list[Remark]:
    other = pl.col("share") != (pl.col("measure") * WHOLE_SHARE).cast(pl.Int64)
    rows = earnings.filter(other).sort("period", "participant_id").head(1)
    return [
        Remark(
            kind="pool_scaled",
            participant_id=who,
            says=f"{pool.component} divides its pool in proportion to {pool.by}, whose scores do not sum to 100%: in {month} {who} has"
            f" {percent(score)} and is paid {percent(Decimal(share) / WHOLE_SHARE)} of it. If they are shares of the pool, write"
            f" shares: {pool.by}.",
        )
        for who, month, score, share in rows.select("participant_id", "period", "measure", "share").iter_rows()
    ]
