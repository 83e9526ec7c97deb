"""Whether the parts of a plan fit together: names that are there once, references that lead somewhere, no circles."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import polars as pl

from shared.kernel.components import Component
from shared.kernel.language.category_texts import CATEGORY, ROSTER_CATEGORIES
from shared.kernel.language.crediting_rules import RELATIONS, CreditingRule
from shared.kernel.language.deal_fields import NO_COLUMNS, meant_column
from shared.kernel.language.filters import ColumnTypes, FilterError, compile_filter, field_types, filter_schema
from shared.kernel.language.findings import Finding, Flaws, Path, did_you_mean
from shared.kernel.language.formulas import Reference, references
from shared.kernel.plan.circles import ordered
from shared.kernel.plan.deal_rounding import own_rates_rounded
from shared.kernel.plan.model import PlanModel
from shared.kernel.plan.turn_checks import first_come, not_in_turn, paid_to_each
from shared.kernel.plan.window_checks import (
    lost,
    nothing_to_prorate,
    paid_again,
    paid_while_it_rolls,
    shared_by_versions,
)


def flaws(plan: PlanModel) -> Iterator[Finding]:
    """Everything that does not fit together."""
    yield from _named_twice(plan)
    yield from _fields_of_deals(plan)
    yield from _sums(plan)
    for place, rule in enumerate(plan.credits):
        yield from (finding.under("credits", place) for finding in _rule(rule, plan))
    yield from _columns_of_measures(plan)
    yield from _paid_by_the_deal(plan)
    unfit = [*_references(plan)]
    # Windows follow from references, so they are only asked where every name leads somewhere.
    yield from unfit or [
        *not_in_turn(plan),
        *paid_to_each(plan),
        *first_come(plan),
        *paid_again(plan),
        *paid_while_it_rolls(plan),
        *lost(plan),
        *nothing_to_prorate(plan),
        *shared_by_versions(plan),
        *own_rates_rounded(plan),
    ]


def _paid_by_the_deal(plan: PlanModel) -> Iterator[Finding]:
    """Components that pay every deal by itself, and are to pay what is of no deal."""
    for place, component in enumerate(plan.components):
        measure = plan.measure(component.main_measure())
        if measure is None or measure.pay_of is None or not component.pays_by_deal(plan.conventions, measure):
            continue
        yield Finding.error(
            "P219",
            ("components", place, "measure"),
            message=f"{component.component} pays every deal by itself, and {measure.measure} is the pay of others",
            mend="write `graduated` or `whole` for tiers by the sum",
        )


def _named_twice(plan: PlanModel) -> Iterator[Finding]:
    for part, what, names in (
        ("credits", "rule", [rule.rule for rule in plan.credits]),
        ("measures", "measure", [measure.measure for measure in plan.measures]),
        ("components", "component", [component.component for component in plan.components]),
    ):
        for place, name in enumerate(names):
            if names.index(name) < place:
                yield Finding.error(
                    "P204", (part, place, what), message=f"{what} {name} is there twice", mend="give one another name"
                )


def _fields_of_deals(plan: PlanModel) -> Iterator[Finding]:
    """Columns that have the name of a field of deals and are not that field."""
    types = field_types()
    for name, kind in plan.columns.items():
        path = ("columns", name)
        if name in NO_COLUMNS:
            message = f"column {name} has a name that stands for something else where deals are credited"
            mend = f"give the column another name, such as deal_{name}"
            yield Finding.error("P204", path, message=message, mend=mend)
        elif (field := types.get(name)) is not None and ColumnTypes[kind] != field:
            fit = next(word for word, of in ColumnTypes.items() if of == field)
            message = f"column {name} is a field that every deal has, of type {fit}, and not {kind}"
            mend = f"write {name}: {fit} where the field is meant, or give a column of your own another name"
            yield Finding.error("P204", path, message=message, mend=mend)


def _sums(plan: PlanModel) -> Iterator[Finding]:
    rules = {rule.rule for rule in plan.credits}
    if not rules and not any(measure.pay_of is not None or measure.score for measure in plan.measures):
        message = "the plan credits nobody, and no measure is a score or the pay of others"
        mend = "say in `credits` who is credited with which deals, such as `- {rule: own}`"
        yield Finding.error("P201", (), message=message, mend=mend)
        return
    for place, measure in enumerate(plan.measures):
        if measure.pay_of is None and (unknown := sorted(measure.rules - rules)):
            message = f"measure {measure.measure} sums unknown rules {', '.join(unknown)}"
            yield Finding.error(
                "P201",
                ("measures", place, measure.way),
                message=message,
                mend=did_you_mean(unknown[0], rules, what="rules"),
            )
        for ingredient in measure.ingredients.values():
            if len(set(ingredient.rules)) < len(ingredient.rules):
                message = f"measure {measure.measure} sums a rule twice"
                yield Finding.error(
                    "P201", ("measures", place, measure.way), message=message, mend="name each rule once"
                )
                break


def _rule(rule: CreditingRule, plan: PlanModel) -> Iterator[Finding]:
    known = filter_schema(plan.custom_columns)
    if rule.to not in RELATIONS and plan.columns.get(rule.to) != "participant":
        yield Finding.error(
            "P208",
            ("to",),
            message=(
                f"rule {rule.rule}: to: {rule.to} is none of {', '.join(RELATIONS)}, and no column of type participant"
            ),
            mend=did_you_mean(rule.to, RELATIONS, what="relations"),
        )
    if known.get(rule.date) != pl.Date:
        dates = [name for name, kind in known.items() if kind == pl.Date]
        message = f"rule {rule.rule}: date: {rule.date} is no date of the deal"
        yield Finding.error("P208", ("date",), message=message, mend=meant_column(rule.date, dates, what="dates"))
    for reference in references(rule.amount) if rule.amount is not None else ():
        kind = known.get(reference.name)
        if reference.kind != "measure" or kind is None or not kind.is_numeric():
            numbers = [name for name, dtype in known.items() if dtype.is_numeric()]
            message = f"rule {rule.rule}: amount: {reference.name} is no number of the deal"
            mend = meant_column(reference.name, numbers, what="numbers")
            if kind is not None:
                mend = (
                    f"an amount is calculated from numbers; look at {reference.name} in `when`, in a rule for each case"
                )
            yield Finding.error("P208", ("amount",), message=message, mend=mend)
    try:
        compile_filter(rule.when, plan.custom_columns)
    except FilterError as error:
        yield Finding.error("P206", ("when",), message=f"rule {rule.rule}: {error}", mend=error.mend)


def _columns_of_measures(plan: PlanModel) -> Iterator[Finding]:
    known = (*filter_schema(plan.custom_columns), "deal_id")
    by_rule: dict[str, str] = {}
    for place, measure in enumerate(plan.measures):
        if measure.distinct is not None and measure.distinct.column not in known:
            message = f"measure {measure.measure}: {measure.distinct.column} is no column of the deal"
            mend = meant_column(measure.distinct.column, known, what="columns")
            yield Finding.error("P208", ("measures", place, "distinct", "column"), message=message, mend=mend)
        for name in sorted(measure.rules) if measure.bucket else ():
            # A credit has one bucket column. Two ways of telling credits of one rule apart would need two rows for one
            # credit, and sums would count it twice.
            if by_rule.setdefault(name, measure.bucket or "") != measure.bucket:
                yield Finding.error(
                    "P209",
                    ("measures", place, measure.way),
                    message=(
                        f"rule {name} is told apart by {by_rule[name]} and by {measure.bucket}: write a second rule"
                    ),
                    mend="a second rule with the same `when` and another name gives each measure its own credits",
                )


def _references(plan: PlanModel) -> Iterator[Finding]:
    measures = {measure.measure for measure in plan.measures}
    components = {component.component for component in plan.components}
    for place, component in enumerate(plan.components):
        path = ("components", place)
        main = component.main_measure()
        if main is not None and main not in measures:
            field = "measure" if getattr(component, "measure", None) == main else None
            message = f"component {component.component} pays an unknown measure {main}"
            at = path if field is None else (*path, field)
            yield Finding.error("P202", at, message=message, mend=did_you_mean(main, measures, what="measures"))
        for reference in dict.fromkeys(component.uses()):
            if reference.kind == "pay" or reference.name != main:
                who = f"component {component.component}"
                wrong = _reference(who, reference, measures=measures, components=components)
                yield from (flaw.under(*path, *_where(component, reference)) for flaw in wrong)
    for place, measure in enumerate(plan.measures):
        for reference in measure.builds_on():
            wrong = _reference(f"measure {measure.measure}", reference, measures=measures, components=components)
            yield from (flaw.under("measures", place, measure.way) for flaw in wrong)
    yield from _circles({m.measure: {r.name for r in m.builds_on() if r.is_measure} for m in plan.measures})
    turns = [*_circles(plan.links, "components")]
    if not turns and any(plan.compares(plan.component(name)) for name in _turning(_links_by_pay(plan))):
        turns = [*_circles(_links_by_pay(plan), "components")]
    yield from turns


def _turning(links: dict[str, set[str]]) -> set[str]:
    """The components that depend on their own pay."""
    reached = {name: set(named) for name, named in links.items()}
    for through in links:
        for found in reached.values():
            found |= reached[through] if through in found else set()
    return {name for name, found in reached.items() if name in found}


def _links_by_pay(plan: PlanModel) -> dict[str, set[str]]:
    """The components on whose pay each depends: of one's own, or of others who are on the same plan.

    The latter may turn in a circle, since lines of managers do not: everyone is earned after those below them, unless
    a component looks at everyone together.
    """
    own = {name: {of for at, of in pays if at == plan.plan} for name, pays in plan.pays_on.items()}
    return {
        name: named | {other for other in plan.links if {other, None} & own.get(name, set())}
        for name, named in plan.links.items()
    }


def _where(component: Component, reference: Reference) -> Path:
    """The field of a component, of those that all have, in which a name stands."""
    if component.when is not None and reference in references(component.when):
        return ("when",)
    for number, multiplier in enumerate(component.multiply):
        if multiplier.by is not None and reference in references(multiplier.by):
            return ("multiply", number, "by")
        if multiplier.measure == reference.name:
            return ("multiply", number, "measure")
    return ()


def _circles(links: dict[str, set[str]], what: str = "measures") -> Iterable[Finding]:
    try:
        ordered(links, what)
    except Flaws as error:
        return error.findings
    return ()


def _reference(who: str, reference: Reference, *, measures: set[str], components: set[str]) -> Iterator[Finding]:
    if reference.kind == "pay" and reference.name not in components:
        mend = did_you_mean(reference.name, components, what="components")
        yield Finding.error("P203", (), message=f"{who} refers to an unknown component {reference.name}", mend=mend)
    if reference.is_measure and reference.name not in measures:
        mend = did_you_mean(reference.name, measures, what="measures")
        if reference.name in ROSTER_CATEGORIES:
            mend = f"compare the category with texts, as in {reference.name} = 'north'"
        yield Finding.error("P202", (), message=f"{who} refers to an unknown measure {reference.name}", mend=mend)
    if reference.kind == CATEGORY and reference.name in measures - set(ROSTER_CATEGORIES):
        message = f"{who} compares measure {reference.name}, a number, with a text"
        mend = "compare it with a number, or give the measure another name than the category"
        yield Finding.error("P202", (), message=message, mend=mend)
