"""A plan at given points pays what it pays a participant who got there by deals."""

from __future__ import annotations

from fractions import Fraction

import pytest

from shared.kernel.arithmetic.exact_column import ExactColumn
from shared.kernel.plan.plan_file import read_plan
from shared.kernel.scenarios import ScenarioError, Scenarios, pay_at

PLAN = read_plan(
    """
plan: rep
version: 1
name: Sales representative
currency: USD
effective_from: 2025-01-01
credits: [{rule: own}]
measures:
  - {measure: bookings, sum_of: [own], quota: {default: 100000}}
  - {measure: half, formula: bookings / 2}
  - {measure: goals, score: true}
components:
  - component: commission
    kind: graduated
    measure: bookings
    on: attainment
    tiers: [{up_to: 100%, rate: 5%}, {rate: 10%}]
  - {component: kicker, kind: bonus, amount: 500, when: attainment(bookings) >= 1 and half > 100}
  - {component: objectives, kind: curve, measure: goals, target: {term: variable}, points: [{at: 0, gives: 0}, {at: 1, gives: 1}]}
  - {component: size, kind: slab, measure: bookings, tiers: [{up_to: 50000, rate: 1%}, {rate: 2%}]}
  - {component: pool, kind: pool, amount: 1000, by: bookings}
  - {component: linked, kind: formula, amount: pay(kicker) * 2}
maximum: 9000
""",
    "plan.yaml",
)


def column(*values: str | int) -> ExactColumn:
    return ExactColumn.fractions([Fraction(value) for value in values])


def test_every_component_is_evaluated_at_every_point() -> None:
    found = pay_at(PLAN, Scenarios(height=3, attainments={"bookings": column(0, 1, "3/2")}))
    assert {name: pay.to_list() for name, pay in found.pay.items()} == {
        "commission": [0, 500_000, 1_000_000],
        "kicker": [0, 50_000, 50_000],
        "objectives": [0, 0, 0],
        "size": [0, 200_000, 300_000],
        "pool": [0, 100_000, 100_000],
        "linked": [0, 100_000, 100_000],
        "plan_maximum": [0, -50_000, -650_000],
    }
    assert found.total.to_list() == [0, 900_000, 900_000]


def test_terms_scores_and_quotas_can_be_said() -> None:
    said = Scenarios(
        height=2,
        measures={"goals": column("1/2", "4/5"), "bookings": column(1000, 1000)},
        quotas={"bookings": column(1000, 500)},
        terms={"variable": column(10_000, 10_000)},
    )
    found = pay_at(PLAN, said)
    assert found.pay["objectives"].to_list() == [500_000, 800_000]
    assert found.pay["commission"].to_list() == [5_000, 7_500]


def test_why_a_component_pays_nothing_is_told() -> None:
    found = pay_at(PLAN, Scenarios(height=1, measures={"bookings": column(5)}, quotas={"bookings": column(0)}))
    assert found.problems["commission"].to_list() == ["no_quota"]
    assert found.problems["objectives"].to_list() == ["no_term"]
    assert found.problems["size"].to_list() == [None]


def test_a_point_that_contradicts_itself_is_refused() -> None:
    one = {"bookings": column(1)}
    with pytest.raises(ScenarioError, match="two say the third"):
        pay_at(PLAN, Scenarios(height=1, measures=one, attainments=one, quotas=one))
    with pytest.raises(ScenarioError, match="the plan has no measure margin; it has bookings, goals, half"):
        pay_at(PLAN, Scenarios(height=1, measures={"margin": column(1)}))


def test_whoever_is_compared_with_others_stands_alone_at_a_point() -> None:
    compared = """
plan: rep
version: 1
name: Sales representative
currency: USD
effective_from: 2025-01-01
credits: [{rule: own}]
measures: [{measure: bookings, sum_of: [own]}]
components:
  - {component: race, kind: contest, measure: bookings, among: team, prizes: [100, 50]}
  - {component: pot, kind: pool, rate: 1%, funded_by: bookings, among: territory}
"""
    found = pay_at(read_plan(compared, "plan.yaml"), Scenarios(height=2, measures={"bookings": column(1000, 500)}))
    assert {name: pay.to_list() for name, pay in found.pay.items()} == {"race": [10_000] * 2, "pot": [1_000, 500]}
