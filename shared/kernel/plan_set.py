"""All plan versions of a company, and which of them is in force when."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property

import polars as pl

from shared.kernel.plan import Plan
from shared.kernel.tables import DEALS


class PlanConflict(ValueError):
    """Two plans that cannot stand side by side; the message names both."""


class PlanSet:
    """Plan versions by plan and effective date. Immutable; equal content gives equal results."""

    def __init__(self, plans: Iterable[Plan]) -> None:
        """Take the versions.

        Raises:
            PlanConflict: a version or an effective date is there twice, or two plans declare a column differently.
        """
        self.plans = {(plan.plan, plan.version): plan for plan in sorted(plans, key=lambda p: (p.plan, p.version))}
        dates: dict[tuple[str, object], Plan] = {}
        self.columns: dict[str, pl.DataType] = {}
        for plan in self.plans.values():
            other = dates.setdefault((plan.plan, plan.effective_from), plan)
            if other is not plan:
                raise PlanConflict(f"{other.key} and {plan.key} are both effective from {plan.effective_from}")
            for name, kind in plan.custom_columns.items():
                if self.columns.setdefault(name, kind) != kind:
                    raise PlanConflict(
                        f"{plan.key} declares column {name} as {kind}, another plan as {self.columns[name]}"
                    )

    def __iter__(self) -> Iterator[Plan]:
        """The versions in order of plan and version."""
        return iter(self.plans.values())

    @cached_property
    def in_force(self) -> pl.DataFrame:
        """plan, version, effective_from and currency of each version, by effective date: for as-of joins."""
        return pl.DataFrame(
            [(p.plan, p.version, p.effective_from, p.currency) for p in self.plans.values()],
            schema={"plan": pl.String, "version": pl.Int64, "effective_from": pl.Date, "plan_currency": pl.String},
            orient="row",
        ).sort("effective_from")

    @cached_property
    def deal_columns(self) -> pl.Schema:
        """The columns of the deals table, with the custom columns of all plans."""
        return pl.Schema({**DEALS, **self.columns})

    @cached_property
    def by_month(self) -> bool:
        """Whether the credits of a calendar month, and nothing else, decide what that month pays."""
        return all(
            plan.calendar.weeks is None
            and not plan.pays_without_credits
            and not any(measure.score for measure in plan.measures)
            and all(rule.date == "close_date" for rule in plan.credits)
            and all(measure.reset == "month" for measure in plan.measures)
            and all(plan.window(c) == c.pays == "month" and not c.carry_over for c in plan.components)
            for plan in self
        )

    @cached_property
    def pay_without_credits(self) -> bool:
        """Whether some plan may pay for a month in which a participant has no credit."""
        return any(plan.pays_without_credits for plan in self)

    @cached_property
    def grouped(self) -> bool:
        """Whether some plan compares its participants with each other."""
        return any(component.compares for plan in self for component in plan.components)

    @cached_property
    def beyond_holders(self) -> bool:
        """Whether deals credit others than those who hold them and their managers."""
        return any(rule.to not in ("holder", "managers") for plan in self for rule in plan.credits)

    @cached_property
    def participant_columns(self) -> list[str]:
        """The columns of deals that name participants to be credited."""
        return sorted({name for plan in self for name, kind in plan.columns.items() if kind == "participant"})

    def together(self) -> list[list[Plan]]:
        """The versions whose sums go on from one to the next; every version that begins anew is alone."""
        found: dict[object, list[Plan]] = {}
        for plan in self:
            alone = plan.conventions.versions == "restart"
            found.setdefault(plan.key if alone else (plan.plan, "continue"), []).append(plan)
        return list(found.values())
