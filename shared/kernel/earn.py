"""Earn: what each component of a plan pays for what participants have reached."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from decimal import Decimal
from fractions import Fraction

import polars as pl

from shared.kernel.at import At
from shared.kernel.calendar import last_of_window, period_of
from shared.kernel.components import Component
from shared.kernel.groups import divided, grouped
from shared.kernel.language import Figure
from shared.kernel.measure import ORDER, STEP
from shared.kernel.plan import Plan
from shared.kernel.plan_set import PlanSet
from shared.kernel.roster import Roster
from shared.kernel.runs import growth
from shared.kernel.standing import accumulated, paid, place, shown, starts, within
from shared.kernel.tables import EARNINGS, empty

MAXIMUM, MINIMUM = "plan_maximum", "plan_minimum"
"""The names under which a plan's own limits stand among its components."""


def earn(measures: pl.DataFrame, roster: Roster, plans: PlanSet) -> pl.DataFrame:
    """Evaluate every component; rounds once, on what it has paid in its window so far, of which a period pays the growth.

    Args:
        measures: `MEASURES`, with all periods of a window where a measure goes on over several.
        roster: quotas, terms and scores; those of a period are the ones in force on its last day.
        plans: the versions the measures name.

    Returns:
        `EARNINGS`, one row per participant, plan version, component and period.

    Raises:
        Overflow: a sum or an amount is beyond 10^18 minor units.
    """
    found = [empty(EARNINGS)]
    for together in plans.together():
        contributed = pl.concat(
            [steps for plan in together for steps in _contributed(measures, roster, plan)], how="diagonal"
        )
        for plan in together:
            found += _earned(_complete(contributed, plan), roster, plan)
    return pl.concat(found)


def _contributed(measures: pl.DataFrame, roster: Roster, plan: Plan) -> Iterator[pl.DataFrame]:
    """What each step of a version adds to its ingredients, one row per participant and period; months with scores are steps."""
    of_plan = measures.filter((pl.col("plan") == plan.plan) & (pl.col("version") == plan.version))
    yield of_plan.pivot("measure", index=STEP, values="amount").sort(ORDER)
    if any(measure.score for measure in plan.measures):
        yield _scored(roster, plan).join(of_plan.select(STEP).unique(), on=STEP, how="anti")


def _scored(roster: Roster, plan: Plan) -> pl.DataFrame:
    """The steps of participants on the version for whom a score was entered."""
    names = [measure.measure for measure in plan.measures if measure.score]
    rows = roster.scores.filter(pl.col("name").is_in(names)).select("participant_id", day="effective_from")
    on = rows.sort("day").join_asof(
        roster.assignments, left_on="day", right_on="effective_from", by="participant_id", check_sortedness=False
    )
    return (
        on.filter((pl.col("plan") == plan.plan) & pl.col("active") & plan.holds(pl.col("day")))
        .select(
            "participant_id",
            "plan",
            version=pl.lit(plan.version, dtype=pl.Int64),
            period=period_of(pl.col("day"), plan.calendar),
        )
        .unique()
    )


def _complete(steps: pl.DataFrame, plan: Plan) -> pl.DataFrame:
    """Steps with every ingredient of the plan, in order; where everyone is compared over a longer window, with everyone's periods."""
    missing = [pl.lit(0, dtype=pl.Int64).alias(name) for name in plan.ingredient_names if name not in steps.columns]
    whole = steps.with_columns(missing)
    if any(c.compares and plan.window(c) != "month" for c in plan.components):
        everyone = (
            whole.select("participant_id", "plan", "version")
            .unique()
            .join(whole.select("period").unique(), how="cross")
        )
        first = whole.group_by("participant_id").agg(first=pl.col("period").min())
        idle = everyone.join(first, on="participant_id").filter(pl.col("period") > pl.col("first")).select(STEP)
        whole = pl.concat([whole, idle.join(whole.select(STEP), on=STEP, how="anti")], how="diagonal")
    return whole.with_columns(pl.col(plan.ingredient_names).fill_null(0)).sort(ORDER)


def _earned(steps: pl.DataFrame, roster: Roster, plan: Plan) -> list[pl.DataFrame]:
    if steps.is_empty():
        return []
    at = place(accumulated(steps, plan), plan, roster)
    by_name = {component.component: _paid(component, at, plan, roster) for component in plan.in_order}
    found = [by_name[component.component] for component in plan.components]
    return [*found, *_limits(found, at, plan)]


def _paid(component: Component, at: At, plan: Plan, roster: Roster) -> pl.DataFrame:
    pay = paid(component, at, plan, roster)
    value, quota = shown(at, component.main_measure(), plan)
    due = pay.due if component.budget is None else _within(component.budget, pay.due, at)
    amount = growth(due, starts(at.rows, plan.window(component), plan))
    grown = at.rows.select(STEP).with_columns(
        value.alias("measure"), quota.alias("quota"), pay.problem.alias("problem"), amount.alias("amount")
    )
    if component.carry_over:
        grown = grown.with_columns(_carried(grown, component, at, plan))
    grown = grown.filter(pl.col("version") == plan.version)
    if component.pays != "month":
        grown = _together(grown, component, plan)
    return _as_earnings(grown, component.component, plan)


def _within(budget: Decimal, due: pl.Series, at: At) -> pl.Series:
    """What is due to everyone in a period, cut to the budget in proportion; the parts sum to it."""
    found = due.to_list()
    most = Fraction(budget) * 10**at.digits
    for members in grouped(at):
        if sum(found[row] for row in members) > most:
            weights = [Fraction(max(0, found[row])) for row in members]
            for row, part in zip(members, divided(most, weights, 0), strict=True):
                found[row] = int(part)
    return pl.Series(found, dtype=pl.Int64)


def _together(rows: pl.DataFrame, component: Component, plan: Plan) -> pl.DataFrame:
    """The periods of a quarter, half-year or year as one, in its last month."""
    last = last_of_window(pl.col("period"), component.pays, plan.calendar)
    return (
        rows.with_columns(period=last)
        .group_by(STEP, maintain_order=True)
        .agg(pl.col("measure", "quota", "problem").last(), pl.col("amount").sum())
    )


def _as_earnings(rows: pl.DataFrame, name: str, plan: Plan) -> pl.DataFrame:
    return rows.with_columns(component=pl.lit(name), currency=pl.lit(plan.currency)).select(EARNINGS.names())


def _carried(rows: pl.DataFrame, component: Component, at: At, plan: Plan) -> pl.Series:
    """The amounts within the maximum of each window, what it cuts off being paid later, as far as there is room."""
    most = _figure_minor(component.maximum, at, plan)
    people = rows.select(within("never", plan)).rows()
    windows = rows.select(within(plan.window(component), plan)).rows()
    owed: dict[object, int] = defaultdict(int)
    in_window: dict[object, int] = defaultdict(int)
    found: list[int] = []
    for who, window, amount, limit in zip(people, windows, rows["amount"], most, strict=True):
        owed[who] += amount
        pays = min(owed[who], limit - in_window[window])
        owed[who] -= pays
        in_window[window] += pays
        found.append(pays)
    return pl.Series("amount", found, dtype=pl.Int64)


def _limits(found: Iterable[pl.DataFrame], at: At, plan: Plan) -> list[pl.DataFrame]:
    """What the plan's own minimum adds to, and its maximum takes from, the pay of a month."""
    if plan.minimum is None and plan.maximum is None:
        return []
    total = pl.concat(found).group_by(STEP).agg(pl.col("amount").sum(), pl.len())
    rows = (
        at.rows.select(STEP)
        .join(total, on=STEP, how="left", maintain_order="left")
        .with_columns(pl.col("amount").fill_null(0))
    )
    limited: list[pl.DataFrame] = []
    for name, figure in ((MINIMUM, plan.minimum), (MAXIMUM, plan.maximum)):
        if figure is None:
            continue
        limit = pl.Series("limit", _figure_minor(figure, at, plan), dtype=pl.Int64)
        moved = (pl.col("limit") - pl.col("amount")).clip(
            **({"lower_bound": 0} if name == MINIMUM else {"upper_bound": 0})
        )
        by = (
            rows.with_columns(limit)
            .with_columns(moved=moved)
            .filter((pl.col("moved") != 0) & (pl.col("version") == plan.version))
        )
        limited.append(
            _as_earnings(
                by.with_columns(
                    measure="amount",
                    quota=pl.lit(None, dtype=pl.Int64),
                    problem=pl.lit(None, dtype=pl.String),
                    amount="moved",
                ),
                name,
                plan,
            )
        )
    return limited


def _figure_minor(figure: Figure | None, at: At, plan: Plan) -> list[int]:
    assert figure is not None
    exact = at.figure(figure).rounded(plan.conventions.rounding, Fraction(1, 10**plan.digits))
    return exact.minor(plan.digits, "a limit").to_list()
