"""Budgets, the most that a component pays to everyone together: in proportion to what is due, or first come, first
served."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from fractions import Fraction

import polars as pl

from shared.kernel.arithmetic.running_sums import growth
from shared.kernel.calendar import end_of_segment, window_of
from shared.kernel.components import Component
from shared.kernel.components.context import EvaluationContext
from shared.kernel.components.groups import divided, grouped
from shared.kernel.evaluation.pay import (
    DEAL,
    ORDER,
    component_pay,
    context_for,
    filled,
    of_credits_in_order,
)
from shared.kernel.evaluation.window_sums import accumulated, window_keys, window_starts
from shared.kernel.plan.version import Plan
from shared.kernel.roster import Roster


def granted(component: Component, events: pl.DataFrame, *, plan: Plan, roster: Roster) -> pl.DataFrame:
    """participant_id, fiscal, version, period and `granted`: what the budget of a component leaves of what it pays in a
    segment (minor units).

    Args:
        component: has a budget, and its credits are kept one by one.
        events: what each credit, or all that are not kept apart in a segment, adds to every ingredient, of everyone.
        plan: the version.
        roster: of everyone.
    """
    assert component.budget is not None
    rows = of_credits_in_order(filled(events, plan.ingredient_names))
    context = context_for(accumulated(rows, plan), plan, roster=roster)
    due = component_pay(component, context, plan=plan, roster=roster).due
    # What no deal pays, such as a fixed amount, comes with the end of its segment.
    ends = end_of_segment(pl.col("period"), pl.col("fiscal"), calendar=plan.calendar)
    restarts = plan.conventions.versions == "restart"
    in_order = (
        rows.select(*ORDER, *DEAL, pays=growth(due, window_starts(rows, plan.window(component), plan=plan)))
        .with_columns(
            day=pl.coalesce("credit_date", ends),
            window=window_of(pl.col("fiscal"), plan.window(component)).cast(pl.Int64),
            under=pl.col("version") if restarts else pl.lit(0, dtype=pl.Int64),
        )
        .sort("day", "deal_id", "participant_id", nulls_last=True, maintain_order=True)
    )
    most = int(component.budget.scaleb(plan.digits))
    left: dict[object, int] = defaultdict(lambda: most)
    had: dict[object, int] = defaultdict(int)
    given: list[int] = []
    for window, under, who, pays in in_order.select("window", "under", "participant_id", "pays").iter_rows():
        of, own = (window, under), (window, under, who)
        # What is taken back makes room for whoever comes later, and is never more than what was given.
        gives = min(pays, left[of]) if pays > 0 else max(pays, -had[own])
        left[of] -= gives
        had[own] += gives
        given.append(gives)
    return (
        in_order.with_columns(pl.Series("granted", given, dtype=pl.Int64)).group_by(ORDER).agg(pl.col("granted").sum())
    )


def in_proportion(budget: Decimal, due: pl.Series, *, context: EvaluationContext) -> pl.Series:
    """What is due to everyone in a period, cut to the budget in proportion; the parts sum to it."""
    amounts = due.to_list()
    most = Fraction(budget) * 10**context.digits
    for members in grouped(context):
        if sum(amounts[row] for row in members) > most:
            # A part of a budget is never below zero: where the budget cuts, who would pay back has nothing and pays
            # nothing back.
            weights = [Fraction(max(0, amounts[row])) for row in members]
            for row, part in zip(members, divided(most, weights, digits=0), strict=True):
                amounts[row] = int(part)
    return pl.Series(amounts, dtype=pl.Int64)


def carried(rows: pl.DataFrame, component: Component, *, plan: Plan) -> pl.Series:
    """The amounts within the maximum of each window, what it cuts off being paid later, as far as there is room."""
    people = rows.select(window_keys("never", plan)).rows()
    windows = rows.select(window_keys(plan.window(component), plan)).rows()
    owed: dict[object, int] = defaultdict(int)
    in_window: dict[object, int] = defaultdict(int)
    paid: list[int] = []
    for who, window, amount, limit in zip(people, windows, rows["amount"], rows["most"], strict=True):
        # A balance per participant, whatever the window: what one window's maximum cuts off waits until another has
        # room. `amount` may be negative, and pays back what is owed first.
        owed[who] += amount
        pays = min(owed[who], limit - in_window[window])
        owed[who] -= pays
        in_window[window] += pays
        paid.append(pays)
    return pl.Series("amount", paid, dtype=pl.Int64)
