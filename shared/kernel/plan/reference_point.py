"""The point at which a plan is looked at where nothing else is said: everything exactly at quota, scores at 100%."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from sqlglot import expressions as sql

from shared.formatting import amount, percent
from shared.kernel.components import Component
from shared.kernel.language.formulas import parsed
from shared.kernel.language.measures import Measure
from shared.kernel.language.units import MONEY as IN_MONEY
from shared.kernel.language.values import PlanPart, Term, terms_in
from shared.kernel.plan.version import Plan

MONEY, COUNT, TERM, RATE = Fraction(100_000), Fraction(10), Fraction(10_000), Fraction(1, 10)
"""A quota in money, a quota of deals, and a figure and a rate of a participant's own, where the plan gives none."""
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
    """A figure for every term that the plan names: its default where it has one, or else one that suits what it is used
    for first."""
    references = [reference for component in plan.components for reference in component.uses()]
    references += [reference for measure in plan.measures for reference in measure.builds_on()]
    figures: dict[str, Fraction] = {}
    for name, figure in _suiting(plan):
        figures.setdefault(name, figure)
    for name in _rates_of_formulas(plan):
        figures.setdefault(name, RATE)
    for reference in references:
        if reference.kind == "term":
            figures.setdefault(reference.name, TERM)
    return figures | {term.term: Fraction(term.default) for term in terms_in(plan) if term.default is not None}


def figure_said(figure: Fraction) -> str:
    """A figure as people say it: what is less than 1 in percent."""
    number = round(Decimal(figure.numerator) / figure.denominator, 6).normalize()
    return percent(number) if 0 < abs(number) < 1 else amount(number)


def _suiting(part: PlanPart, rows: Sequence[PlanPart] = (), *, shares: bool = False) -> Iterator[tuple[str, Fraction]]:
    """The terms in a part of a plan, each with a figure; `rows` are those among which the part is one, and `shares`
    says that they end at attainments."""
    shares = getattr(part, "on", None) == "attainment" or shares
    for name in type(part).model_fields:
        value = getattr(part, name)
        if isinstance(value, Term):
            figure = _usual(name, part, rows=rows, shares=shares)
            yield value.term, figure / Fraction(value.times) if value.times else figure
        elif isinstance(value, PlanPart):
            yield from _suiting(value, shares=shares)
        elif isinstance(value, tuple):
            inner = [each for each in value if isinstance(each, PlanPart)]
            for each in inner:
                yield from _suiting(each, inner, shares=shares)


def _usual(name: str, part: PlanPart, *, rows: Sequence[PlanPart], shares: bool) -> Fraction:
    """What a field is where the plan leaves it to the participant: what fits between the rows before and after."""
    place = next((number for number, row in enumerate(rows) if row is part), 0)
    known = [getattr(row, name, None) for row in rows]
    before = next((Fraction(n) for n in reversed(known[:place]) if isinstance(n, Decimal) and n), None)
    after = next((Fraction(n) for n in known[place + 1 :] if isinstance(n, Decimal) and n), None)
    if name == "up_to":
        if before is not None:
            return before * 2 if after is None else (before + after) / 2
        return (Fraction(1) if shares else TERM) * (place + 1) if after is None else after / 2
    # The same as the tier before, so that tiers neither rise nor fall by what nobody said.
    if (beside := before or after) is not None:
        return beside
    return RATE if name == "rate" else TERM


def _rates_of_formulas(plan: Plan) -> Iterator[str]:
    """The terms by which formulas multiply money: rates, unless money divides it again."""
    texts = [text for component in plan.components for _, text in component.formulas()]
    texts += [measure.formula for measure in plan.measures if measure.formula is not None]
    for text in texts:
        for node in parsed(text).find_all(sql.Anonymous):
            if node.name.lower() == "term" and _multiplies_money(node, plan):
                yield node.expressions[0].name


def _multiplies_money(node: Any, plan: Plan) -> bool:
    money = False
    while isinstance(node.parent, sql.Mul | sql.Paren | sql.Div):
        inner, node = node, node.parent
        if isinstance(node, sql.Paren):
            continue
        other = node.right if inner is node.left else node.left
        in_money = plan.units.of_node(other) == IN_MONEY
        if isinstance(node, sql.Div) and in_money:
            return False
        money = money or in_money
    return money


def assumed_terms(plan: Plan, components: Iterable[Component]) -> list[str]:
    """The terms on which the pay of components rests, and of which the plan says no figure, so that the reference point
    has one of a usual size."""
    looked_at = {name for component in components for name in plan.terms_of(component)}
    looked_at |= {term.term for component in components for term in terms_in(component)}
    said = {term.term for term in terms_in(plan) if term.default is not None}
    return sorted(looked_at - said)
