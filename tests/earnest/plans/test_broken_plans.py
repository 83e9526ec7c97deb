"""A catalogue of plan files that are broken or doubtful, with exactly what `earnest plan check` says of each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from shared.kernel.checks.texts import check_texts
from shared.kernel.plan.exact_yaml import PlanFileError
from shared.kernel.plan.plan_file import plans_of_text, read_plan

BROKEN = Path(__file__).parents[1] / "broken"
BASE = (BROKEN / "base.yaml").read_text()
CASES: list[dict[str, Any]] = yaml.safe_load((BROKEN / "plans.yaml").read_text())


def text_of(case: dict[str, Any]) -> str:
    text = str(case.get("text", BASE))
    for old, new in case.get("replace", []):
        assert old in text, old
        text = text.replace(old, new, 1)
    return text


def said(text: str) -> list[str]:
    return [
        f"{each.position.line}:{each.position.column} {each.finding.severity} {each.finding.code}: {each.finding.message}"
        + (f" [{each.finding.mend}]" if each.finding.mend else "")
        for each in check_texts(plans_of_text(text, "plan.yaml"))
    ]


def test_of_a_plan_in_which_everything_is_said_nothing_is_said() -> None:
    assert said(BASE) == []


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["case"])
def test_a_broken_plan_is_told_in_plain_words_at_its_place(case: dict[str, Any]) -> None:
    assert said(text_of(case)) == case["says"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["case"])
def test_the_calculation_refuses_what_the_check_calls_an_error_and_nothing_else(case: dict[str, Any]) -> None:
    errors = [line for line in case["says"] if " error " in line and "P210" not in line]
    if errors:
        with pytest.raises(PlanFileError):
            read_plan(text_of(case), "plan.yaml")
    else:
        read_plan(text_of(case), "plan.yaml")


def test_the_catalogue_is_long_and_no_case_is_there_twice() -> None:
    names = [case["case"] for case in CASES]
    assert len(names) == len(set(names)) >= 60
