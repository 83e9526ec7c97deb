"""The point at which a plan is looked at where nothing else is said: everything exactly at quota, scores at 100%."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from pydantic import BaseModel

from shared.kernel.language.formulas import references
from shared.kernel.language.measures import Measure
from shared.kernel.language.values import Term
from shared.kernel.plan.version import Plan

MONEY, COUNT, TERM = Fraction(100_000), Fraction(10), Fraction(10_000)
"""A quota in money, a quota of deals, and a figure of a participant's own, where the plan gives none."""


def quota_of(measure: Measure) -> Fraction:
    """The plan's default quota, or one of a usual size."""
    if measure.quota.default is not None and measure.quota.default > 0:
        return Fraction(measure.quota.default)
    if measure.is_share:
        return Fraction(1)
    return COUNT if measure.count_of is not None or measure.distinct is not None else MONEY


def reference_value(measure: Measure) -> Fraction:
    """The measure at 100% of that quota."""
    return quota_of(measure)


def reference_terms(plan: Plan) -> dict[str, Fraction]:
    """A figure for every term that the plan names."""
    found = dict.fromkeys(_named(plan), TERM)
    for term in _terms(plan):
        found[term.term] = TERM if term.default is None else Fraction(term.default)
    return found


def _named(plan: Plan) -> Iterator[str]:
    for component in plan.components:
        yield from (each.name for each in component.uses() if each.kind == "term")
    for measure in plan.measures:
        if measure.formula is not None:
            yield from (each.name for each in references(measure.formula) if each.kind == "term")


def _terms(value: Any) -> Iterator[Term]:
    if isinstance(value, Term):
        yield value
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _terms(getattr(value, name))
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _terms(each)
