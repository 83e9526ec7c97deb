"""Idle months: a guarantee, a fixed bonus or what a cap has carried over is paid in a month without a credit, too."""

from __future__ import annotations

import polars as pl

from shared.kernel.calendar import between, bounds, moved, period_of, place_in_year
from shared.kernel.earn import earn
from shared.kernel.measure import STEP
from shared.kernel.plan import Plan
from shared.kernel.plan_set import PlanSet
from shared.kernel.roster import Roster
from shared.kernel.tables import EARNINGS, MEASURES

_WHO = ["participant_id", "period"]


Months = tuple[str, str]
"""The first and the last month in which anyone has a credit."""


def earn_every_month(
    measures: pl.DataFrame, roster: Roster, plans: PlanSet, months: Months | None = None
) -> pl.DataFrame:
    """`EARNINGS` of every month of everyone on a plan that may pay without credits.

    Months are those from the first to the last in which anyone has a credit; for who joined earlier in the same fiscal year,
    from then on. Who has no credit in a month has rows only where a component pays them.

    Args:
        measures: `MEASURES`, of everyone or of the participants of the roster.
        roster: who is on which plan at the end of a month.
        plans: all plan versions.
        months: the first and the last month, where measures are not those of everyone.

    Raises:
        Overflow: a sum or an amount is beyond 10^18 minor units.
    """
    if months is None and measures.height:
        months = str(measures["period"].min()), str(measures["period"].max())
    idle = _idle(measures, roster, plans, months)
    earned = earn(pl.concat([measures, idle]), roster, plans)
    if idle.is_empty():
        return earned
    at_rest = idle.select(STEP).unique().with_columns(idle=pl.lit(True))
    marked = earned.join(at_rest, on=STEP, how="left").with_columns(pl.col("idle").fill_null(value=False))
    paid = pl.col("amount").ne(0).any().over(STEP)
    return marked.filter(~pl.col("idle") | paid).select(EARNINGS.names())


def _idle(measures: pl.DataFrame, roster: Roster, plans: PlanSet, months: Months | None) -> pl.DataFrame:
    """Steps that add nothing, for who has none in a month and may be paid nevertheless."""
    found = [measures.clear()]
    paying = [plan for plan in plans if plan.pays_without_credits]
    if months is not None:
        found += [_on(plan, *months, roster, plans) for plan in paying]
    return pl.concat(found).join(measures.select(_WHO).unique(), on=_WHO, how="anti")


def _on(plan: Plan, first: str, last: str, roster: Roster, plans: PlanSet) -> pl.DataFrame:
    """A step of every month for everyone who is on the plan version at the month's end."""
    months = between(moved(first, -place_in_year(first, plan.calendar)), last)
    ends = bounds(pl.Series("period", months), plan.calendar)
    people = (
        roster.assignments.filter(pl.col("plan") == plan.plan)
        .group_by("participant_id")
        .agg(joined=pl.col("effective_from").min())
        .with_columns(since=pl.when(pl.col("joined") < ends["first"].min()).then(pl.lit(first)))
        .with_columns(since=pl.coalesce("since", period_of(pl.col("joined"), plan.calendar)))
    )
    return (
        people.join(ends, how="cross")
        .filter(pl.col("period") >= pl.min_horizontal("since", pl.lit(first)))
        .sort("last")
        .join_asof(
            roster.assignments.select("participant_id", "effective_from", "plan", "active"),
            left_on="last",
            right_on="effective_from",
            by="participant_id",
            check_sortedness=False,
        )
        .drop("effective_from", strict=False)
        .filter((pl.col("plan") == plan.plan) & pl.col("active"))
        .join_asof(plans.in_force, left_on="last", right_on="effective_from", by="plan", check_sortedness=False)
        .filter(pl.col("version") == plan.version)
        .with_columns(
            measure=pl.lit((plan.ingredient_names or ["idle"])[0]),
            amount=pl.lit(0, dtype=pl.Int64),
        )
        .select(MEASURES.names())
    )
