"""Quotas that replace an earlier one: those that begin within a window and count for the whole of it, and those of
another size."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Final, NamedTuple

import polars as pl

from shared.contracts.roster import EVERYONE
from shared.formatting import trimmed
from shared.kernel.calendar import Fiscal, days_of, first_of_window, fiscal_at, periods_in
from shared.kernel.language.conventions import CalendarTerms, Window
from shared.kernel.language.measures import DAYS, Measure
from shared.kernel.plan.plan_set import PlanSet
from shared.kernel.plan.version import Plan
from shared.kernel.remarks.remark import Remark, RemarkKind, whom
from shared.kernel.roster import Roster

FAR: Final = 10
"""A quota that is so many times the one before, or such a part of it, is rather a slip of a digit."""


class QuotaChange(NamedTuple):
    """A participant's quota of a measure on a plan from a date on, in major units, and what it was before."""

    participant_id: str
    plan: Plan
    measure: Measure
    effective_from: date
    before: Decimal
    quota: Decimal

    @property
    def in_words(self) -> str:
        """The beginning of a sentence about it."""
        return (
            f"From {self.effective_from} the quota of {whom(self.participant_id)} for {self.measure.measure} is"
            f" {trimmed(self.quota)} instead of {trimmed(self.before)}"
        )

    def remark(self, kind: RemarkKind, says: str, *, until: date) -> Remark:
        """What there is to say about it."""
        return Remark(kind=kind, participant_id=self.participant_id, says=says, since=self.effective_from, until=until)


def quota_changes(roster: Roster, plans: PlanSet) -> Iterator[Remark]:
    """Quotas that replace another, both above zero, where pay depends on them: those that come late, and those that
    are far off.

    Of who comes to the plan on that day the earlier quota was none of this plan's.
    """
    for plan in plans.holding:
        for name in {name for component in plan.components for name in plan.quotas_of(component)}:
            if (measure := plan.measure(name)) is not None:
                for change in _of_measure(roster, plans, plan=plan, measure=measure):
                    yield from _late(change)
                    yield from _far_off(change)


def _late(change: QuotaChange) -> Iterator[Remark]:
    """A quota that begins after the first day of the window that it counts for."""
    if change.measure.reset == "never" or change.measure.quota.changes in DAYS:
        return
    # With `changes: by_period` each figure counts for its own periods, so only the month in which it begins is split.
    by_period = change.measure.quota.changes == "by_period"
    over: Window = "month" if by_period else change.measure.window
    first, last = window_at(change.effective_from, over, calendar=change.plan.calendar)
    if change.effective_from > first:
        # On whatever day it begins, months before it are in a rolling window.
        mends = [] if isinstance(over, int) else [f"let it begin on {last + timedelta(days=1)}"]
        mends += ["say in the plan that quotas change by_period"] if over != "month" else []
        says = (
            f"{change.in_words}, and on plan {change.plan.plan} it counts for the whole of {first} to {last}."
            f" If it is not meant for the days before, {' or '.join(mends)}."
        )
        yield change.remark("late_quota", says, until=last)


def _far_off(change: QuotaChange) -> Iterator[Remark]:
    if not 1 / Decimal(FAR) < change.quota / change.before < FAR:
        times = "ten times as much or more" if change.quota > change.before else "a tenth or less"
        says = f"{change.in_words}, {times}. If a digit slipped, set it again from that day."
        yield change.remark("quota_far_off", says, until=change.effective_from)


def window_at(day: date, over: Window, *, calendar: CalendarTerms) -> tuple[date, date]:
    """The first and last day of the window of a day; `over` is not `never`."""
    start = first_of_window(int(fiscal_at(day, calendar)), over)
    return days_of(Fiscal(start), calendar)[0], days_of(Fiscal(start + periods_in(over) - 1), calendar)[1]


def _of_measure(roster: Roster, plans: PlanSet, *, plan: Plan, measure: Measure) -> Iterator[QuotaChange]:
    default = measure.quota.fixed or (Decimal(1) if measure.is_share else None)
    figures = roster.quotas_of(measure.measure, is_share=measure.is_share).with_columns(
        quota=pl.col("quota").fill_null(default) if default is not None else pl.col("quota")
    )
    # Where the plan has a default, the first quota of a participant replaces that.
    earlier = pl.col("quota").shift().over("participant_id")
    changes = (
        figures.with_columns(before=earlier if default is None else earlier.fill_null(default))
        .filter(pl.col("before") > 0, pl.col("quota") > 0, pl.col("before") != pl.col("quota"))
        .with_columns(eve=pl.col("effective_from") - timedelta(days=1))
    )
    on_plan = _on_plan(_on_plan(changes, "eve", roster=roster, plan=plan), "effective_from", roster=roster, plan=plan)
    in_force = on_plan.with_columns(plan=pl.lit(plan.plan)).join_asof(
        plans.in_force.select("plan", "effective_from", "version"),
        on="effective_from",
        by="plan",
        check_sortedness=False,
    )
    names = ("participant_id", "effective_from", "before", "quota")
    for who, day, before, quota in in_force.filter(pl.col("version") == plan.version).select(names).iter_rows():
        yield QuotaChange(
            participant_id=who, plan=plan, measure=measure, effective_from=day, before=before, quota=quota
        )


def _on_plan(changes: pl.DataFrame, day: str, *, roster: Roster, plan: Plan) -> pl.DataFrame:
    """Those whose participant is active on the plan on a day of theirs, and those of everyone."""
    assigned = roster.assignments.select("participant_id", since="effective_from", on="plan", active="active")
    on_day = changes.sort(day).join_asof(
        assigned, left_on=day, right_on="since", by="participant_id", check_sortedness=False
    )
    in_role = pl.col("active") & (pl.col("on") == plan.plan)
    return on_day.filter(in_role | (pl.col("participant_id") == EVERYONE)).select(changes.columns)
