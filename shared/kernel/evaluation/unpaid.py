"""Why a component pays nothing in a row: because something that it needs is not there, or because of what the plan says
of where the participant stands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Final

import polars as pl

from shared.kernel.components import Component, Unpaid
from shared.kernel.components.base import AROUND
from shared.kernel.components.bonus import Bonus
from shared.kernel.components.context import EvaluationContext
from shared.kernel.components.unpaid import in_no_row, looked_up_nowhere
from shared.kernel.evaluation.figures import Figures
from shared.kernel.language.values import terms_in
from shared.kernel.plan.version import Plan

AT_ZERO: Final = "comes_to_zero"
"""The reason where a component pays nothing by its own rates and amounts, and nothing else is one."""


def lacking_in_role(
    component: Component, context: EvaluationContext, *, plan: Plan, figures: Figures
) -> Iterator[Unpaid]:
    """Where a component cannot be evaluated; of one that is prorated, at any time that counts."""
    moments = component.moments(context) if component.is_fixed else ()
    if not moments:
        yield from lacking(component, context, plan=plan, figures=figures)
    for moment in moments:
        for missing in lacking(component, moment.context, plan=plan, figures=figures):
            yield Unpaid(missing.reason, missing.about, missing.there & (moment.part > 0))


def lacking(component: Component, context: EvaluationContext, *, plan: Plan, figures: Figures) -> Iterator[Unpaid]:
    """Where a component cannot be evaluated. Of one that pays deals in turn what prices a deal is asked for there
    (`lacking_at_deals`), and here what is around that."""
    yield from _without_quota(component, context, plan=plan)
    around: Component = component
    if component.in_turn:
        around = Bonus(component=component.component, kind="bonus", amount=Decimal(0))
        around = around.model_copy(update={name: getattr(component, name) for name in AROUND})
    yield from _without_figure(around, context, plan=plan, figures=figures)


def lacking_at_deals(
    component: Component, context: EvaluationContext, *, plan: Plan, figures: Figures
) -> Iterator[Unpaid]:
    """Where a deal cannot be priced by a component that pays deals in turn."""
    yield from _without_quota(component, context, plan=plan)
    alone = component.model_copy(update={name: () if name == "multiply" else None for name in AROUND})
    yield from _without_figure(alone, context, plan=plan, figures=figures)


def _without_quota(component: Component, context: EvaluationContext, *, plan: Plan) -> Iterator[Unpaid]:
    if plan.conventions.zero_quota == "refuse":
        for name in sorted(plan.quotas_of(component)):
            yield Unpaid("no_quota", name, context.quota(name) <= 0)


def _without_figure(
    component: Component, context: EvaluationContext, *, plan: Plan, figures: Figures
) -> Iterator[Unpaid]:
    """Where a figure of the participant's own is missing, or a row for a category of theirs."""
    for term in terms_in(component):
        if term.default is None:
            yield Unpaid("no_term", term.term, ~figures.has_term(context, term.term))
    yield from component.in_no_row(context)
    for measure in plan.calculated_for(component):
        if measure.formula is not None:
            yield from in_no_row(measure.formula, context)
        if measure.lookup is not None:
            yield from looked_up_nowhere(measure.lookup, context)
            for _, text in measure.lookup.formulas():
                yield from in_no_row(text, context)


def unpaid(component: Component, context: EvaluationContext, *, plan: Plan, figures: Figures) -> Iterator[Unpaid]:
    """Why a component that was evaluated pays nothing; a term that a formula names and nobody has entered comes before
    what follows."""
    if plan.conventions.zero_quota == "nothing":
        for name in sorted(plan.quotas_of(component)):
            yield Unpaid("zero_quota", name, context.quota(name) <= 0)
    for name in sorted(plan.terms_of(component)):
        yield Unpaid("term_is_zero", name, ~figures.has_term(context, name))
    yield from component.unpaid(context)
    about = component.main_measure() or component.component
    # Last, and true everywhere: it is left for the rows of which nothing before it says why.
    yield Unpaid(AT_ZERO, about, context.everywhere)


def first_reason(
    reasons: Iterable[Unpaid], problem: pl.Series, *, about: pl.Series, of: pl.Series | None = None
) -> tuple[pl.Series, pl.Series]:
    """Problem and about, the first of the reasons in rows that have none yet; `of` says among which rows."""
    for unpaid in reasons:
        there = unpaid.there & problem.is_null() if of is None else unpaid.there & of & problem.is_null()
        if there.any():
            what = pl.Series([unpaid.about]) if isinstance(unpaid.about, str) else unpaid.about
            problem, about = pl.Series([unpaid.reason]).zip_with(there, problem), what.zip_with(there, about)
    return problem, about
