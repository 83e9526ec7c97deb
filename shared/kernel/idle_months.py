"""Idle periods: a guarantee, a fixed bonus or what a cap has carried over is paid in a fiscal period without a credit,
too."""

from __future__ import annotations

from typing import NamedTuple

import polars as pl

from shared.kernel.calendar import bounds, fiscal_of, last_ended, month_of_end
from shared.kernel.earn import earn
from shared.kernel.measure import STEP
from shared.kernel.plan.plan_set import PlanSet
from shared.kernel.plan.version import Plan
from shared.kernel.roster import Roster
from shared.kernel.tables import EARNINGS, EVENT, MEASURES
from shared.periods import Month, previous_period

_WHO = ["participant_id", "period"]
_PERIOD = ["participant_id", "fiscal"]
_STEP = ["period", "plan", "version", "fiscal"]


class Months(NamedTuple):
    """The first and the last month in which anyone has a credit; where a plan counts in weeks, also the plan versions
    and fiscal periods (period, plan, version, fiscal) of the credits in these two months."""

    first: Month
    last: Month
    steps: frozenset[tuple[Month, str, int, int]] = frozenset()

    @classmethod
    def of(cls, rows: pl.DataFrame, plans: PlanSet) -> Months | None:
        """Of `SUMS` or `MEASURES` of everyone, or those of the first and the last month."""
        if rows.is_empty():
            return None
        first, last = Month(str(rows["period"].min())), Month(str(rows["period"].max()))
        steps = (
            rows.filter(pl.col("period").is_in([first, last])).select(_STEP).unique().rows() if plans.in_weeks else []
        )
        return cls(first, last, frozenset(steps))

    def fiscals(self, plan: Plan, plans: PlanSet) -> tuple[int, int]:
        """The first and the last fiscal period of a plan in which anyone has a credit: of a plan with another calendar,
        in whose months."""
        edges: list[tuple[Month, int | None]] = [(month, None) for month in (self.first, self.last)]
        if plan.calendar.weeks is not None:
            edges = [
                (month, fiscal if plans.plans[of, version].calendar == plan.calendar else None)
                for month, of, version, fiscal in self.steps
            ]
        # Of another calendar the fiscal period of a credit is not known, only its month: then all that touch the month.
        spans = [
            (last_ended(previous_period(month), plan.calendar) + 1, last_ended(month, plan.calendar))
            if fiscal is None
            else (fiscal, fiscal)
            for month, fiscal in edges
        ]
        return min(begin for begin, _ in spans), max(end for _, end in spans)


def earn_every_month(
    measures: pl.DataFrame,
    roster: Roster,
    *,
    plans: PlanSet,
    months: Months | None = None,
    kept: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """`EARNINGS` of every fiscal period of everyone on a plan that may pay without credits.

    Fiscal periods are those from the first to the last in which anyone has a credit; for who joined earlier in the same
    fiscal year, from then on. Who has no credit in one has rows only where a component pays them.

    Args:
        measures: `MEASURES`, of everyone or of the participants of the roster.
        roster: who is on which plan at the end of a fiscal period.
        plans: all plan versions.
        months: those of everyone, where measures are not.
        kept: as in `earn`.

    Raises:
        Overflow: a sum or an amount is beyond 10^18 minor units.
    """
    if months is None:
        months = Months.of(measures, plans)
    idle = _idle(measures, roster, plans=plans, months=months)
    earned = earn(pl.concat([measures, idle]), roster, plans=plans, kept=kept)
    if idle.is_empty():
        return earned
    at_rest = idle.select(STEP).unique().with_columns(idle=pl.lit(True))
    marked = earned.join(at_rest, on=STEP, how="left").with_columns(pl.col("idle").fill_null(value=False))
    paid = pl.col("amount").ne(0).any().over(STEP)
    return marked.filter(~pl.col("idle") | paid).select(EARNINGS.names())


def _idle(measures: pl.DataFrame, roster: Roster, *, plans: PlanSet, months: Months | None) -> pl.DataFrame:
    """Steps that add nothing, for who has none in a month and may be paid nevertheless."""
    # Only of versions that may pay without credits: for all others an empty month costs nothing.
    idle = [measures.clear()]
    paying = [plan for plan in plans if plan.pays_without_credits]
    if months is not None:
        for plan in paying:
            begin, end = months.fiscals(plan, plans)
            of_plan = _on(plan, begin, end=end, roster=roster, plans=plans)
            idle.append(_without_steps(of_plan, measures, plan=plan))
    return pl.concat(idle)


def _without_steps(idle: pl.DataFrame, measures: pl.DataFrame, *, plan: Plan) -> pl.DataFrame:
    """Those who have no step in the fiscal period, by whichever version, nor under another plan in the month."""
    on_plan = pl.col("plan") == plan.plan
    # Under this plan by fiscal period, because a step of any segment carries the period. Under another plan by month:
    # who moved in the middle of a month was on that plan then, and is paid by it; each for its days, if days count.
    others = measures.clear() if plan.prorates else measures.filter(~on_plan)
    for steps, on in ((measures.filter(on_plan), _PERIOD), (others, _WHO)):
        idle = idle.join(steps.select(on).unique(), on=on, how="anti")
    return idle


def _on(plan: Plan, begin: int, *, end: int, roster: Roster, plans: PlanSet) -> pl.DataFrame:
    """A step of every fiscal period for everyone who is on the plan version at its end, or if days count on any of its
    days."""
    # Rows begin with the first credit of anyone; of those who joined in the same fiscal year before it, when they
    # joined.
    fiscals = pl.int_range(begin - begin % 12, end + 1, dtype=pl.Int32, eager=True)
    ends = bounds(fiscals, plan.calendar)
    people = (
        roster.assignments.filter(pl.col("plan") == plan.plan)
        .group_by("participant_id")
        .agg(joined=pl.col("effective_from").min())
        .with_columns(since=pl.when(pl.col("joined") < ends["first"].min()).then(begin))
        .with_columns(since=pl.coalesce("since", fiscal_of(pl.col("joined"), plan.calendar)))
    )
    periods = people.join(ends, how="cross")
    return (
        periods.filter(pl.col("fiscal") >= pl.min_horizontal("since", pl.lit(begin)))
        .sort("last")
        .join_asof(
            roster.assignments.select("participant_id", "effective_from", "plan", "active"),
            left_on="last",
            right_on="effective_from",
            by="participant_id",
            check_sortedness=False,
        )
        .drop("effective_from", strict=False)
        .join(_in_role(plan, periods, roster=roster), on=_PERIOD, how="left")
        .filter((pl.col("plan") == plan.plan) & pl.col("active") | pl.col("in_role"))
        .with_columns(plan=pl.lit(plan.plan))
        .join_asof(plans.in_force, left_on="last", right_on="effective_from", by="plan", check_sortedness=False)
        .filter(pl.col("version") == plan.version)
        .with_columns(
            measure=pl.lit((plan.ingredient_names or ["idle"])[0]),
            amount=pl.lit(0, dtype=pl.Int64),
            event=pl.lit(None, dtype=EVENT),
            period=month_of_end(pl.col("fiscal"), plan.calendar),
        )
        .select(MEASURES.names())
    )


def _in_role(plan: Plan, periods: pl.DataFrame, *, roster: Roster) -> pl.DataFrame:
    """participant_id, fiscal and `in_role` of the fiscal periods on some day of which somebody is active on the plan;
    none where it does not count days."""
    held = roster.spans.filter((pl.col("plan") == plan.plan) & pl.col("active") & plan.prorates)
    spans = periods.select("participant_id", "fiscal", "first", "last").join(
        held.select("participant_id", "effective_from", "until"), on="participant_id"
    )
    meets = (pl.col("effective_from") <= pl.col("last")) & (pl.col("until") > pl.col("first")).fill_null(value=True)
    return spans.filter(meets).select("participant_id", "fiscal", in_role=pl.lit(value=True)).unique()
