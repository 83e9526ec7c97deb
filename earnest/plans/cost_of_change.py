"""Two versions of a plan over the same history: what everyone would have earned under each."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import polars as pl

from earnest.files.kernel_inputs import read_inputs
from earnest.files.rejections import FileError, in_order
from shared.kernel import PlanSet, credit, measure
from shared.kernel.idle_months import earn_every_month
from shared.kernel.plan.version import Plan

ALWAYS = date(1900, 1, 1)


def compared(old: Plan, new: Plan, *, deals: Path, roster: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    """participant_id, before, after (minor units), for everyone who earns under one of them; both as if always in
    force. And the rows that one of them cannot use (`REJECTED`).

    The new plan is taken to be that of the participants on the old one, also where its id is another.

    Raises:
        FileError: a file cannot be read, or the plans pay in different currencies.
        Overflow: a sum is beyond 10^18 minor units.
    """
    if old.currency != new.currency:
        raise FileError(f"one plan pays in {old.currency}, the other in {new.currency}: their pay cannot be compared")
    (before, unused), (after, unused_by_new) = (
        _earned(plan.model_copy(update={"effective_from": ALWAYS, "plan": old.plan}), deals, roster=roster)
        for plan in (old, new)
    )
    both = before.rename({"amount": "before"}).join(
        after.rename({"amount": "after"}), on="participant_id", how="full", coalesce=True
    )
    pay = both.with_columns(pl.col("before", "after").fill_null(0), currency=pl.lit(old.currency)).sort(
        pl.col("after") - pl.col("before"), "participant_id"
    )
    return pay, in_order(pl.concat([unused, unused_by_new]).unique())


def _earned(plan: Plan, deals: Path, *, roster: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    plans = PlanSet([plan])
    inputs = read_inputs(deals, roster, plans=plans)
    credits = credit(inputs.deals, inputs.roster, plans=plans).credits
    earned = earn_every_month(measure(credits, plans), inputs.roster, plans=plans)
    return earned.group_by("participant_id").agg(pl.col("amount").sum()), inputs.rejected


def cost_table(pay: pl.DataFrame, over: str = "these deals") -> str:
    """A line per participant, those who lose most first, and the totals; `over` says of what."""
    from shared.formatting import money

    if pay.is_empty():
        return "Nobody in these files earns anything under either."
    currency = str(pay["currency"][0])

    def shown(before: int, after: int) -> list[str]:
        return [money(before, currency), money(after, currency), money(after - before, currency, signed=True)]

    rows = [["participant", "before", "after", "change"]]
    for who, before, after in pay.select("participant_id", "before", "after").iter_rows():
        rows.append([who, *shown(before, after)])
    total_before, total_after = int(pay["before"].sum()), int(pay["after"].sum())
    rows.append(["all", *shown(total_before, total_after)])
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    lines = [
        "  ".join(
            [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        )
        for row in rows
    ]
    # Over the same deals under both versions, each as if it had held all the time: what changes is the plan, not who
    # sold.
    change = pay["after"] - pay["before"]
    gained, lost = int((change > 0).sum()), int((change < 0).sum())
    share = f", {Decimal(total_after - total_before) * 100 / abs(total_before):+.1f}%" if total_before else ""
    summary = (
        f"{gained} gain, {lost} lose, {len(pay) - gained - lost} stay the same; "
        f"the cost changes by {rows[-1][3]} {currency}{share}."
    )
    return "\n".join([f"Over {over}, in {currency}:", "", *lines, "", summary])
