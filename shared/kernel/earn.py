"""Earn: what each component of a plan pays for the measures of a period."""

from __future__ import annotations

import polars as pl

from shared.kernel.components import Component
from shared.kernel.exact import rounded, whole
from shared.kernel.plan import Plan
from shared.kernel.plan_set import PlanSet
from shared.kernel.roster import Roster
from shared.kernel.tables import EARNINGS, empty


def earn(measures: pl.DataFrame, roster: Roster, plans: PlanSet) -> pl.DataFrame:
    """Evaluate every component on its measure; rounds once, on the component's amount for the period.

    Args:
        measures: `MEASURES` in minor units.
        roster: the quotas; the quota of a period is the one in force on its last day.
        plans: the versions the measures name.

    Returns:
        `EARNINGS`, one row per participant, plan version, component and period.
    """
    found = [
        _paid(with_quota(_of(measures, plan, component), component, roster, plan), component, plan)
        for plan in plans
        for component in plan.components
    ]
    return pl.concat(found) if found else empty(EARNINGS)


def _of(measures: pl.DataFrame, plan: Plan, component: Component) -> pl.DataFrame:
    return measures.filter(
        (pl.col("plan") == plan.plan) & (pl.col("version") == plan.version) & (pl.col("measure") == component.measure)
    )


def with_quota(rows: pl.DataFrame, component: Component, roster: Roster, plan: Plan) -> pl.DataFrame:
    """Add `quota` in minor units and `problem`: rows have participant_id and period.

    `no_quota`: the component needs one and there is none above zero; `inexact_quota`: it has more decimals than the currency.
    """
    quotas = roster.quotas.filter(pl.col("measure") == component.measure).select(
        "participant_id", "effective_from", "quota"
    )
    dated = (
        rows.with_columns(until=(pl.col("period") + "-01").str.to_date().dt.month_end())
        .sort("until")
        .join_asof(quotas, left_on="until", right_on="effective_from", by="participant_id", check_sortedness=False)
    )
    micro = (pl.col("quota") * pl.lit(10**6).cast(pl.Decimal(38, 0))).cast(pl.Int128) * whole(10**plan.digits)
    exact = micro % whole(10**6) == whole(0)
    missing = pl.col("quota").is_null() | (pl.col("quota") <= 0)
    problem = pl.when(missing).then(pl.lit("no_quota")).when(~exact).then(pl.lit("inexact_quota"))
    return dated.with_columns(
        quota=pl.when(exact).then((micro // whole(10**6)).cast(pl.Int64)),
        problem=problem if component.needs_quota else pl.lit(None, dtype=pl.String),
    ).drop("until", "effective_from", strict=False)


def _paid(rows: pl.DataFrame, component: Component, plan: Plan) -> pl.DataFrame:
    return rows.select(
        "participant_id",
        "plan",
        "version",
        component=pl.lit(component.component),
        period="period",
        measure=pl.col("amount"),
        quota="quota",
        amount=payout_at(pl.col("amount"), component, plan),
        currency=pl.lit(plan.currency),
        problem="problem",
    ).select(EARNINGS.names())


def payout_at(value: pl.Expr, component: Component, plan: Plan) -> pl.Expr:
    """The rounded pay of a running value of the measure, zero where the row has a problem."""
    due = rounded(component.payout(value, pl.col("quota"), plan.digits), plan.rounding)
    return pl.when(pl.col("problem").is_null()).then(due).otherwise(pl.lit(0, dtype=pl.Int64))
