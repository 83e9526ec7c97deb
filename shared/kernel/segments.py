"""Segments in which somebody has a step without a credit of their own: those in which a fiscal period ends, and those
of others where people are compared over a longer window."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import polars as pl

from shared.kernel.calendar import FISCAL, fiscal_at, month_of_end
from shared.kernel.evaluation.pay import ORDER, filled
from shared.kernel.measure import STEP
from shared.kernel.plan.version import Plan


def completed(steps: pl.DataFrame, plan: Plan, *, together: Sequence[Plan]) -> pl.DataFrame:
    """Steps with every ingredient of the plan, in order; the last segment of every fiscal period among them, if need be
    as `added`.

    Where everyone is compared over a longer window, they are in everyone's steps, in those of others as `idle`.
    """
    whole = steps.with_columns(idle=pl.lit(False), added=pl.lit(False))
    if plan.calendar.weeks is not None:
        ends = last_segments(whole, plan).join(whole, on=STEP, how="anti")
        whole = pl.concat([whole, ends.with_columns(idle=pl.lit(False), added=pl.lit(True))], how="diagonal")
    # Who sold in January only still stands in the ranking of the quarter in March. Everyone who is ranked over a longer
    # window therefore has a row in each later period, marked as idle, and is paid nothing for it unless the ranking
    # says so.
    if compares_for_longer(plan):
        idle = in_others_segments(whole, whole, together=together)
        idle = idle.with_columns(idle=pl.lit(True), added=pl.lit(False))
        whole = pl.concat([whole, idle.join(whole.select(STEP), on=STEP, how="anti")], how="diagonal")
    return filled(whole, plan.ingredient_names).sort(ORDER)


def compares_for_longer(plan: Plan) -> bool:
    """Whether a component that compares goes on over several months: then everyone is in everyone's months."""
    return any(plan.compares(c) and plan.window(c) != "month" for c in plan.components)


def in_others_segments(steps: pl.DataFrame, everyones: pl.DataFrame, *, together: Sequence[Plan]) -> pl.DataFrame:
    """Steps of participants in all segments in which anyone has one, from their own first on, by the versions that hold
    in the fiscal period, of those whose sums go on."""
    first = steps.group_by("participant_id", "plan").agg(pl.col("fiscal", "period").min().name.prefix("first_"))
    later = (pl.col("fiscal") > pl.col("first_fiscal")) | (pl.col("period") > pl.col("first_period"))
    segments = everyones.select("period", "fiscal").unique().join(_holding(together), how="cross")
    # A version that has ended ranks nobody any more: it would take back, and top up, beside the one that holds.
    holds = pl.lit(value=True)
    holds &= (pl.col("fiscal") >= pl.col("since")).fill_null(value=True)
    holds &= (pl.col("fiscal") <= pl.col("until")).fill_null(value=True)
    return segments.filter(holds).join(first, how="cross").filter(later).select(STEP)


def _holding(together: Sequence[Plan]) -> pl.DataFrame:
    """version, and `since` and `until` which fiscal period each holds on some day of it, of versions whose sums go on.

    Before the first and after the last of them none of these has a credit."""
    rows = [
        (
            plan.version,
            fiscal_at(plan.effective_from, plan.calendar) if before else None,
            fiscal_at(after.effective_from - timedelta(days=1), plan.calendar) if after else None,
        )
        for before, plan, after in zip([None, *together], together, [*together[1:], None], strict=False)
    ]
    return pl.DataFrame(rows, schema={"version": pl.Int64, "since": FISCAL, "until": FISCAL}, orient="row")


def last_segments(steps: pl.DataFrame, plan: Plan) -> pl.DataFrame:
    """The steps in which the fiscal periods of some steps end, once each."""
    return steps.select(STEP).with_columns(period=month_of_end(pl.col("fiscal"), plan.calendar)).unique()
