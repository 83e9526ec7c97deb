"""Measure: credits added up per participant and period, and what each period adds to the ingredients of a plan's
measures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl

from shared.kernel.arithmetic.exact_column import ExactColumn
from shared.kernel.arithmetic.expressions import narrow, wide
from shared.kernel.arithmetic.running_sums import enters, leaves
from shared.kernel.calendar import fiscal_of, fiscal_of_month, window_of
from shared.kernel.evaluation.pay import DEAL, ORDER, context_of_deals
from shared.kernel.plan.plan_set import PlanSet
from shared.kernel.plan.version import Plan
from shared.kernel.tables import EVENT, MEASURES, SUMS, empty

STEP = ["participant_id", "plan", "version", "period", "fiscal"]
"""A step: a participant under a plan version in a segment."""
EVENT_KEYS = [field.name for field in EVENT.fields]


def summed(credits: pl.DataFrame, plans: PlanSet) -> pl.DataFrame:
    """Credits added up (`SUMS`), with what components pay deal by deal beside them.

    Raises:
        Overflow: a sum is beyond 10^18 minor units.
    """
    tables = [empty(SUMS)]
    for plan in plans:
        tables += [sums.select(SUMS.names()) for sums in _summed(credits.filter(plan.own_rows), plan)]
    return pl.concat(tables)


def _summed(credits: pl.DataFrame, plan: Plan) -> Iterator[pl.DataFrame]:
    """The sums of a version's credits, and for each component that pays deal by deal those of what it pays for them."""
    by_deal = [(rules, pays.alias(f"@{name}")) for name, rules, pays in paid_by_deal(credits, plan)]
    amounts = ["amount", *(pays.name for _, pays in by_deal)]
    buckets, what = _buckets(plan), "a sum of credits"
    keys = ["participant_id", "rule", "period", *buckets]
    if plan.calendar.weeks is not None:
        credits = credits.with_columns(fiscal=fiscal_of(pl.col("credit_date"), plan.calendar))
        keys.append("fiscal")
    rows = credits.with_columns(**buckets).select(*keys, "amount").with_columns(pays for _, pays in by_deal)
    sums = rows.group_by(keys).agg(*(wide(name).sum() for name in amounts), deals=pl.len().cast(pl.Int64))
    if plan.calendar.weeks is None:
        sums = sums.with_columns(fiscal=fiscal_of_month(pl.col("period"), plan.calendar))
    named = {
        "plan": pl.lit(plan.plan),
        "version": pl.lit(plan.version, dtype=pl.Int64),
        "currency": pl.lit(plan.currency),
    }
    yield narrow(
        sums.with_columns(bucket=pl.col("bucket") if "bucket" in keys else pl.lit(""), **named), "amount", what=what
    )
    for rules, pays in by_deal:
        due = sums.filter(pl.col("rule").is_in(sorted(rules))).group_by("participant_id", "period", "fiscal")
        paid = due.agg(pl.col(pays.name).sum().alias("amount"), pl.col("deals").sum())
        yield narrow(paid.with_columns(rule=pl.lit(pays.name), bucket=pl.lit(""), **named), "amount", what=what)


def _buckets(plan: Plan) -> dict[str, pl.Expr]:
    """By what credits of the same rule are kept apart, where a measure of the plan looks at them one by one."""
    if plan.apart.one_by_one:
        # Of the latest value there is no sum. Kept apart by day and deal, in an order of their own, each credit adds
        # what it differs from the one before it: a sum of changes, which ends in the latest value. And what a deal
        # pays in turn is known only where all deals before it are. `|` is in no id.
        told_apart = pl.when(pl.col("bucket") == "").then(pl.lit("")).otherwise(pl.lit("|") + pl.col("bucket"))
        by_time = pl.concat_str(pl.col("credit_date").cast(pl.String), pl.lit("/"), "deal_id", told_apart)
        one_by_one = pl.col("rule").is_in(sorted(plan.apart.one_by_one))
        return {"bucket": pl.when(one_by_one).then(by_time).otherwise("bucket").alias("bucket")}
    kept = plan.apart.groups or any(measure.bucket for measure in plan.measures)
    return {"bucket": pl.col("bucket")} if kept else {}


def paid_by_deal(credits: pl.DataFrame, plan: Plan) -> Iterator[tuple[str, set[str], pl.Series]]:
    """For each component that pays deal by deal: its name, the rules of its measure, and what every credit would pay
    (Int64)."""
    for component in plan.components:
        measure = plan.measure(component.main_measure())
        if measure is None or component.component not in plan.pays_by_deal or component.in_turn:
            continue
        # Rounded here, credit by credit, and only summed afterwards: that is what `round_on: deal` means, and the sum
        # of it is as much a sum over credits as any other ingredient, so that a stream can keep it.
        context = context_of_deals(credits, plan)
        pays = component.per_deal(ExactColumn.of(credits["amount"], 10**plan.digits), context)
        yield component.component, measure.rules, context.rounded(pays).minor(plan.digits, "the pay of a deal")


def measure(credits: pl.DataFrame, plans: PlanSet) -> pl.DataFrame:
    """What each segment adds to every ingredient of the measures of the plan versions.

    Args:
        credits: `CREDITS`, or `SUMS` of them; with all of a window, where measures go on over several.
        plans: the versions the credits name.

    Returns:
        `MEASURES`: every ingredient for everyone with a credit under the plan version in the segment.

    Raises:
        Overflow: a sum is beyond 10^18 minor units.
    """
    sums = credits if "deals" in credits.columns else summed(credits, plans)
    tables = [empty(MEASURES)]
    for together in plans.version_chains():
        every = pl.concat(sums.filter(plan.own_rows) for plan in together)
        apart = any(plan.apart.by_event for plan in together)
        if apart:
            every = _with_events(every, together)
        every = with_increments(every.sort(*ORDER, *(DEAL if apart else ["bucket"]), "rule"), together)
        for plan in together:
            names = plan.ingredient_names
            steps = every.filter(pl.col("version") == plan.version) if len(together) > 1 else every
            keys = [*STEP, "event"] if apart else STEP
            added_up = steps.group_by(keys).agg(wide(name).sum() for name in names)
            added_up = narrow(added_up, *names, what="the sum of a measure")
            long = added_up.unpivot(names, index=keys, variable_name="measure", value_name="amount")
            if apart:
                # Most credits add to one ingredient only: the others are zero without a row.
                long = long.filter(
                    pl.col("event").is_null() | (pl.col("amount") != 0) | (pl.col("measure") == names[0])
                )
            else:
                long = long.with_columns(event=pl.lit(None, dtype=EVENT))
            tables.append(long)
    return pl.concat(table.select(MEASURES.names()).cast(MEASURES) for table in tables)


def _with_events(sums: pl.DataFrame, together: Sequence[Plan]) -> pl.DataFrame:
    """Sums with the date, the deal and the `event` of those that are of one credit each, whose `bucket` is that of the
    credit again, and with the `event` of those that are of a group."""
    kept_apart = [_by(plan, together) & pl.col("rule").is_in(sorted(plan.apart.one_by_one)) for plan in together]
    one_by_one = pl.any_horizontal(kept_apart)
    by_time = pl.col("bucket").str.splitn("|", 2).struct
    read = sums.with_columns(
        credit_date=pl.when(one_by_one).then(pl.col("bucket").str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False)),
        deal_id=pl.when(one_by_one).then(by_time.field("field_0").str.slice(11)),
        bucket=pl.when(one_by_one).then(by_time.field("field_1").fill_null("")).otherwise("bucket"),
    )
    of_groups = [_by(plan, together) & pl.col("rule").is_in(sorted(plan.apart.rules_of_groups)) for plan in together]
    told = pl.col("deal_id").is_not_null() | pl.any_horizontal(of_groups)
    return read.with_columns(event=pl.when(told).then(pl.struct(EVENT_KEYS)))


def with_increments(events: pl.DataFrame, together: Sequence[Plan]) -> pl.DataFrame:
    """What each row adds to every ingredient of versions whose sums go on, as a column per ingredient.

    Rows are in order within each participant. Each counts as the version by which it was credited says.
    """
    names = {name: None for plan in together for name, _, _ in plan.ingredients()}
    by_deal = [
        pl.when(pl.col("rule") == f"@{name}").then("amount").otherwise(0).alias(f"@{name}")
        for name in {name: None for plan in together for name in plan.pays_by_deal}
        if f"@{name}" not in events.columns
    ]
    return events.with_columns(*(_added(name, together) for name in names), *by_deal)


def _added(name: str, together: Sequence[Plan]) -> pl.Expr:
    sources = [
        (plan, ingredient, of) for plan in together for which, ingredient, of in plan.ingredients() if which == name
    ]
    hits = [_by(plan, together) & pl.col("rule").is_in(list(ingredient.rules)) for plan, ingredient, _ in sources]
    hit = pl.any_horizontal(hits)
    column = pl.lit(0, dtype=pl.Int64)
    apart = any(plan.apart.by_event for plan in together)
    for (plan, ingredient, of), own in zip(sources, hits, strict=True):
        within: list[pl.Expr] = [pl.col("participant_id")]
        if of.rolling is None:
            within.append(window_of(pl.col("fiscal"), of.reset))
        if plan.conventions.versions == "restart":
            within.append(pl.col("version"))
        match ingredient.take:
            case "amount":
                value = pl.col("amount")
            case "deals":
                value = pl.col("deals")
            case "distinct" | "leaving" if of.rolling is not None:
                told = (pl.col("bucket").str.split(",").list.first() if apart else pl.col("bucket")).alias("told")
                moves = enters if ingredient.take == "distinct" else leaves
                # Of a group every one is told: which is its first is seen with everyone's (`group_sums`).
                moved = pl.lit(True) if of.among else moves(pl.col("fiscal"), of.rolling, of=[*within, told, hit])
                value = (moved & (told != "")).cast(pl.Int64)
            case "distinct":
                # The first row of a bucket in its window counts one, and later ones nothing. Over the rows of every
                # version together, so that an account that bought under the old version is not new under the next.
                counted = pl.col("bucket").str.split(",").list.first() if apart else pl.col("bucket")
                # Of a group every one is told: which is its first is seen with everyone's (`group_sums`).
                first = pl.lit(True) if of.among else pl.int_range(pl.len()).over(*within, counted, hit) == 0
                value = (first & (counted != "")).cast(pl.Int64)
            case _:
                # What the latest value changed by. The rows are in order of credit date (`bucket` is the date and the
                # deal), so the running sum is the latest value up to each row.
                value = pl.col("amount") - pl.col("amount").shift(1, fill_value=0).over(*within, hit)
        column = pl.when(own).then(value).otherwise(column)
    return column.alias(name)


def _by(plan: Plan, together: Sequence[Plan]) -> pl.Expr:
    return pl.col("version") == plan.version if len(together) > 1 else pl.lit(True)
