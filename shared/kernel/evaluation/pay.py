"""Rows at which a plan version is evaluated: its measures, and what the components pay."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

import polars as pl

from shared.kernel.arithmetic.exact_column import ExactColumn, where
from shared.kernel.arithmetic.expressions import NUMBER_SCALE
from shared.kernel.arithmetic.running_sums import growth, running_sum
from shared.kernel.calendar import month_of_end
from shared.kernel.components import Component, Part
from shared.kernel.components.context import DealsInTurn, EvaluationContext
from shared.kernel.components.part import within_limits
from shared.kernel.evaluation.figures import Figures
from shared.kernel.evaluation.role_days import on_plan
from shared.kernel.evaluation.unpaid import first_reason, lacking_in_role, unpaid
from shared.kernel.evaluation.window_sums import window_starts
from shared.kernel.language.conventions import Reset
from shared.kernel.language.formulas import FormulaError
from shared.kernel.language.measures import Measure
from shared.kernel.plan.version import Plan
from shared.kernel.roster import Roster
from shared.kernel.tables import NUMBER

ORDER = ["participant_id", "fiscal", "version", "period"]
"""Steps in the order of time: within a fiscal period, what was credited by one version lies before what was by the
next."""
DEAL = ["credit_date", "deal_id"]
"""Within a step a deal, as often as it is credited on another date."""


@dataclass(frozen=True, kw_only=True)
class ComponentPay:
    """What a component pays at some rows: `due` is its pay in its window so far (minor units).

    `problem` is the reason (`shared.kernel.reasons`) why a row pays nothing, `about` what that is about; null where
    there is none. `payable` is false where what the component needs is not there, so that it cannot be evaluated.
    """

    due: pl.Series
    unlimited: pl.Series
    problem: pl.Series
    about: pl.Series
    payable: pl.Series
    context: EvaluationContext


def filled(rows: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    """Rows with all of these ingredients, zero where nothing adds to one."""
    missing = [pl.lit(0, dtype=pl.Int64).alias(name) for name in names if name not in rows.columns]
    return rows.with_columns(missing).with_columns(pl.col(names).fill_null(0))


def of_credits_in_order(rows: pl.DataFrame, *size: pl.Expr) -> pl.DataFrame:
    """Rows of a credit each in the order of time, or within a segment by `size`; those without a deal come first of
    their segment."""
    return rows.sort(*ORDER, pl.col("deal_id").is_not_null(), *size, *DEAL, "rule")


def context_for(rows: pl.DataFrame, plan: Plan, *, roster: Roster) -> EvaluationContext:
    """The rows as a place where the plan can be evaluated."""
    figures = Figures(plan, roster)
    return EvaluationContext(
        rows=rows,
        digits=plan.digits,
        conventions=plan.conventions,
        measured=lambda at, name: measured(at, plan, figures=figures, name=name),
        quotas=figures.quota,
        terms=figures.term,
        categories=figures.category,
        entered_for=figures.entered_for,
        per_deal=lambda at, name: _of_deals(at, plan, name=name),
        moments=lambda at, name: figures.moments(at, plan.component(name)),
        takes_part_in=lambda at, name: takes_part(
            at.rows, plan.prorated_over(plan.component(name)), plan=plan, roster=roster
        ),
        by_deal=plan.pays_by_deal,
    )


def context_of_deals(rows: pl.DataFrame, plan: Plan) -> EvaluationContext:
    """Deals as rows that know nothing but the plan's conventions: what pays a deal by itself may look at nothing
    else."""

    def unknown(_: EvaluationContext, name: str, *__: Any) -> Any:
        raise FormulaError(f"{name} is not known of a deal alone")

    return EvaluationContext(
        rows=rows,
        digits=plan.digits,
        conventions=plan.conventions,
        measured=unknown,
        quotas=unknown,
        terms=unknown,
        categories=unknown,
    )


def priced(component: Component, deals: DealsInTurn) -> Sequence[Part]:
    """What each credit pays that is paid in turn, with what the least and the most of a deal add and take."""
    least, most = component.deal_minimum, component.deal_maximum
    return within_limits(component.parts_in_turn(deals), deals, least=least, most=most)


def _of_deals(context: EvaluationContext, plan: Plan, *, name: str) -> ExactColumn:
    of_deals = ExactColumn.of(context.rows[f"@{name}"], 10**plan.digits)
    return bounded_deal_pay(plan.component(name), of_deals, context=context, plan=plan)


def bounded_deal_pay(
    component: Component, of_deals: ExactColumn, *, context: EvaluationContext, plan: Plan
) -> ExactColumn:
    """A sum over the deals that a component pays by themselves; zero where their measure is below zero, if it then
    counts as zero."""
    main = plan.measure(component.main_measure())
    if not plan.bounds_deals(component) or main is None:
        return of_deals
    return where(context.measured(context, main.measure) < 0, 0, otherwise=of_deals)


def ends_fiscal_period(plan: Plan) -> pl.Expr:
    """Which segments are the last of their fiscal period: all, in a calendar of months."""
    if plan.calendar.weeks is None:
        # Then a segment is a whole month, and a month is a fiscal period.
        return pl.lit(value=True)
    return pl.col("period") == month_of_end(pl.col("fiscal"), plan.calendar)


def component_pay(component: Component, context: EvaluationContext, *, plan: Plan, roster: Roster) -> ComponentPay:
    """What a component pays at every row, components it refers to being in `context.paid`."""
    ended = _ended(component, context, plan=plan)
    return component_pay_with(
        component,
        context,
        plan=plan,
        figures=Figures(plan, roster),
        over=lambda due: _in_window(due, component, context=context, plan=plan),
        ended=ended,
        takes_part=takes_part(context.rows, plan.window(component), plan=plan, roster=roster),
    )


def component_pay_with(
    component: Component,
    context: EvaluationContext,
    *,
    plan: Plan,
    figures: Figures,
    over: Callable[[ExactColumn], ExactColumn] = lambda due: due,
    ended: pl.Series | None = None,
    takes_part: pl.Series | None = None,
) -> ComponentPay:
    """The same with figures that need not come from a roster; `over` adds up what is due over the component's own
    window, `ended` says where the minimum holds and `takes_part` who is paid, if not everywhere."""
    none = pl.Series([None], dtype=pl.String).new_from_index(0, context.height)
    missing = lacking_in_role(component, context, plan=plan, figures=figures)
    problem, about = first_reason(missing, none, about=none)
    payable = problem.is_null()
    if takes_part is not None:
        payable &= takes_part
    here = where(payable & context.takes_part(component.component), component.unlimited(context), otherwise=0)
    # The order decides pay, and is that of the plan language: parts, gate and multipliers; rounded once; added up over
    # the component's own window; minimum and maximum of that window. A minimum before the window were a minimum of each
    # month.
    unlimited = over(here)
    limited = where(payable, component.limited(unlimited, context, ended=ended), otherwise=0)
    # For components that name it by `pay(...)`: they see what is really paid, after its limits.
    context.paid[component.component] = limited
    # Reasons cost a comparison each and most rows are paid: they are looked for only where some row pays nothing.
    nothing = here.equals(0)
    if component.minimum is not None:  # who is paid the minimum is paid
        nothing &= limited.equals(unlimited)
    if nothing.any():
        reasons = unpaid(component, context, plan=plan, figures=figures)
        problem, about = first_reason(reasons, problem, about=about, of=nothing)
    if not component.pays_without_credits and problem.is_not_null().any():
        idle = _nothing_reached(component, context, plan=plan) & (problem != "no_term").fill_null(value=True)
        problem, about = none.zip_with(idle, problem), none.zip_with(idle, about)
    what = f"the pay of {component.component}"
    return ComponentPay(
        due=limited.minor(plan.digits, what),
        unlimited=unlimited.minor(plan.digits, what),
        problem=problem,
        about=about,
        payable=payable,
        context=context,
    )


def _nothing_reached(component: Component, context: EvaluationContext, *, plan: Plan) -> pl.Series:
    """Who has nothing of all that the component looks at, and so is paid nothing in any case, whatever is missing."""
    # Except a term that is not in the roster (`no_term`): it is named before it matters.
    nothing = context.everywhere
    for name in sorted(plan.measures_of(component)):
        nothing &= context.measured(context, name).equals(0)
    return nothing


def _in_window(due: ExactColumn, component: Component, *, context: EvaluationContext, plan: Plan) -> ExactColumn:
    """In a window longer than that of its measure, such as a year of monthly tiers, the sum of what each month paid."""
    if not plan.sums_rounded(component):
        return due
    window, of_measure = plan.window(component), plan.windows.of_measure(component)
    # Each month's own pay is what its rounded running total grew by, so what is added here has been rounded already and
    # the sum has no second rounding.
    minor = due.minor(plan.digits, f"the pay of {component.component}")
    grown = growth(minor, window_starts(context.rows, of_measure, plan=plan)).cast(pl.Int128)
    return ExactColumn.of(running_sum(grown, window_starts(context.rows, window, plan=plan)), 10**plan.digits)


def _ended(component: Component, context: EvaluationContext, *, plan: Plan) -> pl.Series | None:
    """Where a fiscal period of the window has ended: not before that a minimum adds to what was credited."""
    if component.minimum is None or plan.calendar.weeks is None:
        return None
    # In a calendar of weeks a fiscal period may have segments in two months. A minimum is topped up once, in the
    # segment that ends the period; before it, the rest of the period may still bring what is missing.
    ends = context.rows.select(ends_fiscal_period(plan).cast(pl.Int64).alias("ends"))["ends"]
    return running_sum(ends, window_starts(context.rows, plan.window(component), plan=plan)) > 0


def takes_part(rows: pl.DataFrame, window: Reset, *, plan: Plan, roster: Roster) -> pl.Series:
    """Where participants have had a step of their own in the window so far, or one, if idle, as who is on the plan."""
    if "idle" not in rows.columns or not rows["idle"].any():
        return pl.Series([True]).new_from_index(0, rows.height)
    # Who has left keeps the place that they have in a window; in no later one they are ranked, or any amount is theirs.
    there = ~rows["idle"] | on_plan(rows, plan, roster=roster)
    return running_sum(there.cast(pl.Int64), window_starts(rows, window, plan=plan)) > 0


def without_leavers(amounts: pl.Series, rows: pl.DataFrame, *, plan: Plan, roster: Roster) -> pl.Series:
    """What each row adds to pay; by the convention nothing in a period at whose end somebody has left."""
    if plan.conventions.leavers == "paid_to_the_last_day":
        return amounts
    return amounts.zip_with(~Figures(plan, roster).left_within(rows), pl.Series([0], dtype=amounts.dtype))


def forfeited(rows: pl.DataFrame, plan: Plan, *, roster: Roster) -> pl.DataFrame:
    """Rows with their amounts as `without_leavers` leaves them, and that as the problem of those from which it takes
    something."""
    kept = without_leavers(rows["amount"], rows, plan=plan, roster=roster)
    taken = kept != rows["amount"]
    if not taken.any():
        return rows
    problem = pl.Series(["left_in_period"]).zip_with(taken, rows["problem"])
    return rows.with_columns(kept.alias("amount"), problem.alias("problem"))


def shown_measure(context: EvaluationContext, name: str | None) -> tuple[pl.Series, pl.Series, pl.Series]:
    """A measure, its quota and its attainment as people see them (`NUMBER`); zero without a measure, the others null
    without a quota.

    Raises:
        Overflow: one is beyond 10^28.
    """
    nothing = pl.Series([None], dtype=NUMBER).new_from_index(0, context.height)
    if name is None:
        return shown(ExactColumn.constant(0, context.height), ""), nothing, nothing
    value, quota = shown(context.value(name), f"measure {name}"), context.quota(name)
    # Not `plan.quotas_of`: a statement shows the quota of whoever has one, also where no pay depends on it.
    has = quota > 0
    if not has.any():
        return value, nothing, nothing
    attained = shown(context.attainment(name), f"the attainment of {name}")
    return value, shown(quota, f"the quota of {name}").zip_with(has, nothing), attained.zip_with(has, nothing)


def shown(exact: ExactColumn, what: str) -> pl.Series:
    """Numbers as people see them, with the digits that decide.

    Raises:
        Overflow: one is beyond 10^28; `what` names it.
    """
    whole = exact.shown(NUMBER_SCALE, what).cast(pl.Decimal(38, 0))
    return whole * pl.Series([1 / Decimal(NUMBER_SCALE)], dtype=NUMBER)


def measured(context: EvaluationContext, plan: Plan, *, figures: Figures, name: str) -> ExactColumn:
    """A measure from the ingredients in the rows, from scores, or from other measures."""
    measure = plan.measure(name)
    assert measure is not None
    if measure.score is not None:
        return figures.score(context, name)
    if measure.formula is not None:
        return context.number(measure.formula)
    if measure.lookup is not None:
        return measure.lookup.given(context)
    if measure.scorecard is not None:
        return _scorecard(context, measure)
    # Ingredients are minor units where they are money, and plain numbers where they count. `latest` is the amount of
    # the latest credit, and so money.
    money, one = 10**plan.digits, 1
    value = ExactColumn.of(context.rows[name], money if plan.money_in(name) else one)
    if f"{name}/to" in measure.ingredients:
        value = value / ExactColumn.of(context.rows[f"{name}/to"], money if plan.money_in(f"{name}/to") else one)
    return value


def _scorecard(context: EvaluationContext, measure: Measure) -> ExactColumn:
    weighted = ExactColumn.constant(0, context.height)
    for name, goal in (measure.scorecard or {}).items():
        attained = context.attainment(name)
        if goal.maximum is not None:
            attained = attained.least(Fraction(goal.maximum))
        counted = attained
        if goal.minimum is not None:
            counted = where(attained < Fraction(goal.minimum), 0, otherwise=attained)
        weighted = weighted + counted * Fraction(goal.weight)
    return weighted
