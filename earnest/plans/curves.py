"""Payout against attainment: what a plan pays as one measure grows and everything else is at 100%."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from earnest.files.rejections import FileError
from shared.explanation.named import Names
from shared.formatting import amount, money, percent
from shared.kernel.arithmetic.exact_column import ExactColumn
from shared.kernel.checks.assertions import by_attainment
from shared.kernel.checks.cliffs import moved_beside
from shared.kernel.checks.numbers_in_plan import numbers_of
from shared.kernel.components import Component
from shared.kernel.evaluation.named_values import named_values
from shared.kernel.language.findings import did_you_mean
from shared.kernel.language.measures import Measure
from shared.kernel.language.phrases import spoken
from shared.kernel.language.values import number_in_plan
from shared.kernel.plan.reference_point import (
    assumed_terms,
    figure_said,
    quota_of,
    reference_categories,
    reference_terms,
)
from shared.kernel.plan.version import Plan
from shared.kernel.scenarios import PaidAt, Scenarios, pay_at

FINE = 400
"""Points of a chart, beside those around every number of the plan, where pay may jump."""
HAIR = Fraction(1, 10**8)
ROWS = 20
"""Rows of a table, beside the first."""
TOTAL = "total"


@dataclass(frozen=True)
class Payout:
    """The pay of each component, in minor units, at rising attainments of one measure; `assumed` is what neither the
    plan nor the reader says, in words; `results` are the measures that are worked out on the way, as people read them.
    """

    plan: Plan
    measure: Measure
    quota: Fraction
    assumed: list[str]
    attainments: list[Fraction]
    pay: dict[str, list[int]]
    results: dict[str, list[str]]


def payout(
    plan: Plan,
    component: str | None,
    *,
    measure: str | None,
    quota: str | None,
    up_to: str,
    terms: Sequence[str] = (),
    categories: Sequence[str] = (),
) -> Payout:
    """What the plan pays along the way, with these `terms`, each as `name=figure`, and to whoever is of these
    `categories`, each as `name=text`.

    Raises:
        FileError: the plan has no such component, measure, term or category, or a number is none.
    """
    names = [priced.component for priced in plan.components]
    if component is not None and component not in names:
        raise FileError(f"the plan has no component {component}; {did_you_mean(component, names, what='components')}")
    grows = _measure(plan, component, name=measure)
    size = quota_of(grows) if quota is None else _number("--quota", quota)
    end = _number("--up-to", up_to)
    said_terms, said_categories = _named("--term", terms), _named("--category", categories)
    figures, own = _terms(plan, said_terms), _categories(plan, said_categories)
    marks = {Fraction(number) for _, number in numbers_of(plan)}
    marks |= {mark / size for mark in marks}
    # A jump at a threshold is between two points of the grid wherever they lie; a hair on each side of every number of
    # the plan makes it a vertical line, on whichever side the convention puts the threshold itself.
    marks |= {mark + side * HAIR for mark in marks for side in (-1, 1)}
    grid = {end * step / FINE for step in range(FINE + 1)}
    attainments = sorted(grid | {mark for mark in marks if 0 < mark < end})
    height = len(attainments)
    # A curve has one measure to the right. What the same deals feed grows with it, everything else stays at its
    # reference point (`plan/reference_point`).
    others = [other for other in plan.measures if other is not grows and (other.ingredients or other.score)]
    values = [each * size for each in attainments]
    points = Scenarios(
        height=height,
        measures={other.measure: _standing(grows, other, values=values) for other in others},
        attainments={grows.measure: ExactColumn.fractions(attainments)},
        quotas={other.measure: ExactColumn.constant(quota_of(other), height) for other in others}
        | {grows.measure: ExactColumn.constant(size, height)},
        terms={name: ExactColumn.constant(figure, height) for name, figure in figures.items()},
        categories=own,
    )
    paid = pay_at(plan, points)
    pay = {name: column.to_list() for name, column in paid.pay.items() if component in (None, name)}
    if component is None and len(pay) > 1:
        pay[TOTAL] = paid.total.to_list()
    # Only what moves what is shown: a term of another component is nobody's question here.
    shown = [priced for priced in plan.components if priced.component in pay]
    assumed = [
        f"{name} is {figure_said(figures[name])}: say --term {name}=…"
        for name in assumed_terms(plan, shown)
        if name not in said_terms
    ]
    assumed += [
        f"{name} is {text}: say --category {name}=…" for name, text in own.items() if name not in said_categories
    ]
    if quota is None and grows.measure in by_attainment(plan) and not (grows.quota.default or grows.is_share):
        assumed.insert(0, f"the quota of {grows.measure} is {amount(as_decimal(size))}: say --quota …")
    results = {name: said for priced in shown for name, said in _results(priced, paid, plan=plan)}
    return Payout(
        plan=plan, measure=grows, quota=size, assumed=assumed, attainments=attainments, pay=pay, results=results
    )


def _standing(grows: Measure, other: Measure, *, values: Sequence[Fraction]) -> ExactColumn:
    """What another measure has come to wherever the one that grows has come to `values`."""
    if not other.rules & grows.rules:
        return ExactColumn.constant(quota_of(other), len(values))
    return ExactColumn.fractions(moved_beside(grows, other, values=values, moved=True))


def _results(component: Component, paid: PaidAt, *, plan: Plan) -> Iterator[tuple[str, list[str]]]:
    """What the formulas and lookups that lead to a component came to at every point."""
    names = Names(plan, component)
    rows = [names.values(text, of_deal=False) for text in named_values(component, paid.context, plan=plan)]
    for place, value in enumerate(rows[0]):
        measure = plan.measure(value.name)
        if measure is not None and (measure.formula is not None or measure.lookup is not None):
            yield value.name, [row[place].said for row in rows]


def table(payout: Payout) -> str:
    """The payout in steps of a twentieth of the way, as text."""
    names = list(payout.pay)
    results = [name for name in payout.results if name != payout.measure.measure]
    rows = [["attainment", spoken(payout.measure.measure), *map(spoken, [*results, *names])]]
    for step in range(ROWS + 1):
        value = payout.attainments[-1] * step / ROWS
        place = payout.attainments.index(value)
        reached = as_decimal(value * payout.quota)
        pays = [money(payout.pay[name][place], payout.plan.currency) for name in names]
        worked_out = [payout.results[name][place] for name in results]
        rows.append([percent(as_decimal(value)), amount(reached), *worked_out, *pays])
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    head = f"{payout.plan.name}: payout in {payout.plan.currency} at a quota of {amount(as_decimal(payout.quota))}"
    lines = ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    return "\n".join([head, *(f"Assumed: {what}" for what in payout.assumed), "", *lines])


def _measure(plan: Plan, component: str | None, *, name: str | None) -> Measure:
    if name is not None:
        measure = plan.measure(name)
        if measure is None:
            names = [known.measure for known in plan.measures]
            raise FileError(f"the plan has no measure {name}; {did_you_mean(name, names, what='measures')}")
        return measure
    shown = [priced for priced in plan.components if component in (None, priced.component)]
    measured = {name for priced in shown for name in plan.measures_of(priced)}
    candidates = [name for name in by_attainment(plan) if name in measured]
    candidates += [known.measure for known in plan.measures if known.measure in measured and known.ingredients]
    if not candidates:
        raise FileError("the pay depends on no measure that grows: there is no curve to draw")
    first = plan.measure(candidates[0])
    assert first is not None
    return first


def _terms(plan: Plan, said: Mapping[str, str]) -> dict[str, Fraction]:
    figures = reference_terms(plan)
    for name, text in said.items():
        if name not in figures:
            raise FileError(f"--term {name}: the plan has no such term; {did_you_mean(name, figures, what='terms')}")
        figures[name] = _number(f"--term {name}", text, least=-1)
    return figures


def _categories(plan: Plan, said: Mapping[str, str]) -> dict[str, str]:
    known = {category for _, (category, _) in plan.categories()}
    for name in said:
        if name not in known:
            hint = did_you_mean(name, known, what="categories")
            raise FileError(f"--category {name}: the plan looks at no such category; {hint}")
    return {**reference_categories(plan)[0], **said}


def _named(option: str, said: Sequence[str]) -> dict[str, str]:
    named = {name.strip(): value.strip() for name, _, value in (text.partition("=") for text in said)}
    if wrong := [name for name, value in named.items() if not name or not value]:
        what = "figure" if option == "--term" else "text"
        raise FileError(f"{option} {wrong[0]}: write {option} {wrong[0] or 'name'}={what}")
    return named


def _number(option: str, text: str, *, least: int = 0) -> Fraction:
    try:
        number = number_in_plan(text)
    except ValueError as error:
        raise FileError(f"{option}: {error}") from None
    if not least < number < 10**13:
        raise FileError(f"{option}: {text} is not above zero and below 10,000,000,000,000")
    return Fraction(number)


def as_decimal(value: Fraction) -> Decimal:
    """The number with the six decimals that thresholds may have, for people to read: never on another side of one, nor
    on it."""
    (shown,) = ExactColumn.fractions([value]).shown(10**6, "a number of a curve")
    return Decimal(shown).scaleb(-6).normalize()
