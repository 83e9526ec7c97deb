"""Changes of plan, and of a plan's version, within a window: sums begin anew there, and the quota is that of the whole
window."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import polars as pl

from shared.kernel.plan.plan_set import PlanSet
from shared.kernel.plan.version import Plan
from shared.kernel.remarks.quota_changes import window_at
from shared.kernel.remarks.remark import Remark
from shared.kernel.roster import Roster


def plan_changes(roster: Roster, plans: PlanSet) -> Iterator[Remark]:
    """Participants who come from one plan to another within a window of the other: the longest of those on whose quotas
    its pay depends."""
    timeline = roster.assignments.sort("effective_from").with_columns(
        before=pl.col("plan").shift().over("participant_id"), was=pl.col("active").shift().over("participant_id")
    )
    moves = timeline.filter(pl.col("active") & pl.col("was") & (pl.col("plan") != pl.col("before")))
    for who, before, plan, day in moves.select("participant_id", "before", "plan", "effective_from").iter_rows():
        to = plans.version_on(plan, day)
        if to is not None and (window := _longest_window(to, day, rolling=False)) is not None:
            measure, first, last = window
            says = (
                f"From {day} {who} is on plan {plan} instead of {before}, within {first} to {last}:"
                f" what counted for {measure} before does not count on plan {plan}, and the quota of the whole time"
                f" does. If that is not meant, let the change begin on {last + timedelta(days=1)}."
            )
            yield Remark(kind="plan_changed_within", participant_id=who, says=says, since=day, until=last)


def version_changes(roster: Roster, plans: PlanSet) -> Iterator[Remark]:
    """Versions that somebody is on and that begin within a window of their own, where the plan does not say what
    becomes of its sums."""
    taken = set(roster.assignments["plan"].drop_nulls())
    for plan in plans.holding:
        day = plan.effective_from
        before = plans.version_on(plan.plan, day - timedelta(days=1))
        if before is None or plan.plan not in taken or "versions" in plan.conventions.model_fields_set:
            continue
        if (window := _longest_window(plan, day, rolling=True)) is not None:
            measure, first, last = window
            says = (
                f"{plan.key} replaces {before.key} on {day}, within {first} to {last}: {measure} begins anew,"
                " and the quota of the whole time counts. Say in the plan `conventions: {versions: continue}`, or"
                " `restart` if that is meant."
            )
            yield Remark(kind="version_within", participant_id="", says=says, since=day, until=last)


def _longest_window(plan: Plan, day: date, *, rolling: bool) -> tuple[str, date, date] | None:
    """A measure of the plan with a quota, and the first and last day of its window, of those that hold the day and
    begin before it the first to begin. Every day is within a rolling window, so no other day would be better to begin
    on: such windows are looked at only with `rolling`.
    """
    windows = []
    for name in sorted({name for component in plan.components for name in plan.quotas_of(component)}):
        measure = plan.measure(name)
        if measure is not None and measure.reset != "never":
            first, last = window_at(day, measure.window if rolling else measure.reset, calendar=plan.calendar)
            if first < day:
                windows.append((name, first, last))
    return min(windows, key=lambda window: (window[1], window[0]), default=None)
