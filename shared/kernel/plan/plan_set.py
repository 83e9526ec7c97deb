"""All plan versions of a company, and which of them is in force when."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from types import MappingProxyType
from typing import NamedTuple

import polars as pl

from shared.kernel.calendar import goes_on
from shared.kernel.language.category_texts import ROSTER_CATEGORIES
from shared.kernel.language.conventions import CalendarTerms, Reset
from shared.kernel.language.credit_columns import PLAN_CURRENCY
from shared.kernel.language.filters import ColumnTypes
from shared.kernel.language.measures import Measure
from shared.kernel.language.values import terms_in
from shared.kernel.plan.model import PlanModel
from shared.kernel.plan.version import Plan
from shared.kernel.tables import DEALS


class PlanConflict(ValueError):
    """Plans that cannot stand side by side; the message names both."""


class Declaration(NamedTuple):
    """What of a plan version decides whether it can stand beside others; `columns` are its deal columns and their
    types, `continues` says that sums of the version before it go on in its own, `pays_on` names by component the pay of
    others that it depends on, `converts` the currencies that it converts from its first day on, and `counted` over how
    many rolling periods each of its distinct counts goes."""

    plan: str
    version: int
    effective_from: date
    columns: Mapping[str, str]
    calendar: CalendarTerms = CalendarTerms()
    continues: bool = False
    currency: str = ""
    converts: frozenset[str] = frozenset()
    components: tuple[str, ...] = ()
    counted: Mapping[str, int | None] = MappingProxyType({})
    pays_on: Mapping[str, frozenset[tuple[str, str | None]]] = MappingProxyType({})

    @classmethod
    def of(cls, plan: PlanModel) -> Declaration:
        """Of a plan version."""
        rates = plan.exchange.rates if plan.exchange is not None else ()
        return cls(
            plan=plan.plan,
            version=plan.version,
            effective_from=plan.effective_from,
            columns=plan.columns,
            calendar=plan.calendar,
            continues=plan.conventions.versions == "continue",
            currency=plan.currency,
            converts=frozenset(rate.currency for rate in rates if rate.effective_from <= plan.effective_from),
            components=tuple(component.component for component in plan.components),
            counted={measure.measure: measure.rolling for measure in plan.measures if measure.distinct is not None},
            pays_on=plan.pays_on,
        )

    @property
    def key(self) -> str:
        """The version as people name it."""
        return f"{self.plan}@{self.version}"


def replacements(versions: Iterable[Declaration]) -> dict[str, Declaration]:
    """The versions that never hold, since a higher version of the same plan holds from the same day: that one, by their
    names."""
    highest: dict[tuple[str, date], Declaration] = {}
    every = sorted(versions, key=lambda version: version.version)
    for version in every:
        highest[version.plan, version.effective_from] = version
    return {
        version.key: other
        for version in every
        if (other := highest[version.plan, version.effective_from]) is not version
    }


def ends_of(holding: Iterable[Declaration]) -> dict[str, date]:
    """Of versions that hold at some time: from which day on the next of its plan does, by name; the last has none."""
    in_order = sorted(holding, key=lambda version: (version.plan, version.effective_from))
    return {one.key: following.effective_from for one, following in pairwise(in_order) if one.plan == following.plan}


def check_together(versions: Iterable[Declaration]) -> None:
    """See that versions that hold at some time declare a column in one way, that sums that go on from one to the next
    can, and that who is paid on others' pay can be earned after them.

    Raises:
        PlanConflict: two do not; names the column and both.
    """
    every = list(versions)
    never = replacements(every)
    holding = [version for version in every if version.key not in never]
    for earlier, later in pairwise(sorted(holding, key=lambda version: (version.plan, version.effective_from))):
        continued = earlier.plan == later.plan and earlier.continues and later.continues
        if continued and not goes_on(earlier.calendar, later.calendar, day=later.effective_from):
            raise PlanConflict(
                f"{later.key} says `versions: continue`, and the fiscal periods of its calendar are not those of"
                f" {earlier.key}: no sum of the one goes on in the other; say `versions: restart` in {later.key}, or"
                " leave the calendar as it is"
            )
        changed = [n for n, rolls in later.counted.items() if n in earlier.counted and earlier.counted[n] != rolls]
        if continued and changed:
            # Which credit of a value is the one that counts follows from the window: in two of them it is not the same.
            raise PlanConflict(
                f"{later.key} says `versions: continue`, and {changed[0]} is counted over another `rolling` than in"
                f" {earlier.key}: say `versions: restart` in {later.key}, or give the measure another name"
            )
    for flaw in _pay_flaws(holding):
        raise PlanConflict(flaw)
    declared: dict[str, tuple[str, str]] = {}
    for version in holding:
        for name, kind in version.columns.items():
            other, before = declared.setdefault(name, (version.key, kind))
            if ColumnTypes[before] != ColumnTypes[kind]:
                raise PlanConflict(
                    f"{version.key} declares column {name} as {kind}, {other} as {before}: a deal has it in one type"
                    " only; give one of them another name"
                )


def _pay_flaws(holding: Sequence[Declaration]) -> Iterator[str]:
    """What keeps versions that hold from being earned one after the other: a circle, a currency without a rate."""
    if not any(version.pays_on for version in holding):
        return
    links: dict[str, set[str]] = defaultdict(set)
    for version, other in _at_one_time(holding):
        for component, pays in version.pays_on.items():
            if other.plan == version.plan:  # of which the plan itself sees to it (`consistency`)
                continue
            counted = [name for name in other.components if (other.plan, None) in pays or (other.plan, name) in pays]
            links[f"{component} of {version.key}"] |= {f"{name} of {other.key}" for name in counted}
            if counted and other.currency != version.currency and other.currency not in version.converts:
                yield (
                    f"{component} of {version.key} pays in {version.currency} on pay of {other.key}, which is in"
                    f" {other.currency}: give {version.key} a rate of exchange for it that holds from"
                    f" {version.effective_from} on"
                )
    try:
        TopologicalSorter(links).prepare()
    except CycleError as error:
        yield (
            f"pay turns in a circle: {' -> '.join(reversed(error.args[1]))}; in `pay_of` name the plans and components"
            " that do not depend on it themselves"
        )


def _at_one_time(holding: Sequence[Declaration]) -> Iterator[tuple[Declaration, Declaration]]:
    """A version that pays on others' pay, and each version of a plan it names that holds on a day on which it does."""
    ends = ends_of(holding)
    for version in holding:
        named = {plan for pays in version.pays_on.values() for plan, _ in pays}
        for other in holding:
            begins = max(version.effective_from, other.effective_from)
            if other.plan in named and all(begins < ends.get(each.key, date.max) for each in (version, other)):
                yield version, other


def _reset(measure: Measure | None) -> Reset | None:
    return None if measure is None or measure.reset == "month" or measure.quota.to_date else measure.reset


class PlanSet:
    """Plan versions by plan and effective date. Immutable; equal content gives equal results.

    Of two versions of a plan from the same day the higher one holds, and the other never does.
    """

    def __init__(self, plans: Iterable[Plan]) -> None:
        """Take the versions.

        Raises:
            PlanConflict: a version is there twice with different content, or two plans declare a column differently.
        """
        self.plans: dict[tuple[str, int], Plan] = {}
        for plan in sorted(plans, key=lambda p: (p.plan, p.version)):
            # A replay brings the same version again, which is no conflict; another content under the same number would
            # change what was paid.
            if self.plans.setdefault((plan.plan, plan.version), plan) != plan:
                raise PlanConflict(f"{plan.key} is there twice, with different content: a version never changes")
        declared = [Declaration.of(plan) for plan in self.plans.values()]
        check_together(declared)
        self._replaced = replacements(declared)

    @cached_property
    def holding(self) -> tuple[Plan, ...]:
        """The versions that hold at some time."""
        return tuple(plan for plan in self.plans.values() if plan.key not in self._replaced)

    @cached_property
    def columns(self) -> dict[str, pl.DataType]:
        """The company's own deal columns of all plans."""
        return {name: kind for plan in self.holding for name, kind in plan.custom_columns.items()}

    def __iter__(self) -> Iterator[Plan]:
        """The versions in order of plan and version."""
        return iter(self.plans.values())

    @cached_property
    def in_force(self) -> pl.DataFrame:
        """plan, version, effective_from and currency of each version that holds at some time, by effective date: for
        as-of joins."""
        return pl.DataFrame(
            [(p.plan, p.version, p.effective_from, p.currency) for p in self.holding],
            schema={"plan": pl.String, "version": pl.Int64, "effective_from": pl.Date, PLAN_CURRENCY: pl.String},
            orient="row",
        ).sort("effective_from")

    @cached_property
    def quarantined(self) -> pl.DataFrame:
        """plan and version of those that hold at some time, and with which nothing may be calculated."""
        rows = [(plan.plan, plan.version) for plan in self.holding if plan.is_quarantined]
        return pl.DataFrame(rows, schema={"plan": pl.String, "version": pl.Int64}, orient="row")

    @cached_property
    def resets(self) -> pl.DataFrame:
        """plan, version, component and `reset`: after which time the measure of a component and its quota begin anew,
        null for a month, and where the quota is only that of the months so far."""
        rows = [
            (p.plan, p.version, c.component, _reset(p.measure(c.main_measure()))) for p in self for c in p.components
        ]
        kinds = {"plan": pl.String, "version": pl.Int64, "component": pl.String, "reset": pl.String}
        return pl.DataFrame(rows, schema=kinds, orient="row")

    @cached_property
    def deal_columns(self) -> pl.Schema:
        """The columns of the deals table, with the custom columns of all plans."""
        # A declared column that the table has anyway is the deal's own field, in the table's own type and unit.
        return pl.Schema({**DEALS, **{name: kind for name, kind in self.columns.items() if name not in DEALS}})

    def version_on(self, name: str, day: date) -> Plan | None:
        """The version of a plan that is in force on a day."""
        held = [plan for plan in self.holding if plan.plan == name and plan.effective_from <= day]
        return max(held, key=lambda plan: plan.effective_from, default=None)

    def declares(self, column: str, day: date) -> bool:
        """Whether a version that is in force on a day declares a column of the company's own."""
        held = sorted((p for p in self.holding if p.effective_from <= day), key=lambda p: p.effective_from)
        latest = {plan.plan: plan for plan in held}
        return any(column in plan.columns for plan in latest.values())

    @cached_property
    def by_month(self) -> bool:
        """Whether the credits of a calendar month, and nothing else, decide what that month pays."""
        return all(
            plan.calendar.weeks is None
            and not plan.pays_without_credits
            and not any(measure.score for measure in plan.measures)
            and all(rule.date == "close_date" for rule in plan.credits)
            and all(measure.window == "month" for measure in plan.measures)
            and all(plan.window(c) == c.pays == "month" and not c.carry_over for c in plan.components)
            for plan in self
        )

    @property
    def in_weeks(self) -> bool:
        """Whether the fiscal periods of some plan are weeks and not calendar months."""
        return any(plan.calendar.weeks is not None for plan in self)

    @cached_property
    def pay_without_credits(self) -> bool:
        """Whether some plan may pay for a month in which a participant has no credit."""
        return any(plan.pays_without_credits for plan in self)

    @cached_property
    def grouped(self) -> bool:
        """Whether what some plan pays one depends on others: it compares them, or pays on their pay."""
        compares = any(component.compares for plan in self for component in plan.components)
        return self.pays_on_others or self.adds_up_groups or compares

    @cached_property
    def adds_up_groups(self) -> bool:
        """Whether some plan has measures of groups."""
        return any(plan.apart.groups for plan in self)

    @cached_property
    def own_groups(self) -> tuple[str, ...]:
        """The categories of the company's own by which measures of groups tell participants apart."""
        names = {name for plan in self.holding for name in plan.apart.attributes}
        return tuple(sorted(names.difference(ROSTER_CATEGORIES)))

    @cached_property
    def own_caps(self) -> tuple[str, ...]:
        """The figures of participants' own that cap what deals credit them."""
        return tuple(sorted({term.term for plan in self.holding for rule in plan.credits for term in terms_in(rule)}))

    @cached_property
    def pays_on_others(self) -> bool:
        """Whether some plan pays on what others are paid."""
        return any(plan.of_others for plan in self)

    @cached_property
    def beyond_holders(self) -> bool:
        """Whether deals credit others than those who hold them and their managers."""
        return any(rule.to not in ("holder", "managers") for plan in self.holding for rule in plan.credits)

    @cached_property
    def participant_columns(self) -> list[str]:
        """The columns of deals that name participants to be credited."""
        return sorted({name for plan in self.holding for name, kind in plan.columns.items() if kind == "participant"})

    def version_chains(self) -> list[list[Plan]]:
        """The versions whose sums go on from one to the next; every version that begins anew is alone."""
        chains = [[plan] for plan in self if plan.key in self._replaced]
        before: Plan | None = None
        for plan in sorted(self.holding, key=lambda version: (version.plan, version.effective_from)):
            if (
                before is not None
                and before.plan == plan.plan
                # Both have to say it: a version that restarts neither takes sums over nor hands them on.
                and {before.conventions.versions, plan.conventions.versions} == {"continue"}
            ):
                chains[-1].append(plan)
            else:
                chains.append([plan])
            before = plan
        return chains
