"""Of which days the facts matter to a month's pay: those of the longest window that any part of the plan sums over,
until the month ends.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Final, NamedTuple

import polars as pl

from services.scoring.reference.data import spans_of_versions
from shared.kernel import Plan, PlanSet
from shared.kernel.calendar import Fiscal, days_of, first_of_window, fiscal_at
from shared.kernel.language.conventions import RESETS, Reset
from shared.periods import Month, first_day, last_day, period_of

BEGINNING: Final = Month("0001-01")
"""Before every period: where a sum never begins anew."""

WINDOWS: Final = pl.Schema({"participant_id": pl.String(), "since": pl.String(), "first": pl.Date(), "last": pl.Date()})
"""The days of each participant's window in a month, both included; `since` is the calendar month with which it begins.
"""

ON_PLANS: Final = pl.Schema({"participant_id": pl.String(), "plan": pl.String(), "day": pl.Date(), "until": pl.Date()})
"""On which plan a participant is from a day on, until another (null: until further notice)."""


class Window(NamedTuple):
    """The window of a plan version in a month.

    `since` and `first` are the month and the day with which it begins, `begins` and `last` the first and the last day
    of the fiscal periods that the month's days are in.
    """

    since: Month
    first: date
    begins: date
    last: date


def window(plan: Plan, period: Month) -> Window:
    """The window of a plan version in a month."""
    longest = max((*_resets(plan), "month"), key=RESETS.index)
    # A month of weeks has days of several fiscal periods.
    first, last = (fiscal_at(day, plan.calendar) for day in (first_day(period), last_day(period)))
    begins, ends = days_of(first, plan.calendar)[0], days_of(last, plan.calendar)[1]
    if longest == "never":
        return Window(BEGINNING, date.min, begins, ends)
    # A rolling measure is looked at in each period of the window, and has those before it.
    before = max((measure.rolling - 1 for measure in plan.measures if measure.rolling is not None), default=0)
    since = days_of(Fiscal(first_of_window(int(first), longest) - before), plan.calendar)[0]
    return Window(period_of(since), since, begins, ends)


def _resets(plan: Plan) -> Iterable[Reset]:
    """How often each part of the plan begins anew: what is carried over never does."""
    yield from (measure.reset for measure in plan.measures)
    for component in plan.components:
        yield "never" if component.carry_over else plan.window(component)
        # What is paid at the end of a quarter rests on the whole of it, also where it is summed by the month.
        yield component.pays


def fact_windows(
    everyone: pl.Series, on_plans: pl.DataFrame, *, earned: pl.DataFrame, plans: PlanSet, period: Month
) -> pl.DataFrame:
    """The `WINDOWS` of everyone in a month: of the plan versions they are on in it (`ON_PLANS`), or are paid by
    (`earned`).

    Who is on several has one window that covers all of them; who is on none has the month.
    """
    of_plan = pl.DataFrame(
        [(plan.plan, plan.version, *window(plan, period)) for plan in plans],
        schema={"plan": pl.String, "version": pl.Int64, "since": pl.String}
        | dict.fromkeys(("first", "begins", "last"), pl.Date),
        orient="row",
    )
    on = (
        on_plans.join(spans_of_versions(plans), on="plan")
        .join(of_plan, on=["plan", "version"])
        .filter(
            overlap("day", "until", first="begins", last="last"),
            overlap("begins_on", "ends_on", first="begins", last="last"),
        )
    )
    paid = earned.select("participant_id", "plan", "version").unique().join(of_plan, on=["plan", "version"])
    of_them = pl.concat([rows.select(WINDOWS.names()) for rows in (on, paid)])
    others = pl.DataFrame({"participant_id": everyone}).join(of_them, on="participant_id", how="anti")
    month = others.with_columns(since=pl.lit(period), first=first_day(period), last=last_day(period))
    return (
        pl.concat([of_them, month.select(WINDOWS.names())])
        .group_by("participant_id")
        .agg(pl.col("since", "first").min(), pl.col("last").max())
    )


def overlap(begins: str, ends: str, *, first: str, last: str) -> pl.Expr:
    """Whether something that is from a day on, until another, is so on any day from `first` to `last`: all names of
    columns.
    """
    return (pl.col(begins) <= pl.col(last)) & (pl.col(ends).is_null() | (pl.col(ends) > pl.col(first)))
