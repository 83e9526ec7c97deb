"""Explain: the lines of an earning, the same calculation walked along the running sum in deal order."""

from __future__ import annotations

from typing import NamedTuple

import polars as pl

from shared.kernel.earn import earn
from shared.kernel.measure import STEP, added, measure, paid_by_deal
from shared.kernel.plan import Plan
from shared.kernel.plan_set import PlanSet
from shared.kernel.roster import Roster
from shared.kernel.standing import accumulated
from shared.kernel.tables import LINES, SLICES, empty
from shared.kernel.walk import EARNING, LAST, OPENING, Walk, after_lines, without_deal


class Explained(NamedTuple):
    """The lines of some earnings (`LINES`), and the parts of each line (`SLICES`)."""

    lines: pl.DataFrame
    slices: pl.DataFrame


def explain(credits: pl.DataFrame, roster: Roster, plans: PlanSet, earnings: pl.DataFrame | None = None) -> Explained:
    """The lines of every earning of the credits: deals by credit date, then deal id, then rule, unless the plan says otherwise.

    A line pays `round(F(after)) - round(F(before))`, so that lines sum to the earning to the cent. What a minimum, a maximum or a
    carry-over changes is a line of its own.

    Args:
        credits: all `CREDITS` of the participants to explain, of all periods of a window.
        roster: quotas, terms and scores.
        plans: the versions the credits name.
        earnings: their `EARNINGS`, for whoever knows them already; needed where a plan compares participants with others.

    Returns:
        lines numbered from 1 per participant, plan version, component and period, and their slices.

    Raises:
        Overflow: a running sum is beyond 10^18 minor units.
    """
    earned = earn(measure(credits, plans), roster, plans) if earnings is None else earnings
    lines, slices = [empty(LINES)], [empty(SLICES)]
    for together in plans.together():
        every = pl.concat([_events(credits, earned, plan) for plan in together], how="diagonal")
        every = added(_sorted(every), together)
        for plan in together:
            summed = accumulated(_in_order(every, plan), plan)
            for component in plan.in_order:
                if type(component).walks:
                    walk = Walk(summed, plan, component, roster)
                    lines.append(walk.lines())
                    slices += walk.slices()
    walked = pl.concat(lines)
    rest = _rest(walked, earned, plans)
    return Explained(_numbered(pl.concat([walked, rest])), pl.concat(slices))


def _events(credits: pl.DataFrame, earned: pl.DataFrame, plan: Plan) -> pl.DataFrame:
    """The credits of a version, with what components that pay by the deal pay for each, and the opening of every period."""
    of_plan = credits.filter((pl.col("plan") == plan.plan) & (pl.col("version") == plan.version))
    by_deal = (
        [
            due.alias(f"@{name}").zip_with(of_plan["rule"].is_in(sorted(rules)), pl.Series([0]))
            for name, rules, due in paid_by_deal(of_plan, plan)
        ]
        if plan.pays_by_deal
        else []
    )
    rows = of_plan.with_columns(*by_deal, deals=pl.lit(1, dtype=pl.Int64))
    openings = (
        pl.concat([of_plan.select(STEP), _of(earned, plan).select(STEP)])
        .unique()
        .with_columns(rule=pl.lit(OPENING), amount=pl.lit(0, dtype=pl.Int64), deals=pl.lit(0, dtype=pl.Int64))
    )
    return pl.concat([rows, openings], how="diagonal").with_columns(first=pl.col("rule") != OPENING)


def _of(table: pl.DataFrame, plan: Plan) -> pl.DataFrame:
    return table.filter((pl.col("plan") == plan.plan) & (pl.col("version") == plan.version))


def _in_order(events: pl.DataFrame, plan: Plan) -> pl.DataFrame:
    """The events in the order of the plan, each with what it adds to every ingredient by its date."""
    if plan.conventions.order != "date":
        size = pl.col("amount") if plan.conventions.order == "smallest_first" else -pl.col("amount")
        events = _sorted(events, size)
    return events.with_columns(pl.col(plan.ingredient_names).fill_null(0))


def _sorted(events: pl.DataFrame, *size: pl.Expr) -> pl.DataFrame:
    """By participant and month, the opening first, then by size where that counts, then by date."""
    # Participants and periods are few: as numbers in their order they sort several times faster than as texts.
    few = [pl.col(name).cast(pl.Enum(events[name].unique().sort())) for name in ("participant_id", "period")]
    return events.sort(*few, "version", "first", *size, "credit_date", "deal_id", "rule", nulls_last=False)


def _rest(walked: pl.DataFrame, earned: pl.DataFrame, plans: PlanSet) -> pl.DataFrame:
    """What earnings have beyond lines that tell them: the pay of kinds whose pay is one number, carry-overs, limits of the plan."""
    told = walked.group_by(EARNING).agg(told=pl.col("amount").sum())
    names = {
        (plan.plan, plan.version, c.component): after_lines(c) if c.told_by_earning else None
        for plan in plans
        for c in plan.components
    }
    rules = [names.get(key, "limit") for key in earned.select("plan", "version", "component").iter_rows()]
    left = (
        earned.with_columns(pl.Series("rule", rules, dtype=pl.String), after="measure")
        .join(told, on=EARNING, how="left")
        .with_columns(rest=pl.col("amount") - pl.col("told").fill_null(0))
        .filter((pl.col("rest") != 0) & pl.col("rule").is_not_null())
    )
    return without_deal(left, "rest", pl.col("rule"))


def _numbered(lines: pl.DataFrame) -> pl.DataFrame:
    last = pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over(EARNING)
    return lines.with_columns(line=pl.when(pl.col("line") < LAST).then("line").otherwise(last))
