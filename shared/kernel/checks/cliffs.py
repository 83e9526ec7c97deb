"""Cliffs: places where a deal more pays less. Pay is walked along every measure that deals add to, around every number
of the plan."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from functools import cache
from itertools import islice, pairwise, product
from typing import NamedTuple

import polars as pl

from shared.formatting import amount, money
from shared.kernel.arithmetic.exact_column import ExactColumn
from shared.kernel.arithmetic.expressions import Overflow
from shared.kernel.checks.numbers_in_plan import Numbers, numbers_of
from shared.kernel.components import Component
from shared.kernel.language.axes import Axis
from shared.kernel.language.deal_facts import CREDITED
from shared.kernel.language.findings import Finding
from shared.kernel.language.formulas import references
from shared.kernel.language.measures import Measure
from shared.kernel.plan.reference_point import (
    assumed_terms,
    figure_said,
    quota_of,
    reference_categories,
    reference_terms,
)
from shared.kernel.plan.version import Plan
from shared.kernel.plan.windows import is_longer
from shared.kernel.scenarios import Scenarios, pay_at

STEPS = 120
"""How finely the way up to three times the quota is walked besides."""
MOST = 3
"""So many cliffs of one component along one measure are told; more would say nothing new."""
HIGHEST = 10**10
MOST_DEALS = 60
"""So many kinds of deals are walked along of a component."""
Deal = dict[str, str | Fraction | None]


def cliffs(plan: Plan) -> Iterator[Finding]:
    """Where a component pays less for more."""
    for walk in _walks(plan):
        yield from _along(walk, plan)


def places(plan: Plan) -> int:
    """How much there is to walk: along each measure, the numbers of what looks at it."""
    return sum(len(walk.numbers) for walk in _walks(plan))


class _Walk(NamedTuple):
    """A measure, the components that look at it, and what these look at in turn: a part of the plan and its numbers,
    with their places in the whole.
    """

    measure: Measure
    components: frozenset[str]
    part: Plan
    numbers: Numbers


def _walks(plan: Plan) -> Iterator[_Walk]:
    """The measures that deals add to and somebody is paid by. Of a plan of many components, each with a measure of its
    own, every walk would otherwise compute all of them, at the numbers of all of them.
    """
    numbers = numbers_of(plan)
    looks_at = {component.component: plan.measures_of(component) for component in plan.components}
    leading = {component.component: plan.leading_to(component) for component in plan.components}
    for measure in plan.measures:
        looking = [name for name, names in looks_at.items() if measure.measure in names]
        if not measure.adds_up or not looking:
            continue
        components = {each.component for name in looking for each in leading[name]}
        measures = {measure.measure}.union(*(looks_at[name] for name in components))
        part = {
            "components": tuple(each for each in plan.components if each.component in components),
            "measures": tuple(each for each in plan.measures if each.measure in measures),
        }
        kept = {*map(id, part["components"]), *map(id, part["measures"])}
        said = {name: getattr(plan, name) for name in type(plan).model_fields}
        yield _Walk(
            measure,
            components=frozenset(looking),
            part=type(plan).model_construct(**said | part),
            numbers=[each for each in numbers if id(getattr(plan, str(each[0][0]))[each[0][1]]) in kept],
        )


def _along(walk: _Walk, plan: Plan) -> Iterator[Finding]:
    measure, components, part, numbers = walk
    values = _values(measure, numbers, plan=plan)
    # A deal moves every measure that sums the rule which credits it, so each rule may lead another way up; and each
    # category may be paid otherwise.
    ways_up = [_points(measure, values, beside=beside, plan=part) for beside in _ways(measure, part)]
    people = reference_categories(part)

    @cache
    def pays(way: int, person: int, deal: tuple[tuple[str, str | Fraction | None], ...]) -> dict[str, pl.Series]:
        # All components together: most of them look at no deal, and are walked at the same points.
        points = replace(ways_up[way], categories=people[person], deal=dict(deal))
        return pay_at(part, points).pay

    for place, component in enumerate(plan.components):
        if component.component not in components or type(component).needs_group:
            continue
        deals = _deals(component, measure, plan=plan)
        for deal, way, person in product(deals, range(len(ways_up)), range(len(people))):
            try:
                due = pays(way, person, tuple(deal.items()))[component.component].to_list()
            except Overflow as error:
                yield Finding.warning(
                    "P404", (), message=f"the pay has no bound that can be computed: {error}", mend="give it a maximum"
                )
                return
            found = list(_falls(measure, values, pay=due, numbers=numbers, plan=plan, place=place, deal=deal))
            yield from found
            if found:
                break


def _deals(component: Component, measure: Measure, *, plan: Plan) -> list[Deal]:
    """The deals along which a component is walked, by their columns that stay while they grow. Where deals are paid in
    turn the points know the last only, as if it had brought everything; so what it pays must follow from that."""
    if not component.in_turn:
        return [{}]
    looks_at = {reference.name for reference in component.refers_to() if reference.is_measure}
    if measure.sum_of is None or looks_at != {measure.measure}:
        return []
    rules = [rule for rule in plan.credits if rule.rule in measure.rules]
    whole = all(rule.amount is None and rule.share is None and rule.cap is None for rule in rules)
    grows = {CREDITED, "amount"} if whole else {CREDITED}
    columns: dict[str, list[str | Fraction | None]] = {}
    axes: Sequence[Axis] = getattr(component, "axes", ())
    for axis in axes:
        if axis.deal is None or {each.name for each in references(axis.deal)} <= grows:
            continue
        if axis.deal not in component.deal_columns:
            return []  # of a formula it is not known how it moves
        columns[axis.deal] = [*axis.of, None] if axis.of else _within(axis)
    return [dict(zip(columns, chosen, strict=True)) for chosen in islice(product(*columns.values()), MOST_DEALS)]


def _within(axis: Axis) -> list[str | Fraction | None]:
    """A number at each place of an axis."""
    marks = [Fraction(mark) for mark in (*axis.at, *axis.up_to)]
    if axis.at:
        return [*marks]
    return [marks[0] - 1, *((low + high) / 2 for low, high in pairwise(marks)), marks[-1] + 1]


def _ways(measure: Measure, plan: Plan) -> list[frozenset[str]]:
    """The measures that a deal moves beside this one, by each of the rules that feed it."""
    others = [other for other in plan.measures if other is not measure]
    ways = [frozenset(o.measure for o in others if rule in o.rules) for rule in sorted(measure.rules)]
    return list(dict.fromkeys(ways))


def _values(measure: Measure, numbers: Numbers, *, plan: Plan) -> list[Fraction]:
    """Every number of the plan as an amount and as an attainment, each with its neighbours, and a row of steps."""
    quota = quota_of(measure)
    unit = Fraction(1, 10**plan.digits) if measure.sum_of is not None else Fraction(1)
    marks = {Fraction(number) for _, number in numbers} | {Fraction(number) * quota for _, number in numbers}
    # Besides the numbers of the plan, which is where tiers and thresholds lie, a walk in even steps: formulas may turn
    # anywhere.
    marks |= {quota * step * 3 / STEPS for step in range(STEPS + 1)}
    whole = {mark / unit // 1 * unit for mark in marks if 0 <= mark < HIGHEST}
    return sorted({mark + move for mark in whole for move in (-unit, 0, unit) if mark + move >= 0})


def _points(measure: Measure, values: Sequence[Fraction], *, beside: frozenset[str], plan: Plan) -> Scenarios:
    """The way up of a measure: measures `beside` it are moved by the same deals, all others stand still, at their
    quota where deals can have brought them there.
    """
    height = len(values)
    others = [other for other in plan.measures if other is not measure and (other.ingredients or other.score)]
    measures = {
        other.measure: ExactColumn.fractions(moved_beside(measure, other, values=values, moved=other.measure in beside))
        for other in others
    }
    quotas = {other.measure: ExactColumn.constant(quota_of(other), height) for other in (*others, measure)}
    terms = {name: ExactColumn.constant(figure, height) for name, figure in reference_terms(plan).items()}
    return Scenarios(
        height=height, measures={**measures, measure.measure: ExactColumn.fractions(values)}, quotas=quotas, terms=terms
    )


def moved_beside(measure: Measure, other: Measure, *, values: Sequence[Fraction], moved: bool) -> list[Fraction]:
    """What another measure has come to wherever the measure has come to one of the values."""
    quota = quota_of(other)
    # Something of its own: by rules that do not feed the measure, or before the measure began anew. Without it, it can
    # be no more than what the measure's own deals have brought.
    before = other.rolling is not None or is_longer(other.reset, measure.reset)
    own = bool(other.rules - measure.rules) or (before and other.window != measure.window)
    if moved and other.sum_of is not None and measure.sum_of is not None:
        return [quota * own + value for value in values]
    if moved and other.sum_of is not None:  # deals of a usual size: an average stays where it is
        return [quota * own + value * quota / quota_of(measure) for value in values]
    if moved and other.counts and measure.counts:
        return [quota * own + value for value in values] if other.count_of else [min(quota, value) for value in values]
    if not moved and other.rules and other.adds_up and not own:
        return [Fraction(0)] * len(values)
    return [quota] * len(values)


def _falls(
    measure: Measure,
    values: Sequence[Fraction],
    *,
    pay: Sequence[int],
    numbers: Numbers,
    plan: Plan,
    place: int,
    deal: Deal,
) -> Iterator[Finding]:
    steps = list(pairwise(pay))
    if not any(after > before for before, after in steps):
        return  # it only ever takes away: a deduction, not a cliff
    name, in_turn, reported = plan.components[place].component, plan.components[place].in_turn, 0
    # Neighbours that both fall are one cliff, told at its edge.
    falling = [after < before for before, after in steps]
    for number, falls in enumerate(falling):
        if not falls or (number and falling[number - 1]) or reported == MOST:
            continue
        reported += 1
        low, high = values[number], values[number + 1]
        before, after = (money(minor, plan.currency) for minor in steps[number])
        yield Finding.warning(
            "P401",
            _at(place, low, high=high, quota=quota_of(measure), numbers=numbers),
            message=(
                f"{'a larger deal' if in_turn else 'a deal more'} pays less: {name} pays {before}"
                f" at {measure.measure} of {_said(low)}, and {after} at {_said(high)}{_assumed(plan, place, deal=deal)}"
            ),
            mend="let the rate of the higher tier pay at least what the lower one has paid, or"
            f" {'divide each deal among graduated tiers' if in_turn else 'use graduated tiers'}",
        )


def _assumed(plan: Plan, place: int, *, deal: Deal) -> str:
    """The figures of a participant's own that nobody said, and the columns of the deal, on which the amounts rest."""
    figures = reference_terms(plan)
    said = [f"{name} of {figure_said(figures[name])}" for name in assumed_terms(plan, [plan.components[place]])]
    for name, value in deal.items():
        other = "any other" if value is None else value
        said.append(f"deal of {name} {_said(other) if isinstance(other, Fraction) else other}")
    return f", for a {' and a '.join(said)}" if said else ""


def _at(place: int, low: Fraction, *, high: Fraction, quota: Fraction, numbers: Numbers) -> tuple[str | int, ...]:
    """The number in the component at which the pay falls, or the component."""
    for path, number in numbers:
        if path[:2] == ("components", place) and (
            low <= Fraction(number) <= high or low <= Fraction(number) * quota <= high
        ):
            return path
    return ("components", place)


def _said(value: Fraction) -> str:
    return amount(round(Decimal(value.numerator) / value.denominator, 6).normalize())
