"""What was earned that is rather a slip: attainments that cannot be true, and scores that look like shares of a
pool."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import polars as pl

from shared.formatting import percent
from shared.kernel.arithmetic.expressions import WHOLE_SHARE
from shared.kernel.components.pool import Pool
from shared.kernel.language.plausibility import HIGH_ATTAINMENT
from shared.kernel.plan.plan_set import PlanSet
from shared.kernel.remarks.remark import Remark

LOW_ATTAINMENT: Final = Decimal("0.01")
SEVERAL: Final = 3
"""So many people do not fail alike."""


def earnings_remarks(earnings: pl.DataFrame, plans: PlanSet) -> list[Remark]:
    """Attainments that are too high or too low to be true, where pay depends on them, and pools whose scores do not
    sum to 100%; of `EARNINGS`."""
    attained = _attained(earnings, plans)
    return [*_far_above_quota(attained), *_far_below_quota(attained), *_scaled_pools(earnings, plans)]


def _attained(earnings: pl.DataFrame, plans: PlanSet) -> pl.DataFrame:
    """The earnings of components that show a measure on whose quota the pay of the plan depends."""
    depending = [
        (plan.plan, plan.version, component.component)
        for plan in plans.holding
        for names in [{name for component in plan.components for name in plan.quotas_of(component)}]
        for component in plan.components
        if getattr(component, "measure", None) in names
    ]
    keys = ["plan", "version", "component"]
    shown = pl.DataFrame(depending, schema={name: earnings.schema[name] for name in keys}, orient="row")
    return earnings.filter(pl.col("attainment") > 0).join(shown, on=keys, how="semi")


def _far_above_quota(earnings: pl.DataFrame) -> list[Remark]:
    """Attainments that are so high that a digit or a unit of a quota or of amounts has rather slipped, of each
    component the last."""
    high = (
        earnings.filter(pl.col("attainment") >= HIGH_ATTAINMENT)
        .sort("period")
        .unique(["participant_id", "component"], keep="last")
        .sort("participant_id", "component")
    )
    rows = high.select("participant_id", "component", "period", "attainment").iter_rows()
    return [
        Remark(
            kind="far_above_quota",
            participant_id=who,
            says=f"In {period} {who} is at {percent(Decimal(int(attained)))} of quota or more for component"
            f" {component}."
            " If a digit or a unit slipped, correct the quota or the amounts of the deals.",
        )
        for who, component, period, attained in rows
    ]


def _far_below_quota(earnings: pl.DataFrame) -> list[Remark]:
    """Components for which everybody is far below quota, several people at least: rather all amounts are in another
    unit than the quotas."""
    best = (
        earnings.group_by("component")
        .agg(best=pl.col("attainment").max(), people=pl.col("participant_id").n_unique())
        .filter((pl.col("best") < LOW_ATTAINMENT) & (pl.col("people") >= SEVERAL))
        .sort("component")
    )
    return [
        Remark(
            kind="far_below_quota",
            participant_id="",
            says=f"All {people:,} who sold are below {percent(LOW_ATTAINMENT)} of quota for component {component}."
            " If amounts or quotas are in thousands, or the other in cents, send them again in whole units.",
        )
        for component, people in best.select("component", "people").iter_rows()
    ]


def _scaled_pools(earnings: pl.DataFrame, plans: PlanSet) -> list[Remark]:
    """Pools whose scores do not sum to 100%, so that they are weights and scaled."""
    remarks: list[Remark] = []
    for plan in plans.holding:
        for pool in plan.components:
            measure = plan.measure(pool.by) if isinstance(pool, Pool) else None
            if isinstance(pool, Pool) and measure is not None and measure.score is not None:
                remarks += _scaled(earnings.filter(plan.own_rows & (pl.col("component") == pool.component)), pool)
    return remarks


def _scaled(earnings: pl.DataFrame, pool: Pool) -> list[Remark]:
    # A share that is not the score itself was divided by the sum of the scores. One example says it for all.
    other = pl.col("share") != (pl.col("measure") * WHOLE_SHARE).cast(pl.Int64)
    rows = earnings.filter(other).sort("period", "participant_id").head(1)
    return [
        Remark(
            kind="pool_scaled",
            participant_id=who,
            says=f"{pool.component} divides its pool in proportion to {pool.by}, whose scores do not sum to 100%: in"
            f" {month} {who} has {percent(score)} and is paid {percent(Decimal(share) / WHOLE_SHARE)} of it. If they"
            f" are shares of the pool, write shares: {pool.by}.",
        )
        for who, month, score, share in rows.select("participant_id", "period", "measure", "share").iter_rows()
    ]
