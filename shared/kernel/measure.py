"""Measure: credits added up per participant and period, and what each period adds to the ingredients of a plan's measures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

import polars as pl

from shared.kernel.calendar import window_of
from shared.kernel.columns import Exact
from shared.kernel.exact import narrow, wide
from shared.kernel.measures import Measure
from shared.kernel.plan import Plan
from shared.kernel.plan_set import PlanSet
from shared.kernel.tables import CREDITS, MEASURES, SUMS, empty

STEP = ["participant_id", "plan", "version", "period"]
ORDER = ["participant_id", "period", "version"]


def summed(credits: pl.DataFrame, plans: PlanSet) -> pl.DataFrame:
    """Credits added up (`SUMS`), with what components pay deal by deal beside them.

    Raises:
        Overflow: a sum is beyond 10^18 minor units.
    """
    rows = [credits.select(CREDITS.names())]
    for plan in plans:
        rows += [row.select(CREDITS.names()) for row in _deal_by_deal(credits, plan)]
    latest = {rule for plan in plans for m in plan.measures if m.bucket == "@latest" for rule in m.rules}
    by_time = pl.concat_str(pl.col("credit_date").cast(pl.String), pl.lit("/"), "deal_id")
    every = pl.concat(rows).with_columns(
        bucket=pl.when(pl.col("rule").is_in(sorted(latest))).then(by_time).otherwise("bucket")
    )
    keys = [name for name in SUMS if name not in ("amount", "deals")]
    sums = every.group_by(keys).agg(wide("amount").sum(), deals=pl.len().cast(pl.Int64))
    return narrow(sums, "amount", "a sum of credits").select(SUMS.names())


def paid_by_deal(credits: pl.DataFrame, plan: Plan) -> Iterator[tuple[str, set[str], pl.Series]]:
    """For each component that pays deal by deal: its name, the rules of its measure, and what every credit would pay (Int64)."""
    for component in plan.components:
        measure = plan.measure(component.main_measure())
        if measure is None or component.component not in plan.pays_by_deal:
            continue
        pays = component.per_deal(Exact.of(credits["amount"], 10**plan.digits), plan.bare(credits))
        unit = Fraction(1, 10**plan.digits)
        due = pays.rounded(plan.conventions.rounding, unit).minor(plan.digits, "the pay of a deal")
        yield component.component, measure.rules, due


def _deal_by_deal(credits: pl.DataFrame, plan: Plan) -> Iterator[pl.DataFrame]:
    if not plan.pays_by_deal:
        return
    of_plan = credits.filter((pl.col("plan") == plan.plan) & (pl.col("version") == plan.version))
    for name, rules, due in paid_by_deal(of_plan, plan):
        yield (
            of_plan.with_columns(due.alias("amount"))
            .filter(pl.col("rule").is_in(sorted(rules)))
            .with_columns(rule=pl.lit(f"@{name}"), bucket=pl.lit(""))
        )


def measure(credits: pl.DataFrame, plans: PlanSet) -> pl.DataFrame:
    """What each period adds to every ingredient of the measures of the plan versions.

    Args:
        credits: `CREDITS`, or `SUMS` of them; with all periods of a window, where measures go on over several.
        plans: the versions the credits name.

    Returns:
        `MEASURES`: every ingredient for everyone with a credit under the plan version in the period.

    Raises:
        Overflow: a sum is beyond 10^18 minor units.
    """
    sums = credits if "deals" in credits.columns else summed(credits, plans)
    found = [empty(MEASURES)]
    for together in plans.together():
        every = pl.concat(
            [added(_of(sums, plan).sort(*ORDER, "bucket", "rule"), plan) for plan in together], how="diagonal"
        )
        for plan in together:
            names = plan.ingredient_names
            steps = every.filter(pl.col("version") == plan.version) if len(together) > 1 else every
            added_up = steps.group_by(STEP).agg(wide(name).sum() for name in names)
            for name in names:
                added_up = narrow(added_up, name, "the sum of a measure")
            found.append(added_up.unpivot(names, index=STEP, variable_name="measure", value_name="amount"))
    return pl.concat(each.select(MEASURES.names()).cast(MEASURES) for each in found)


def added(events: pl.DataFrame, plan: Plan) -> pl.DataFrame:
    """What each row adds to every ingredient, as a column per ingredient; rows are in order within each participant."""
    columns = [_added(name, ingredient.take, ingredient.rules, of, plan) for name, ingredient, of in plan.ingredients()]
    by_deal = [
        pl.when(pl.col("rule") == f"@{component}").then("amount").otherwise(0).alias(f"@{component}")
        for component in plan.pays_by_deal
        if f"@{component}" not in events.columns
    ]
    return events.with_columns(*columns, *by_deal)


def _added(name: str, take: str, rules: Sequence[str], of: Measure, plan: Plan) -> pl.Expr:
    hit = pl.col("rule").is_in(list(rules))
    within: list[pl.Expr] = [pl.col("participant_id"), window_of(pl.col("period"), of.reset, plan.calendar)]
    if plan.conventions.versions == "restart":
        within.append(pl.col("version"))
    match take:
        case "amount":
            value = pl.col("amount")
        case "deals":
            value = pl.col("deals")
        case "distinct":
            value = (pl.int_range(pl.len()).over(*within, "bucket", hit) == 0).cast(pl.Int64)
        case _:
            value = pl.col("amount") - pl.col("amount").shift(1, fill_value=0).over(*within, hit)
    return pl.when(hit).then(value).otherwise(pl.lit(0, dtype=pl.Int64)).alias(name)


def _of(table: pl.DataFrame, plan: Plan) -> pl.DataFrame:
    return table.filter((pl.col("plan") == plan.plan) & (pl.col("version") == plan.version))
