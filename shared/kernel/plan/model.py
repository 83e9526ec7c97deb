"""What a plan version says: who is credited for what, what is measured, and what each component pays.

A model of its fields, and questions about them that need nothing else. What checks a plan asks these questions and
stands above (`consistency`, `window_checks`, `deal_rounding`); `version` puts both together, and no plan is used
before.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from functools import cached_property
from typing import Any, Final, Literal, Self

import polars as pl
from pydantic import Field, SerializeAsAny

from shared.contracts.base import CurrencyCode, Identifier, PlausibleDate
from shared.kernel.components import Component
from shared.kernel.language.category_texts import Compared
from shared.kernel.language.conventions import RESETS, CalendarTerms, Conventions, Exchange, Reset
from shared.kernel.language.crediting_rules import CreditingRule
from shared.kernel.language.filters import ColumnTypes, compile_filter
from shared.kernel.language.findings import Path
from shared.kernel.language.formulas import Reference, references
from shared.kernel.language.measures import Ingredient, Measure, PayOf
from shared.kernel.language.units import Units
from shared.kernel.language.values import Name, OwnFigure, PlanPart
from shared.kernel.plan.assertion import Assertion
from shared.kernel.plan.circles import ordered
from shared.kernel.plan.kept_apart import KeptApart
from shared.kernel.plan.windows import Windows, is_longer
from shared.money import minor_digits

MAXIMUM, MINIMUM = LIMITS = "plan_maximum", "plan_minimum"
"""The names under which a plan's own limits stand among its components."""
MOST_RULES: Final = 200
"""Crediting rules, measures and components of a plan, each."""

ColumnKind = Literal["text", "number", "decimal", "yes_no", "date", "participant"]


class PlanModel(PlanPart):
    """What a plan version says, and the questions that follow from it alone. Whether it hangs together is seen to by
    `Plan`."""

    plan: Identifier
    """The plan's id, the same in all its versions: letters, digits and `. _ : @ / + -`."""
    version: int = Field(ge=1, le=1_000_000)
    """1, 2, 3 and so on; a published version never changes."""
    name: str = Field(min_length=1, max_length=200)
    """What people call the plan."""
    currency: CurrencyCode
    """The ISO 4217 code of the currency in which the plan pays, such as USD."""
    effective_from: PlausibleDate
    """The day from which this version holds, until a later version of the same plan does."""
    author: str | None = Field(default=None, max_length=200)
    """Who wrote this version."""
    reason: str | None = Field(default=None, max_length=1000)
    """Why this version was written."""
    conventions: Conventions = Conventions()
    """How the plan is to be read where its words allow two readings."""
    calendar: CalendarTerms = CalendarTerms()
    """The fiscal calendar; calendar months and years unless said otherwise."""
    exchange: Exchange | None = None
    """How deals in other currencies are credited; without it they are not."""
    columns: dict[Name, ColumnKind] = Field(default_factory=dict)
    """The company's own deal columns that rules may name, with their types: text, number, decimal, yes_no, date,
    participant."""
    match: Literal["all", "first"] = "all"
    """Whether every crediting rule that selects a deal credits it to a participant, or only the first that does."""
    credits: tuple[CreditingRule, ...] = Field(default=(), max_length=MOST_RULES)
    """The crediting rules: who is credited with how much of which deals."""
    measures: tuple[Measure, ...] = Field(min_length=1, max_length=MOST_RULES)
    """What is measured: numbers of a participant in a period, from credits, scores and each other."""
    components: tuple[SerializeAsAny[Component], ...] = Field(min_length=1, max_length=MOST_RULES)
    """What pays, each in its own kind."""
    minimum: OwnFigure | None = None
    """The least that all components together pay in a month."""
    maximum: OwnFigure | None = None
    """The most that all components together pay in a month."""
    assertions: tuple[Assertion, ...] = ()
    """What the plan must pay at given points, checked by `earnest plan assert`."""

    @classmethod
    def quarantined(cls, plan: str, version: int, *, effective_from: date, currency: str) -> Self:
        """The version in name only: it holds from its day on and credits and pays nothing, and its document is not even
        read."""
        return cls.model_construct(
            plan=plan,
            version=version,
            name=plan,
            currency=currency,
            effective_from=effective_from,
            credits=(),
            measures=(),
            components=(),
        )

    @property
    def is_quarantined(self) -> bool:
        """Whether it is there in name only."""
        return not self.components

    @cached_property
    def links(self) -> dict[str, set[str]]:
        """The components to whose pay each component refers, itself or through measures."""
        return {c.component: {r.name for r in self._looks_at([c]) if r.kind == "pay"} for c in self.components}

    @cached_property
    def of_others(self) -> tuple[tuple[str, PayOf], ...]:
        """The measures that are pay of others."""
        return tuple((measure.measure, measure.pay_of) for measure in self.measures if measure.pay_of is not None)

    @cached_property
    def pays_on(self) -> dict[str, frozenset[tuple[str, str | None]]]:
        """By component the pay of others that it depends on: plan and component, None for all of a plan's pay."""
        # A limit of a plan is what all its components leave, so it stands for all of them.
        of = {
            measure: {
                (plan, None if name in (None, *LIMITS) else name)
                for plan in pay_of.plans
                for name in pay_of.components or (None,)
            }
            for measure, pay_of in self.of_others
        }
        if not of:
            return {}
        looked_at = ((c.component, self.measures_of(c)) for c in self.components)
        found = {name: frozenset(pay for measure in at & set(of) for pay in of[measure]) for name, at in looked_at}
        return {name: pay for name, pay in found.items() if pay}

    @cached_property
    def in_order(self) -> tuple[Component, ...]:
        """The components, each after those to whose pay it refers."""
        # Evaluation order, not that of the file: `pay(x)` needs x first. The file's order is kept for results.
        by_name = {component.component: component for component in self.components}
        return tuple(by_name[name] for name in ordered(self.links, "components"))

    def leading_to(self, component: Component) -> list[Component]:
        """The components to whose pay a component refers, directly or through others, in order; it is the last."""
        needed = {component.component}
        for other in reversed(self.in_order):
            if other.component in needed:
                needed |= self.links[other.component]
        return [other for other in self.in_order if other.component in needed]

    def walks(self, component: Component) -> bool:
        """Whether a component, and each to whose pay it refers, can be told deal by deal."""
        return all(type(other).walks for other in self.leading_to(component))

    def pays_at_the_end(self, component: Component) -> bool:
        """Whether a component pays for a fiscal period when it ends: itself or what it refers to, or because no deal
        counts in it."""
        # What refers to a component is known no sooner than that component is.
        return any(
            other.pays_at_the_end or not any(m.rules for m in self.measures if m.measure in self.measures_of(other))
            for other in self.leading_to(component)
        )

    def measure(self, name: str | None) -> Measure | None:
        """The measure of a name."""
        return next((measure for measure in self.measures if measure.measure == name), None)

    def component(self, name: str) -> Component:
        """The component of a name, which is one of the plan's."""
        return next(component for component in self.components if component.component == name)

    def ingredients(self) -> Iterator[tuple[str, Ingredient, Measure]]:
        """Everything that adds up over credits: its name, what it is, and the measure it is for."""
        for measure in self.measures:
            for name, ingredient in measure.ingredients.items():
                yield name, ingredient, measure

    @cached_property
    def pays_by_deal(self) -> tuple[str, ...]:
        """The components that pay every deal by itself."""
        with_measure = ((component, self.measure(component.main_measure())) for component in self.components)
        return tuple(
            component.component
            for component, measure in with_measure
            if measure is not None and measure.pay_of is None and component.pays_by_deal(self.conventions, measure)
        )

    @cached_property
    def in_turn(self) -> tuple[Component, ...]:
        """The components that pay each deal by where the participant stands at it."""
        return tuple(component for component in self.components if component.in_turn)

    @cached_property
    def apart(self) -> KeptApart:
        """By what the credits of a rule are kept apart."""
        first_come = [c for c in self.components if c.first_come]
        return KeptApart(self.in_turn, self.measures, followed=self.followed, first_come=first_come)

    def compares(self, component: Component) -> bool:
        """Whether what a component pays in a month, or one to whose pay it refers, moves by what others do in it;
        what only prices deals in turn moves nothing by itself."""
        groups = {measure.measure for measure in self.apart.groups}
        for other in self.leading_to(component):
            looks_at = other.uses()[len(other.prices_by()) :] if other.in_turn else other.uses()
            if other.compares or any(reference.name in groups for reference in self.followed(looks_at)):
                return True
        return False

    def bounds_deals(self, component: Component) -> bool:
        """Whether a component that pays by the deal pays nothing while its measure is below zero, both being of the
        same window."""
        main = self.measure(component.main_measure())
        same = main is not None and main.reset == self.window(component)
        return self.conventions.negative == "nothing" and same

    @cached_property
    def pays_without_credits(self) -> bool:
        """Whether someone may be paid for a month in which they have no credit."""
        return self.minimum is not None or any(map(self.may_pay_alone, self.components))

    def may_pay_alone(self, component: Component) -> bool:
        """Whether a component may pay somebody for a month in which they have no credit."""
        # In a rolling window there is what was credited in the months before.
        before = any(m.rolling for m in self.measures if m.measure in self.measures_of(component))
        return component.pays_without_credits or (before and (component.is_fixed or type(component).needs_group))

    @cached_property
    def prorates(self) -> bool:
        """Whether all that it pays without credits is for days in role: who was there on some is paid for them."""
        fixed = [component for component in self.components if self.may_pay_alone(component)]
        return self.minimum is None and bool(fixed) and all(component.prorate != "no" for component in fixed)

    @property
    def ingredient_names(self) -> list[str]:
        """The columns that add up, those of components that pay by the deal among them."""
        return [name for name, _, _ in self.ingredients()] + [f"@{name}" for name in self.pays_by_deal]

    @cached_property
    def windows(self) -> Windows:
        """Over which time each component is summed."""
        return Windows(self.in_order, self.measures, by_deal=self.pays_by_deal)

    def window(self, component: Component) -> Reset:
        """Over which time a component's pay is one sum."""
        return self.windows.of(component)

    def prorated_over(self, component: Component) -> Reset:
        """Over which time the days of a component are counted: that of which its window sums."""
        return min(self.window(component), self.windows.of_measure(component), key=RESETS.index)

    def sums_rounded(self, component: Component) -> bool:
        """Whether the pay of a component's window is a sum of what shorter ones pay, each rounded by itself."""
        return is_longer(self.window(component), self.windows.of_measure(component))

    def money_in(self, ingredient: str) -> bool:
        """Whether an ingredient is counted in minor units of money, and not in plain numbers."""
        take = next(found.take for name, found, _ in self.ingredients() if name == ingredient)
        return take in ("amount", "latest")

    def measures_of(self, component: Component) -> set[str]:
        """All measures that a component looks at, directly or through other measures and components."""
        seen = self._looks_at(self.leading_to(component))
        return {r.name for r in seen if r.is_measure and self.measure(r.name) is not None}

    def rules_of(self, component: Component) -> set[str]:
        """The crediting rules that feed what a component looks at."""
        names = self.measures_of(component)
        return {rule for measure in self.measures if measure.measure in names for rule in measure.rules}

    def quotas_of(self, component: Component) -> set[str]:
        """The measures at whose quota or attainment a component looks, directly or through formulas and scorecards of
        measures."""
        return {r.name for r in self._looks_at([component]) if r.kind in ("attainment", "quota")}

    def calculated_for(self, component: Component) -> list[Measure]:
        """The measures that are calculated from others and at which a component looks, directly or through others."""
        names = {r.name for r in self._looks_at([component]) if r.is_measure}
        return [measure for measure in self.measures if measure.measure in names and measure.is_calculated]

    def categories(self) -> Iterator[tuple[Path, Compared]]:
        """The categories of participants at which it looks, each with the texts that it names, and where."""
        for place, measure in enumerate(self.measures):
            yield from ((("measures", place, *path), found) for path, found in measure.categories())
        for place, component in enumerate(self.components):
            yield from ((("components", place, *path), found) for path, found in component.categories())

    def terms_of(self, component: Component) -> set[str]:
        """The terms that the formulas of a component name, directly or through formulas of measures."""
        return {r.name for r in self._looks_at([component]) if r.kind == "term"}

    def _looks_at(self, components: Iterable[Component]) -> set[Reference]:
        """The same of all that components refer to."""
        return self.followed(r for component in components for r in component.uses())

    def followed(self, references: Iterable[Reference]) -> set[Reference]:
        """What is referred to, and what the measures among that are calculated from."""
        due, seen = list(references), set[Reference]()
        while due:
            reference = due.pop()
            measure = self.measure(reference.name) if reference.is_measure else None
            # Seen ones end the search: measures may refer to each other in a circle until the plan is refused for it.
            if reference not in seen and measure is not None:
                due += measure.builds_on()
            seen.add(reference)
        return seen

    @property
    def units(self) -> Units:
        """In what the measures of the plan are measured."""
        return Units(self.measures, self.credits)

    @property
    def custom_columns(self) -> dict[str, pl.DataType]:
        """The company's own deal columns that this plan's filters may name."""
        return {name: ColumnTypes[kind] for name, kind in self.columns.items()}

    @cached_property
    def filters(self) -> dict[str, pl.Expr]:
        """The compiled filter of each crediting rule."""
        return {rule.rule: compile_filter(rule.when, self.custom_columns) for rule in self.credits}

    @property
    def rules(self) -> list[CreditingRule]:
        """The crediting rules in the order in which they are tried."""
        # Sorting is stable: rules of the same priority stay in the order of the file, which is what `match: first`
        # promises.
        return sorted(self.credits, key=lambda rule: -rule.priority)

    def counts(self, rule: CreditingRule) -> bool:
        """Whether a rule credits a number of things: an amount of columns of type `number` alone, which is money in no
        currency."""
        return rule.amount is not None and all(self.columns.get(r.name) == "number" for r in references(rule.amount))

    @property
    def own_rows(self) -> pl.Expr:
        """Which rows of a table with `plan` and `version` are this version's."""
        return (pl.col("plan") == self.plan) & (pl.col("version") == self.version)

    @property
    def digits(self) -> int:
        """The decimals of the plan's currency."""
        return minor_digits(self.currency)

    @property
    def key(self) -> str:
        """The plan version's name on topic `plans`."""
        return f"{self.plan}@{self.version}"

    def document(self) -> dict[str, Any]:
        """The plan as data that JSON can carry and `Plan.model_validate` reads back."""
        # A document says what its author said. A default that was filled in would look like a decision of theirs, and
        # `earnest plan check` could no longer tell what was left open.
        return self.model_dump(mode="json", by_alias=True, exclude_unset=True)
