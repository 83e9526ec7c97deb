"""The point at which a plan is looked at where nothing else is said: everything exactly at quota, scores at 100%."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import Final

from shared.kernel.components import Component
from shared.kernel.language.measures import Measure
from shared.kernel.language.values import terms_in
from shared.kernel.plan.version import Plan

MONEY, COUNT, TERM = Fraction(100_000), Fraction(10), Fraction(10_000)
"""A quota in money, a quota of deals, and a figure of a participant's own, where the plan gives none."""
MOST_CATEGORIES: Final = 8
"""So many participants of different categories are looked at: more would seldom say more, and each costs time."""


def quota_of(measure: Measure) -> Fraction:
    """The plan's default quota, or one of a usual size; the measure itself, where it is at 100% of it."""
    if measure.quota.fixed is not None and measure.quota.fixed > 0:
        return Fraction(measure.quota.fixed)
    if measure.is_share:
        return Fraction(1)
    return COUNT if measure.counts else MONEY


def reference_categories(plan: Plan) -> list[dict[str, str]]:
    """Categories as which participants are looked at, so that each text of the plan is there once: the first of every
    category together, then the second, and last who has none."""
    texts: dict[str, list[str]] = {}
    for _, (category, compared) in plan.categories():
        known = texts.setdefault(category, [])
        known += [text for text in compared if text not in known]
    most = min(max(map(len, texts.values()), default=0), MOST_CATEGORIES)
    named = [{name: known[number % len(known)] for name, known in texts.items() if known} for number in range(most)]
    return [*named, {}]


def reference_terms(plan: Plan) -> dict[str, Fraction]:
    """A figure for every term that the plan names, its default where it has one."""
    references = [reference for component in plan.components for reference in component.uses()]
    references += [reference for measure in plan.measures for reference in measure.builds_on()]
    in_formulas = dict.fromkeys((reference.name for reference in references if reference.kind == "term"), TERM)
    return in_formulas | {
        term.term: TERM if term.default is None else Fraction(term.default) for term in terms_in(plan)
    }


def assumed_terms(plan: Plan, components: Iterable[Component]) -> list[str]:
    """The terms on which the pay of components rests, and of which the plan says no figure, so that the reference point
    has one of a usual size."""
    looked_at = {name for component in components for name in plan.terms_of(component)}
    looked_at |= {term.term for component in components for term in terms_in(component)}
    said = {term.term for term in terms_in(plan) if term.default is not None}
    return sorted(looked_at - said)
