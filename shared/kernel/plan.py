"""A plan version: who is credited for what, what is measured, and what each component pays. The file is the plan."""

from __future__ import annotations

from datetime import date
from functools import cached_property
from typing import Any, Literal

import polars as pl
from pydantic import Field, ValidationError, model_validator

from shared.contracts.base import CurrencyCode, Identifier
from shared.kernel.components import Component
from shared.kernel.exact import Rounding
from shared.kernel.filters import ColumnTypes, compile_filter
from shared.kernel.language import Name, PlanFileError, PlanPart, read_yaml
from shared.money import minor_digits

WON = "stage = 'won'"


class CreditingRule(PlanPart):
    """Credits the deals that `when` selects to those who hold them, or to everyone in the holders' management chain.

    A holder is the owner, or each participant of a split with their share. Managers are those in force at the close date;
    each is credited with the shares held below them.
    """

    rule: Name
    to: Literal["holder", "managers"] = "holder"
    when: str = WON


class Measure(PlanPart):
    """The sum of the credits of some rules over a period."""

    measure: Name
    sum_of: tuple[Name, ...] = Field(min_length=1)


class Plan(PlanPart):
    """One version of an incentive plan, in force from `effective_from` until a later version of the same plan."""

    plan: Identifier
    version: int = Field(ge=1)
    name: str = Field(min_length=1, max_length=200)
    currency: CurrencyCode
    effective_from: date
    rounding: Rounding = "half_up"
    columns: dict[Name, Literal["text", "number", "yes_no"]] = Field(default_factory=dict)
    credits: tuple[CreditingRule, ...] = Field(min_length=1)
    measures: tuple[Measure, ...] = Field(min_length=1)
    components: tuple[Component, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _hangs_together(self) -> Plan:
        minor_digits(self.currency)
        for what, names in (
            ("rule", [rule.rule for rule in self.credits]),
            ("measure", [measure.measure for measure in self.measures]),
            ("component", [component.component for component in self.components]),
        ):
            if twice := sorted({name for name in names if names.count(name) > 1}):
                raise ValueError(f"{what} {', '.join(twice)} is there twice")
        rules = {rule.rule for rule in self.credits}
        for measure in self.measures:
            if unknown := sorted(set(measure.sum_of) - rules):
                raise ValueError(f"measure {measure.measure} sums unknown rules {', '.join(unknown)}")
            if len(set(measure.sum_of)) < len(measure.sum_of):
                raise ValueError(f"measure {measure.measure} sums a rule twice")
        measures = {measure.measure for measure in self.measures}
        for component in self.components:
            if component.measure not in measures:
                raise ValueError(f"component {component.component} pays an unknown measure {component.measure}")
        for rule in self.credits:
            compile_filter(rule.when, self.custom_columns)
        return self

    @property
    def custom_columns(self) -> dict[str, pl.DataType]:
        """The company's own deal columns that this plan's filters may name."""
        return {name: ColumnTypes[kind]() for name, kind in self.columns.items()}

    @cached_property
    def filters(self) -> dict[str, pl.Expr]:
        """The compiled filter of each crediting rule."""
        return {rule.rule: compile_filter(rule.when, self.custom_columns) for rule in self.credits}

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
        return self.model_dump(mode="json")


def read_plan(text: str, name: str) -> Plan:
    """The plan in the text of a file of that name.

    Raises:
        PlanFileError: the text is no plan; one line per mistake, naming where it is.
    """
    data = read_yaml(text)
    if not isinstance(data, dict):
        raise PlanFileError(f"{name}: a plan file is a mapping that begins with 'plan: <id>'")
    try:
        return Plan.model_validate(data)
    except ValidationError as error:
        raise PlanFileError("\n".join(f"{name}: {line}" for line in mistakes(error))) from None


def mistakes(error: ValidationError) -> list[str]:
    """The mistakes of a plan in sentences: where, and what."""
    return [
        f"{'.'.join(str(part) for part in found['loc']) or 'plan'}: {found['msg'].removeprefix('Value error, ')}"
        for found in error.errors()
    ]
