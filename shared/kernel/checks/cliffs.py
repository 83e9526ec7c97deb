"""Cliffs: places where a deal more pays less. Pay is walked along every measure that deals add to, around every number
of the plan."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from shared.formatting import amount, money
from shared.kernel.arithmetic.exact_column import ExactColumn
from shared.kernel.arithmetic.expressions import Overflow
from shared.kernel.checks.numbers_in_plan import Numbers, numbers_of
from shared.kernel.language.findings import Finding
from shared.kernel.language.measures import Measure
from shared.kernel.plan.reference_point import quota_of, reference_terms
from shared.kernel.plan.version import Plan
from shared.kernel.scenarios import Scenarios, pay_at

STEPS = 120
"""How finely the way up to three times the quota is walked besides."""
MOST = 3
"""So many cliffs of one component along one measure are told; more would say nothing new."""
HIGHEST = 10**10


def cliffs(plan: Plan) -> Iterator[Finding]:
    """Where a component pays less for more."""
    for measure in plan.measures:
        if measure.sum_of is None and measure.count_of is None and measure.distinct is None:
            continue
        looking = [c.component for c in plan.components if measure.measure in plan.measures_of(c)]
        if looking:
            yield from _along(measure, looking, plan=plan)


def _along(measure: Measure, components: Sequence[str], *, plan: Plan) -> Iterator[Finding]:
    numbers = numbers_of(plan)
    values = _values(measure, numbers, plan=plan)
    try:
        pay = pay_at(plan, _points(measure, values, plan=plan)).pay
    except Overflow as error:
        yield Finding.warning(
            "P404", (), message=f"the pay has no bound that can be computed: {error}", mend="give it a maximum"
        )
        return
    for place, component in enumerate(plan.components):
        if component.component in components and not type(component).needs_group:
            yield from _falls(
                measure, values, pay=pay[component.component].to_list(), numbers=numbers, plan=plan, place=place
            )


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


def _points(measure: Measure, values: Sequence[Fraction], *, plan: Plan) -> Scenarios:
    height = len(values)
    others = [other for other in plan.measures if other is not measure and (other.ingredients or other.score)]
    # Everything else stands still at its quota, so that what moves the pay is the measure alone.
    measures = {other.measure: ExactColumn.constant(quota_of(other), height) for other in others}
    quotas = {other.measure: ExactColumn.constant(quota_of(other), height) for other in (*others, measure)}
    terms = {name: ExactColumn.constant(figure, height) for name, figure in reference_terms(plan).items()}
    return Scenarios(
        height=height, measures={**measures, measure.measure: ExactColumn.fractions(values)}, quotas=quotas, terms=terms
    )


def _falls(
    measure: Measure, values: Sequence[Fraction], *, pay: Sequence[int], numbers: Numbers, plan: Plan, place: int
) -> Iterator[Finding]:
    steps = list(pairwise(pay))
    if not any(after > before for before, after in steps):
        return  # it only ever takes away: a deduction, not a cliff
    name, reported = plan.components[place].component, 0
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
                f"a deal more pays less: {name} pays {before} at {measure.measure} of {_said(low)}, and {after}"
                f" at {_said(high)}"
            ),
            mend="let the rate of the higher tier pay at least what the lower one has paid, or use graduated tiers",
        )


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
