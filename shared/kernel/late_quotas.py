"""Quotas that begin within a window and replace the quota of the whole of it: what was reached before is measured by them, too."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

import polars as pl

from shared.kernel.calendar import PERIODS_IN, Fiscal, days_of, fiscal_at
from shared.kernel.conventions import Reset
from shared.kernel.measures import Measure
from shared.kernel.plan import Plan
from shared.kernel.plan_set import PlanSet
from shared.kernel.roster import Roster


class LateQuota(NamedTuple):
    """A participant's quota of a measure from a date on, in major units, what it was before, and the first and last day of the window."""

    participant_id: str
    plan: str
    measure: str
    effective_from: date
    before: Decimal
    quota: Decimal
    first: date
    last: date
    divides: bool
    """Whether the window is longer than the time in which each figure could count by itself (`changes: by_period`)."""


def late_quotas(roster: Roster, plans: PlanSet) -> list[LateQuota]:
    """The quotas that replace another after the first day of what they count for, where pay depends on them, by participant and date.

    Of who comes to the plan within the window the earlier quota was none of this plan's.
    """
    found = [
        late
        for plan in plans
        for name in sorted({name for component in plan.components for name in plan.quotas_of(component)})
        if (measure := plan.measure(name)) is not None and measure.reset != "never"
        for late in _of_measure(roster, plans, plan, measure)
    ]
    return sorted(found, key=lambda late: (late.participant_id, late.effective_from, late.plan, late.measure))


def _of_measure(roster: Roster, plans: PlanSet, plan: Plan, measure: Measure) -> Iterator[LateQuota]:
    default = measure.quota.default or (Decimal(1) if measure.is_share else None)
    by_period = measure.quota.changes == "by_period"
    over: Reset = "month" if by_period else measure.reset
    figures = roster.quotas_of(measure.measure, is_share=measure.is_share).with_columns(
        quota=pl.col("quota").fill_null(default) if default is not None else pl.col("quota")
    )
    earlier = pl.col("quota").shift().over("participant_id")
    changes = (
        figures.with_columns(before=earlier if default is None else earlier.fill_null(default))
        .filter(pl.col("before") > 0, pl.col("quota") > 0, pl.col("before") != pl.col("quota"))
        .with_columns(eve=pl.col("effective_from") - timedelta(days=1))
    )
    on_plan = _on_plan(_on_plan(changes, "eve", roster, plan), "effective_from", roster, plan)
    in_force = on_plan.with_columns(plan=pl.lit(plan.plan)).join_asof(
        plans.in_force.select("plan", "effective_from", "version"),
        on="effective_from",
        by="plan",
        check_sortedness=False,
    )
    names = ("participant_id", "effective_from", "before", "quota")
    for participant, day, before, quota in (
        in_force.filter(pl.col("version") == plan.version).select(names).sort(names).iter_rows()
    ):
        length, place = PERIODS_IN[over], fiscal_at(day, plan.calendar)
        start = place // length * length
        first = days_of(Fiscal(start), plan.calendar)[0]
        last = days_of(Fiscal(start + length - 1), plan.calendar)[1]
        if day > first:
            yield LateQuota(
                participant, plan.plan, measure.measure, day, before, quota, first, last, divides=over != "month"
            )


def _on_plan(changes: pl.DataFrame, day: str, roster: Roster, plan: Plan) -> pl.DataFrame:
    """Those whose participant is active on the plan on a day of theirs."""
    assigned = roster.assignments.select("participant_id", since="effective_from", on="plan", active="active")
    found = changes.sort(day).join_asof(
        assigned, left_on=day, right_on="since", by="participant_id", check_sortedness=False
    )
    return found.filter(pl.col("active") & (pl.col("on") == plan.plan)).select(changes.columns)
