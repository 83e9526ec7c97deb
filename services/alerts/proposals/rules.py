"""The rule table: which changes of plan or quota answer which signal. Data, in `rules.yaml`."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Annotated, Final, Literal, NamedTuple

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from shared.contracts.alerts import Direction
from shared.kernel.language.values import Name, number_in_plan
from shared.kernel.plan.exact_yaml import read_yaml

Share = Annotated[Decimal, BeforeValidator(number_in_plan)]

Kind = Literal[
    "quotas",
    "reallocate_quotas",
    "first_tier",
    "accelerator",
    "second_kink",
    "steeper",
    "largest_deals",
    "discount_gate",
    "margin_modifier",
    "quarterly_measure",
    "credit_once",
]


class Signal(NamedTuple):
    """A KPI and the direction in which it went."""

    kpi: str
    direction: Direction


def _signal(text: object) -> object:
    """`share_at_quota down`, as the file has it."""
    return text.split() if isinstance(text, str) else text


class PlanChange(BaseModel):
    """A change to try out, of one or two figures of a plan or of its quotas.

    `by` is how much: of quotas a share (reallocated ones go so far of the way to what people brought), of tiers points
    of attainment, of a rate a share of it, of a gate the share of its credit that a deal at twice the discount loses.
    `at` is where: an attainment, a discount, or for the largest deals the share of deals that are smaller.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Kind
    by: Share | None = None
    at: Share | None = None


class Rule(BaseModel):
    """A signal, its likely cause, what to try, what no calculation can say of it, and who says so."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rule: Name
    answers: tuple[Annotated[Signal, BeforeValidator(_signal)], ...] = Field(min_length=1)
    cause: str
    changes: tuple[PlanChange, ...] = ()
    behaviour: str
    source: str


class _RuleTable(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    rules: tuple[Rule, ...]


FILE: Final = "rules.yaml"


@cache
def rules() -> tuple[Rule, ...]:
    """The rule table, as its file has it."""
    text = files(__package__).joinpath(FILE).read_text(encoding="utf-8")
    return _RuleTable.model_validate(read_yaml(text)).rules


def rules_for(kpi: str, direction: Direction) -> Iterator[Rule]:
    """The rules that answer a KPI's going up or down."""
    return (rule for rule in rules() if (kpi, direction) in rule.answers)
