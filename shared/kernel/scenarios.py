"""What a plan version pays at given points, without deals: so much reached, such a quota, such terms.

Assertions, charts, the search for cliffs and simulations ask here. It is the same function as `earn`, on numbers that
are said instead of added up; every point is one whole window of one participant.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction

import polars as pl

from shared.kernel.arithmetic.exact_column import ExactColumn, total, where
from shared.kernel.calendar import FISCAL, fiscal_at, month_of_end
from shared.kernel.components.context import DealsInTurn, EvaluationContext
from shared.kernel.evaluation.figures import Figures
from shared.kernel.evaluation.pay import component_pay_with, context_of_deals, measured, priced
from shared.kernel.language.deal_facts import CREDITED
from shared.kernel.language.formulas import number
from shared.kernel.language.values import Term
from shared.kernel.plan.model import MAXIMUM, MINIMUM
from shared.kernel.plan.version import Plan
from shared.kernel.roster import Roster
from shared.kernel.tables import ASSIGNMENTS, empty

Column = Mapping[str, ExactColumn]


class ScenarioError(ValueError):
    """A point that says two things of one measure, or names what the plan does not have."""


@dataclass(frozen=True, kw_only=True)
class Scenarios:
    """Some points, as columns by name, all of the same `height`; numbers are in major units, an attainment of 100% is
    1.

    What is not said of a measure follows from what is: formulas and scorecards from other measures, a measure from its
    attainment and quota, a quota from measure and attainment or from the plan's default. A measure of which nothing is
    said is zero. Every point stands alone, so that a contest has one who runs; give `rows` (participant_id, period,
    fiscal) where they stand together.
    """

    height: int
    measures: Column = field(default_factory=dict)
    attainments: Column = field(default_factory=dict)
    quotas: Column = field(default_factory=dict)
    terms: Column = field(default_factory=dict)
    categories: Mapping[str, str] = field(default_factory=dict)
    deal: Mapping[str, str | Fraction | None] = field(default_factory=dict)
    rows: pl.DataFrame | None = None


@dataclass(frozen=True, kw_only=True)
class PaidAt:
    """What each component pays at each point, in minor units, the plan's own limits among them; and why one pays
    nothing."""

    context: EvaluationContext
    pay: dict[str, pl.Series]
    problems: dict[str, pl.Series]

    @property
    def total(self) -> pl.Series:
        """All components and limits together."""
        columns = list(self.pay.values())
        return pl.select(pl.sum_horizontal(pl.lit(column) for column in columns)).to_series()


def pay_at(plan: Plan, points: Scenarios) -> PaidAt:
    """What the plan pays at the points.

    Raises:
        ScenarioError: a name is not in the plan, or a measure is said in two ways.
        Overflow: a pay is beyond 10^18 minor units.
    """
    check_points(plan, points)
    figures = _Given(plan, points)
    context = _context(_rows(plan, points), plan, points=points, figures=figures)
    pay: dict[str, pl.Series] = {}
    problems: dict[str, pl.Series] = {}
    for component in plan.in_order:
        paid = component_pay_with(component, context, plan=plan, figures=figures)
        pay[component.component], problems[component.component] = paid.due, paid.problem
    named = {component.component: pay[component.component] for component in plan.components}
    return PaidAt(context=context, pay=named | _limits(plan, context), problems=problems)


def _context(rows: pl.DataFrame, plan: Plan, *, points: Scenarios, figures: _Given) -> EvaluationContext:
    return EvaluationContext(
        rows=rows,
        digits=plan.digits,
        conventions=plan.conventions,
        measured=lambda at, name: _measured(at, plan, points=points, figures=figures, name=name),
        quotas=figures.quota,
        terms=figures.term,
        categories=figures.category,
        per_deal=lambda at, name: _as_one_deal(at, plan, points=points, figures=figures, name=name),
    )


class _Given(Figures):
    """Figures that are said instead of taken from a roster."""

    def __init__(self, plan: Plan, points: Scenarios) -> None:
        super().__init__(plan, Roster.of(empty(ASSIGNMENTS)))
        self._points = points

    def quota(self, context: EvaluationContext, name: str) -> ExactColumn:
        """The quota said, or that follows from measure and attainment, or the plan's default; 1 where only an
        attainment is said."""
        points = self._points
        if name in points.quotas:
            return points.quotas[name]
        if name in points.measures and name in points.attainments:
            return points.measures[name] / points.attainments[name]
        measure = self._plan.measure(name)
        assert measure is not None
        default = measure.quota.default
        if isinstance(default, Term) and (default.default is not None or default.term in points.terms):
            return context.figure(default)
        if not isinstance(default, Decimal):
            default_quota = Fraction(int(measure.is_share or name in points.attainments))
        else:
            default_quota = Fraction(default)
        return ExactColumn.constant(default_quota, context.height)

    def term(self, context: EvaluationContext, name: str, default: Fraction | None) -> ExactColumn:
        """The term said, or its default."""
        return self._points.terms.get(name) or ExactColumn.constant(default or 0, context.height)

    def has_term(self, context: EvaluationContext, name: str) -> pl.Series:
        """Whether it is said."""
        return pl.Series([name in self._points.terms]).new_from_index(0, context.height)

    def category(self, context: EvaluationContext, name: str) -> pl.Series:
        """The category said; blank where none is."""
        return pl.Series([self._points.categories.get(name)], dtype=pl.String).new_from_index(0, context.height)

    def score(self, context: EvaluationContext, name: str) -> ExactColumn:  # noqa: ARG002
        """No score where none is said."""
        return ExactColumn.constant(0, context.height)

    def left_within(self, rows: pl.DataFrame) -> pl.Series:
        """Nobody leaves at a point."""
        return pl.Series([False]).new_from_index(0, rows.height)


def _measured(context: EvaluationContext, plan: Plan, *, points: Scenarios, figures: Figures, name: str) -> ExactColumn:
    if name in points.measures:
        return points.measures[name]
    if name in points.attainments:
        return points.attainments[name] * context.quota(name)
    measure = plan.measure(name)
    if measure is not None and measure.is_calculated:
        return measured(context, plan, figures=figures, name=name)
    return ExactColumn.constant(0, context.height)


def _as_one_deal(
    context: EvaluationContext, plan: Plan, *, points: Scenarios, figures: _Given, name: str
) -> ExactColumn:
    """What a component that pays by the deal would pay for one deal that brings all that is reached."""
    component = plan.component(name)
    main = component.main_measure()
    assert main is not None
    if not component.in_turn:
        return component.per_deal(context.value(main), context_of_deals(context.rows, plan))
    nothing = _context(context.rows, plan, points=Scenarios(height=context.height), figures=figures)
    credited = context.value(main)
    deal = DealsInTurn(
        credited=credited,
        before=nothing,
        after=context,
        standing=context,
        number=lambda text: number(text, lambda _, name: _of_deal(name, credited, points=points), context.height),
        text=lambda name: pl.Series([points.deal.get(name)], dtype=pl.String).new_from_index(0, context.height),
    )
    return total([part.pays for part in priced(component, deal)], context.height)


def _of_deal(name: str, credited: ExactColumn, *, points: Scenarios) -> ExactColumn:
    """A number of the one deal: what is said of it; or else its amounts are what it brings, and of everything else it
    has nothing."""
    if isinstance(said := points.deal.get(name), Fraction):
        return credited * 0 + said
    return credited if name in (CREDITED, "amount", "list_amount") else credited * 0


def _rows(plan: Plan, points: Scenarios) -> pl.DataFrame:
    """A participant per point, each in a period of their own where a component looks at everyone in a period."""
    version = pl.lit(plan.version, dtype=pl.Int64).alias("version")
    if points.rows is not None:
        return points.rows.with_columns(version)
    # Points are questions, not people who sell against each other: in periods of their own a contest has one runner
    # each.
    apart = any(component.compares for component in plan.components)
    first = fiscal_at(plan.effective_from, plan.calendar)
    fiscals = [first + (number if apart else 0) for number in range(points.height)]
    return pl.DataFrame(
        {
            "participant_id": [f"point {number}" for number in range(1, points.height + 1)],
            "fiscal": fiscals,
        },
        schema={"participant_id": pl.String, "fiscal": FISCAL},
    ).with_columns(version, period=month_of_end(pl.col("fiscal"), plan.calendar))


def _limits(plan: Plan, context: EvaluationContext) -> dict[str, pl.Series]:
    """What the plan's own minimum adds to the sum of the components, and its maximum takes from it."""
    limits: dict[str, pl.Series] = {}
    paid = total([context.paid[component.component] for component in plan.components], context.height)
    for name, figure in ((MINIMUM, plan.minimum), (MAXIMUM, plan.maximum)):
        if figure is not None:
            limit = context.rounded(context.figure(figure))
            beyond = (paid < limit) if name == MINIMUM else (paid > limit)
            limits[name] = where(beyond, limit - paid, otherwise=0).minor(plan.digits, "a limit")
    return limits


def check_points(plan: Plan, points: Scenarios) -> None:
    """See that points name measures of the plan, and none in three ways.

    Raises:
        ScenarioError: they do not.
    """
    names = {measure.measure for measure in plan.measures}
    said = {*points.measures, *points.attainments, *points.quotas}
    if unknown := sorted(said - names):
        raise ScenarioError(f"the plan has no measure {', '.join(unknown)}; it has {', '.join(sorted(names))}")
    if thrice := sorted(set(points.measures) & set(points.attainments) & set(points.quotas)):
        raise ScenarioError(f"{thrice[0]}: of measure, attainment and quota two say the third")
