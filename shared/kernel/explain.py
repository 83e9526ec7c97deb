"""Explain: the lines of an earning, the same calculation walked along the running sum in deal order."""

from __future__ import annotations

from typing import NamedTuple

import polars as pl

from shared.kernel.components import Component
from shared.kernel.earn import payout_at, with_quota
from shared.kernel.exact import narrow, whole, wide
from shared.kernel.plan import Plan
from shared.kernel.plan_set import PlanSet
from shared.kernel.roster import Roster
from shared.kernel.tables import LINES, SLICES, empty

_WHO = ["participant_id", "plan", "version", "period"]


class Explained(NamedTuple):
    """The lines of some earnings (`LINES`), and the parts of each line by tier (`SLICES`)."""

    lines: pl.DataFrame
    slices: pl.DataFrame


def explain(credits: pl.DataFrame, roster: Roster, plans: PlanSet) -> Explained:
    """The lines of every earning of the credits: deals by credit date, then deal id, then rule.

    A line pays `round(F(after)) - round(F(before))`, so that lines sum to the earning to the cent.

    Args:
        credits: all `CREDITS` of the participants and periods to explain.
        roster: the quotas.
        plans: the versions the credits name.

    Returns:
        lines numbered from 1 per participant, plan version, component and period, and their slices.

    Raises:
        Overflow: a running sum is beyond 10^18 minor units.
    """
    ordered = credits.sort(*_WHO, "credit_date", "deal_id", "rule")
    lines, slices = [empty(LINES)], [empty(SLICES)]
    for plan in plans:
        of_plan = ordered.filter((pl.col("plan") == plan.plan) & (pl.col("version") == plan.version))
        for component in plan.components:
            walked = _walked(of_plan, plan, component, roster)
            lines.append(_lines(walked, plan, component))
            slices += _slices(walked, plan, component)
    return Explained(pl.concat(lines), pl.concat(slices))


def _walked(credits: pl.DataFrame, plan: Plan, component: Component, roster: Roster) -> pl.DataFrame:
    """The credits of a component's measure with the measure `before` and `after` each, quota and problem."""
    rules = next(measure.sum_of for measure in plan.measures if measure.measure == component.measure)
    walked = (
        credits.filter(pl.col("rule").is_in(rules))
        .with_columns(statement=pl.struct(_WHO).rle_id())
        .with_columns(
            after=wide("amount").cum_sum().over("statement"),
            line=pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over("statement"),
            component=pl.lit(component.component),
        )
    )
    walked = narrow(walked, "after", "a running sum").with_columns(before=pl.col("after") - pl.col("amount"))
    quotas = with_quota(walked.select("statement", *_WHO).unique("statement"), component, roster, plan)
    return walked.join(
        quotas.select("statement", "quota", "problem"), on="statement", how="left", maintain_order="left"
    )


def _lines(walked: pl.DataFrame, plan: Plan, component: Component) -> pl.DataFrame:
    """Each line pays what F rises by; before the first line of a statement F(0) is zero."""
    paid = walked.with_columns(credited=pl.col("amount"), due=payout_at(pl.col("after"), component, plan))
    due_before = pl.col("due").shift(1, fill_value=0).over("statement")
    return paid.with_columns(amount=pl.col("due") - due_before).select(LINES.names())


def _slices(walked: pl.DataFrame, plan: Plan, component: Component) -> list[pl.DataFrame]:
    payable = walked.filter(pl.col("problem").is_null())
    gains = component.slices(pl.col("before"), pl.col("after"), pl.col("quota"), plan.digits)
    return [
        payable.with_columns(tier=pl.lit(number, dtype=pl.Int64), rate=pl.lit(tier.rate, dtype=pl.Int64), credited=gain)
        .filter(pl.col("credited") != whole(0))
        .select(SLICES.names())
        for number, (tier, gain) in enumerate(gains, start=1)
    ]
