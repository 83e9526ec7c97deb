"""Plan files: what they say is what is computed, and a mistake is named where it stands."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import polars as pl
import pytest

from shared.kernel.language.formulas import parsed
from shared.kernel.plan.exact_yaml import PlanFileError
from shared.kernel.plan.plan_file import read_plan
from shared.kernel.plan.plan_set import PlanConflict, PlanSet
from shared.kernel.plan.version import Plan

PLAN = """
plan: rep
version: 1
name: Sales representative
currency: USD
effective_from: 2025-01-01
credits:
  - rule: own
measures:
  - measure: bookings
    sum_of: [own]
components:
  - component: commission
    kind: graduated
    measure: bookings
    on: attainment
    tiers:
      - {up_to: 100%, rate: 5%}
      - {rate: 0.075}
"""


def test_numbers_of_a_plan_file_are_read_exactly() -> None:
    plan = read_plan(PLAN, "plan.yaml")
    tiers = plan.components[0].tiers  # type: ignore[union-attr]
    assert [tier.rate for tier in tiers] == [Decimal("0.05"), Decimal("0.075")]
    assert tiers[0].up_to == Decimal(1)


def test_a_published_plan_reads_back_as_it_was() -> None:
    plan = read_plan(PLAN, "plan.yaml")
    assert Plan.model_validate(plan.document()) == plan


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("sum_of: [own]", "sum_of: [others]", "measure bookings sums unknown rules others"),
        ("sum_of: [own]", "sum_of: [own, own]", "measure bookings sums a rule twice"),
        ("measure: bookings\n    on", "measure: margin\n    on", "component commission pays an unknown measure margin"),
        ("{rate: 0.075}", "{up_to: 200%, rate: 0.075}", "the last tier must have no up_to"),
        ("{up_to: 100%, rate: 5%}", "{rate: 5%}", "every tier but the last needs an up_to"),
        ("- {rate: 0.075}", "- {up_to: 90%, rate: 6%}\n      - {rate: 0.075}", "the tiers' up_to must rise"),
        ("rate: 5%", "rate: five", "'five' is not a number or a percentage"),
        ("rate: 5%", "rate: 0.00000000001%", "has more than 9 decimals"),
        ("rate: 5%", "rate: 99999999%", "a rate lies between -10000 and 10000"),
        ("up_to: 100%", "up_to: 0%", "a threshold is above zero"),
        ("currency: USD", "currency: ZZZ", "'ZZZ' is not a currency"),
        ("kind: graduated", "kind: sideways", "there is no kind sideways"),
        ("version: 1", "version: 0", "0 must be at least 1"),
        ("name:", "nmae:", "there is no field nmae here; did you mean name?"),
        ("- rule: own\n", "- rule: own\n  - rule: own\n", "rule own is there twice"),
        ("- rule: own\n", "- rule: own\n    when: stge = 'won'\n", "names unknown columns stge"),
        ("- rule: own\n", "- rule: own\n    when: amount\n", "must be a yes/no expression"),
        ("- rule: own\n", "- rule: own\n    when: sum(amount) > 5\n", "must look at one deal only"),
        ("- rule: own\n", "- rule: own\n    when: rank() over (order by amount) > 5\n", "must look at one deal only"),
        (
            "- rule: own\n",
            "- rule: own\n    when: sum(amount) over (partition by owner) > 5\n",
            "must look at one deal only",
        ),
        ("- rule: own\n", "- rule: own\n    when: stage = \n", "is not a filter"),
        ("- rule: own\n", "- rule: own\n    when: 'true'\n", "names no column of the deal"),
    ],
)
def test_a_mistake_in_a_plan_file_is_named(old: str, new: str, message: str) -> None:
    assert old in PLAN
    with pytest.raises(PlanFileError) as caught:
        read_plan(PLAN.replace(old, new, 1), "plan.yaml")
    assert message in str(caught.value)


def test_broken_yaml_is_named_by_line_and_column() -> None:
    with pytest.raises(PlanFileError, match=r"plan\.yaml:3:6: P001"):
        read_plan("plan: rep\nversion: 1\n name: [x", "plan.yaml")


def test_of_two_versions_from_the_same_day_the_higher_holds() -> None:
    first = read_plan(PLAN + "columns: {segment: number}\n", "plan.yaml")
    second = first.model_copy(update={"version": 2, "columns": {"segment": "text"}})
    plans = PlanSet([second, first])
    assert plans.in_force["version"].to_list() == [2]
    assert plans.columns == {"segment": pl.String()}
    assert list(plans) == [first, second]


def test_a_version_is_not_there_twice_with_different_content() -> None:
    first = read_plan(PLAN, "plan.yaml")
    assert list(PlanSet([first, first])) == [first]
    with pytest.raises(PlanConflict, match="rep@1 is there twice"):
        PlanSet([first, first.model_copy(update={"name": "Another"})])


def test_two_plans_cannot_declare_a_column_differently() -> None:
    first = read_plan(PLAN + "columns: {segment: text}\n", "plan.yaml")
    other = first.model_copy(update={"plan": "lead", "columns": {"segment": "yes_no"}})
    with pytest.raises(PlanConflict, match="column segment"):
        PlanSet([first, other])


def test_the_version_in_force_changes_on_its_day() -> None:
    first = read_plan(PLAN, "plan.yaml")
    second = first.model_copy(update={"version": 2, "effective_from": date(2025, 7, 1)})
    assert PlanSet([second, first]).in_force["version"].to_list() == [1, 2]


def test_formulas_take_percentages_and_plain_numbers() -> None:
    gated = PLAN + "    when: attainment(bookings) >= 80%\n    multiply: [{by: 1.5}, {by: 150 %}]\n"
    component = read_plan(gated, "plan.yaml").components[0]
    assert component.when == "attainment(bookings) >= 80%"
    assert [each.by for each in component.multiply] == ["1.5", "150 %"]
    assert str(parsed("attainment(bookings) >= 12.5%")) == "ATTAINMENT(bookings) >= 0.125"
