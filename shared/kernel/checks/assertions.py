"""The assertions of a plan: what it must pay at a point, beside what it does pay; and those that name what the plan
does not have."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction

from shared.formatting import amount, percent
from shared.kernel.arithmetic.exact_column import ExactColumn
from shared.kernel.evaluation.named_values import named_values
from shared.kernel.language.category_texts import CATEGORY, ROSTER_CATEGORIES
from shared.kernel.language.findings import Finding, did_you_mean
from shared.kernel.language.phrases import spoken
from shared.kernel.plan.assertion import Assertion
from shared.kernel.plan.model import MAXIMUM, MINIMUM
from shared.kernel.plan.version import Plan
from shared.kernel.reasons import PAYS_NOTHING
from shared.kernel.scenarios import PaidAt, ScenarioError, Scenarios, check_points, pay_at

ALL = ""
"""The name under which all components together stand."""


def wrong_assertions(plan: Plan) -> Iterator[Finding]:
    """Points that are none, and components that are not there."""
    components = {component.component for component in plan.components} | {MINIMUM, MAXIMUM}
    for place, assertion in enumerate(plan.assertions):
        try:
            check_points(plan, point_of(plan, assertion))
        except ScenarioError as error:
            yield Finding.error(
                "P210", ("assertions", place, "at"), message=str(error), mend="see `assertions` in the plan language"
            )
        if isinstance(assertion.pays, dict):
            for name in assertion.pays:
                if name not in components:
                    message = f"the assertion expects pay of an unknown component {name}"
                    mend = did_you_mean(name, components, what="components")
                    yield Finding.error("P210", ("assertions", place, "pays", name), message=message, mend=mend)


@dataclass(frozen=True, kw_only=True)
class AssertionResult:
    """An assertion with what the plan pays there, by component or in all (`ALL`), each beside what was expected."""

    number: int
    assertion: Assertion
    pays: dict[str, tuple[Decimal, Decimal]]
    error: str = ""
    values: dict[str, str] = field(default_factory=dict)
    """By component what the names in its formulas came to there, as in `LINES.values`; of those that have some."""

    @property
    def holds(self) -> bool:
        """Whether everything is as expected, to the smallest unit."""
        return not self.error and all(expected == actual for expected, actual in self.pays.values())

    @property
    def point(self) -> str:
        """The point in words."""
        return ", ".join(f"{_name(key)} {_value(key, value)}" for key, value in self.assertion.at.items()) or "nothing"


def assertion_results(plan: Plan) -> list[AssertionResult]:
    """Every assertion of the plan, evaluated."""
    return [_result(plan, number, assertion=assertion) for number, assertion in enumerate(plan.assertions, start=1)]


def point_of(plan: Plan, assertion: Assertion) -> Scenarios:
    """The point that an assertion means.

    `attainment` and `quota` without a name are of every measure of whose attainment the pay depends.

    Raises:
        ScenarioError: it names what the plan does not have.
    """
    said: dict[str, dict[str, ExactColumn]] = {"measure": {}, "attainment": {}, "quota": {}, "term": {}}
    categories: dict[str, str] = {}
    for key, value in assertion.at.items():
        kind, dot, name = key.partition(".")
        if key in ROSTER_CATEGORIES or kind == CATEGORY:
            categories[name or key] = str(value)
            continue
        if isinstance(value, str):
            raise ScenarioError(f"{key}: {value!r} is no number; texts are for position, territory and category.<name>")
        column = ExactColumn.constant(Fraction(value), 1)
        if kind in ("attainment", "quota") and not dot:
            names = by_attainment(plan)
            if not names:
                raise ScenarioError(
                    f"{key}: no component looks at the attainment of a measure; say of which: {key}.<measure>"
                )
            for measure in names:
                said[kind].setdefault(measure, column)
        elif dot:
            if kind not in said or kind == "measure":
                raise ScenarioError(
                    f"{key}: a point has measures by name, attainment, quota, term.<name> and category.<name>"
                )
            said[kind][name] = column
        else:
            said["measure"][key] = column
    return Scenarios(
        height=1,
        measures=said["measure"],
        attainments=said["attainment"],
        quotas=said["quota"],
        terms=said["term"],
        categories=categories,
    )


def by_attainment(plan: Plan) -> list[str]:
    """The measures that deals or scores fill and on whose attainment some pay depends."""
    references = [reference for component in plan.components for reference in component.uses()]
    references += [reference for measure in plan.measures for reference in measure.builds_on()]
    names = {reference.name for reference in references if reference.kind == "attainment"}
    return [m.measure for m in plan.measures if m.measure in names and (m.ingredients or m.score)]


def _result(plan: Plan, number: int, *, assertion: Assertion) -> AssertionResult:
    pays: dict[str, tuple[Decimal, Decimal]] = {}
    try:
        paid = pay_at(plan, point_of(plan, assertion))
    except ScenarioError as error:
        return AssertionResult(number=number, assertion=assertion, pays=pays, error=str(error))
    expected = assertion.pays if isinstance(assertion.pays, dict) else {ALL: assertion.pays}
    for name, due in expected.items():
        if name not in (ALL, MINIMUM, MAXIMUM) and name not in paid.pay:
            missing = f"the plan has no component {name}"
            return AssertionResult(number=number, assertion=assertion, pays={}, error=missing)
        # A limit of the plan that changes nothing at the point has no column, and pays 0.
        minor = paid.total[0] if name == ALL else paid.pay[name][0] if name in paid.pay else 0
        pays[name] = (due, Decimal(minor).scaleb(-plan.digits))
    lacking = "" if all(due == actual for due, actual in pays.values()) else _lacking(paid, pays)
    named = {c.component: named_values(c, paid.context, plan=plan)[0] for c in plan.components}
    values = {name: text for name, text in named.items() if text is not None and (name in pays or ALL in pays)}
    return AssertionResult(number=number, assertion=assertion, pays=pays, error=lacking, values=values)


def _lacking(paid: PaidAt, pays: Collection[str]) -> str:
    """What a point should say for the pay to be known: quotas and terms that are not there, of what was asserted."""
    why = {"no_quota": "has no quota there", "no_term": "lacks a figure of the participant's own there"}
    why["no_category"] = "has no row for the category there"
    problems = {name: column[0] for name, column in paid.problems.items() if column[0] is not None}
    concerned = [
        f"{name} {why.get(problem, problem)}"
        for name, problem in problems.items()
        if not PAYS_NOTHING[problem].planned and (name in pays or ALL in pays)
    ]
    return f"{'; '.join(concerned)}: say it in `at`" if concerned else ""


def _name(key: str) -> str:
    kind, dot, name = key.partition(".")
    return f"{kind} of {spoken(name)}" if dot and kind != CATEGORY else spoken(name or key)


def _value(key: str, value: Decimal | str) -> str:
    if isinstance(value, str):
        return value
    return percent(value) if key.partition(".")[0] == "attainment" else amount(value)
