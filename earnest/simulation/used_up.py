"""Budgets that pay deals in the order of their dates, and are used up: why one more deal pays nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import polars as pl

from shared.formatting import money
from shared.kernel import Plan
from shared.kernel.calendar import fiscal_at, window_of


def used_up(plan: Plan, earned: pl.DataFrame, *, participant: str, day: date) -> Iterator[str]:
    """Of each budget that is used up in the window of a day: how much it was, since when, and what the participant has
    had of it. What others had of it is theirs, and is not said.

    Args:
        plan: the version that pays a deal of the day.
        earned: `EARNINGS` of everyone.
        participant: who asks.
        day: that of the deal.
    """
    fiscal = pl.lit(fiscal_at(day, plan.calendar))
    of_plan = pl.col("plan") == plan.plan
    if plan.conventions.versions == "restart":
        of_plan &= pl.col("version") == plan.version
    for component in plan.components:
        if not component.first_come or component.budget is None:
            continue
        window = plan.window(component)
        inside = of_plan & (window_of(pl.col("fiscal"), window) == window_of(fiscal, window))
        paid = earned.filter(inside, component=component.component)
        months = paid.group_by("period").agg(pl.col("amount").sum()).sort("period")
        months = months.with_columns(so_far=pl.col("amount").cum_sum())
        most = int(component.budget.scaleb(plan.digits))
        if months.is_empty() or months["so_far"][-1] < most:
            continue
        last = months.filter(pl.col("so_far") < most)["period"].max()
        since = months["period"].filter(months["period"] > (last or ""))[0]
        own = int(paid.filter(participant_id=participant)["amount"].sum())
        yield (
            f"{component.component}: the budget of {money(most, plan.currency, code=True)} for everyone together, whose"
            f" deals it pays in the order of their dates, is used up by deals of {since}; {participant} has had"
            f" {money(own, plan.currency, code=True)} of it"
        )
