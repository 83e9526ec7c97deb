"""Plans are bounded: what would stop whoever reads or calculates it is refused at once, and the refusal names the
limit.
"""

from __future__ import annotations

import time
from datetime import date
from fractions import Fraction
from itertools import pairwise
from typing import Any

import polars as pl
import pytest
import yaml
from pydantic import ValidationError

from shared.kernel.arithmetic.exact_column import ExactColumn
from shared.kernel.arithmetic.expressions import Overflow
from shared.kernel.plan.exact_yaml import PlanFileError
from shared.kernel.plan.plan_file import mistakes, read_plan
from shared.kernel.plan.version import Plan
from shared.limits import TooMuch, check_document, load_yaml
from tests.shared.kernel.hostile_plans import HOSTILE, PLAIN


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_plan_is_refused_at_once_naming_the_limit(name: str) -> None:
    document, limit = HOSTILE[name]
    started = time.process_time()
    with pytest.raises(ValidationError) as refused:
        Plan.model_validate(document)
    assert limit in "; ".join(mistakes(refused.value))
    assert time.process_time() - started < 2


def test_what_people_write_is_within_the_limits() -> None:
    names = ", ".join(f"'product {number}'" for number in range(900))
    conditions = " or ".join(["(stage = 'won' and amount > 1000)"] * 90)
    rules: list[dict[str, Any]] = [
        {"rule": "own", "when": f"product in ({names})"},
        {"rule": "other", "when": conditions},
    ]
    tiers = [{"up_to": number, "rate": "0.000000005"} for number in range(1, 1000)]
    component = {"component": "c", "kind": "graduated", "measure": "m", "tiers": [*tiers, {"rate": "1%"}]}
    plan = Plan.model_validate(PLAIN | {"credits": rules, "components": [component]})
    assert Plan.model_validate(plan.document()) == plan


def test_a_plan_whose_parts_refer_to_each_other_again_and_again_is_read_at_once() -> None:
    def twice(name: str, number: int) -> str:
        return f"{name}{number - 1} + {name}{number - 2} + {name}{number - 1}"

    measures = [PLAIN["measures"][0], *({"measure": f"m{n}", "formula": "m"} for n in (0, 1))]
    measures += [{"measure": f"m{n}", "formula": twice("m", n)} for n in range(2, 90)]
    components = [{"component": f"c{n}", "kind": "formula", "amount": "m"} for n in (0, 1)]
    components += [
        {"component": f"c{n}", "kind": "formula", "amount": f"pay(c{n - 1}) + pay(c{n - 2})"} for n in range(2, 90)
    ]
    started = time.process_time()
    plan = Plan.model_validate(PLAIN | {"measures": measures, "components": components})
    assert {plan.window(component) for component in plan.components} == {"month"}
    assert plan.measures_of(plan.components[-1]) == {"m"}
    assert time.process_time() - started < 5


@pytest.mark.parametrize("number", [ExactColumn.of(pl.Series([123456789])), ExactColumn.constant(Fraction(1, 10))])
def test_numbers_that_only_grow_are_refused_before_they_fill_the_memory(number: ExactColumn) -> None:
    def squared_again_and_again(number: ExactColumn) -> None:
        for _ in range(100):
            number = number * number

    with pytest.raises(Overflow, match="a number in a formula"):
        squared_again_and_again(number)


def _laughs(line: str) -> str:
    letters = "abcdefghijk"
    return "a: &a {x: 1, y: 2}\n" + "".join(
        line.format(name=name, many=", ".join([f"*{before}"] * 9)) for before, name in pairwise(letters)
    )


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(_laughs("{name}: &{name} [{many}]\n"), id="billion laughs"),
        pytest.param(_laughs("{name}: &{name} {{<<: [{many}]}}\n"), id="merged"),
        pytest.param("a: &a [*a]", id="itself"),
        pytest.param("[" * 3000, id="deep"),
        pytest.param("- " * 3000, id="deep list"),
        pytest.param("a: [" + "1," * 250_000 + "]", id="long"),
        pytest.param("a: " + "x" * 3_000_000, id="text"),
    ],
)
def test_a_yaml_text_that_unfolds_without_end_is_refused(text: str) -> None:
    with pytest.raises(PlanFileError):
        read_plan(text, "plan.yaml")
    with pytest.raises((TooMuch, yaml.YAMLError)):
        load_yaml(text)


def test_yaml_that_says_something_once_for_all_is_read() -> None:
    assert load_yaml("a: &a {x: 1}\nb: *a\nc: {<<: *a, y: 2}\nd: 2025-03-31") == {
        "a": {"x": 1},
        "b": {"x": 1},
        "c": {"x": 1, "y": 2},
        "d": date(2025, 3, 31),
    }


def test_a_document_that_contains_itself_is_refused() -> None:
    document: dict[str, Any] = {}
    document["again"] = [document]
    with pytest.raises(TooMuch, match="30 levels"):
        check_document(document)
