"""The plan document says in plain words what the plan file says, for every kind."""

from __future__ import annotations

from datetime import date

import pytest

from shared.kernel.components import KINDS
from shared.kernel.components.base import Kind
from shared.kernel.language.sql_in_words import filter_in_words, formula_in_words
from shared.kernel.plan.document import document
from shared.kernel.plan.plan_file import read_plan

PLAN = """
plan: rep
version: 2
name: Account executive
currency: USD
effective_from: 2026-01-01
reason: accelerators from 100%
author: the comp team
columns: {renewal: yes_no, specialist: participant, invoice_date: date, margin: decimal}
conventions: {boundary: upper}
credits:
  - {rule: own, when: "stage = 'won' and not renewal"}
  - {rule: expert, to: specialist, share: 50%, cap: 5000, date: invoice_date, amount: margin}
  - {rule: team, to: managers, levels: 2}
measures:
  - {measure: bookings, sum_of: [own], reset: quarter, quota: {default: 300000, prorate: calendar_days, ramp: [30%, 60%]}}
  - {measure: overlay, sum_of: [expert, team]}
  - {measure: deals, count_of: [own]}
  - {measure: objectives, score: true}
  - {measure: lately, sum_of: [own], rolling: 3}
  - {measure: twelve_months, count_of: [own], rolling: 12}
  - {measure: card, scorecard: {bookings: {weight: 60%, maximum: 150%}, objectives: {weight: 40%, minimum: 50%}}}
components:
  - component: commission
    title: Commission on bookings
    kind: graduated
    measure: bookings
    on: attainment
    pays: quarter
    maximum: 50000
    tiers: [{up_to: 50%, rate: 4%}, {up_to: 100%, rate: 8%}, {rate: 12%}]
    multiply: [{measure: card, steps: [{up_to: 80%, gives: 0.8}, {gives: 1}]}]
  - {component: kicker, kind: bonus, amount: 1000, when: attainment(bookings) >= 1.2 and deals > 3}
  - component: matrix
    kind: table
    axes: [{attainment: bookings, up_to: [80%]}, {amount: deals, up_to: [5]}]
    values: [[0, 100], [200, 300]]
maximum: 90000
"""


def test_the_document_says_the_plan() -> None:
    told = document(read_plan(PLAN, "plan.yaml"))
    for said in (
        "# Account executive\n\nPlan rep, version 2, in force from 1 January 2026. All amounts are in USD, before tax.",
        "### Commission on bookings\n\nEach part of bookings is paid at the rate of the tier in which it lies:",
        "| from 50% to 100% of quota | 8% |",
        "The result is multiplied by a factor, by the attainment of card:",
        "It pays at most 50,000 over a quarter.\n\nIt is calculated over a quarter and paid each quarter as a whole, in the last month.",
        "This is paid only if the attainment of bookings is at least 120% and deals is above 3.",
        "| attainment of bookings / deals | below 5 | from 5 on |\n| :-- | --: | --: |\n| below 80% of quota | 0 | 100 |",
        "All of it together is at most 90,000 a month.",
        "- **Overlay**: the sum of what is credited by *expert* and *team*, beginning anew each month.",
        "- **Lately**: the sum of what is credited by *own*, of this month and the 2 before it.",
        "- **Twelve months**: the number of deals credited by *own*, of this month and the 11 before it.",
        "- **Card**: a scorecard: 60% for the attainment of bookings (no more than 150%), 40% for the attainment of objectives",
        "- **Own**: a deal of which the stage is won and renewal is no counts for the one who holds the deal",
        "counts for the specialist of the deal, with 50% of margin, on its invoice date, at most 5,000 for one deal.",
        "- A value exactly on a boundary belongs to the tier that begins there.",
    ):
        assert said in told, told


def test_every_kind_has_words_of_its_own() -> None:
    assert [name for name, kind in KINDS.items() if kind.in_words is Kind.in_words] == []


def test_formulas_and_filters_are_said_aloud() -> None:
    assert formula_in_words("case when attainment(b) >= 80% then 100 else least(b * 0.5, 7) end") == (
        "100 if the attainment of b is at least 80%, otherwise the least of b times 0.5 and 7"
    )
    assert filter_in_words("product in ('A', 'B') and (amount between 5 and 9 or account is not null)") == (
        "the product is one of A and B and (the amount is from 5 to 9 or the account is given)"
    )
    assert filter_in_words("list_amount is null or not (amount < 0.8 * list_amount)") == (
        "the list amount is not given or the amount is at least 0.8 times the list amount"
    )
    assert filter_in_words("not product = 'A' and not amount > 5") == "the product is not A and the amount is at most 5"
    assert filter_in_words("product like 'A%'") == "`product like 'A%'`"
    assert filter_in_words(f"close_date >= DATE '{date(2025, 1, 1)}'") == "the close date is at least 2025-01-01"


def test_words_that_have_no_end_stand_in_brackets_beside_a_sign() -> None:
    said = {
        "least(s, quota(s)) * 5% + greatest(0, s - 1.5 * quota(s)) * 12%": (
            "5% of (the least of s and the quota of s) plus 12% of (the greatest of 0 and (s minus 1.5 times the quota"
            " of s))"
        ),
        "floor(a / 3) * 10": "(a divided by 3, rounded down to a whole number) times 10",
        "round(abs(a - b), 2)": "(the size of (a minus b)), rounded to 2 decimals",
        "-(case when a > 1 then 2 else 3 end)": "minus (2 if a is above 1, otherwise 3)",
        "a > 1 and b > 2 or s > 3": "(a is above 1 and b is above 2) or s is above 3",
        "blended >= 6%": "blended is at least 6%",
        "segment = '10% club'": "segment is 10% club",
    }
    assert {formula: formula_in_words(formula) for formula in said} == said


def test_marks_that_are_shares_are_written_in_percent() -> None:
    told = document(
        read_plan(
            PLAN.replace(
                "    axes: [{attainment: bookings, up_to: [80%]}, {amount: deals, up_to: [5]}]",
                "    axes: [{formula: deals / 7, up_to: [20%]}, {amount: deals, at: [1, 2]}]",
            ),
            "plan.yaml",
        )
    )
    assert "| deals divided by 7 / deals | 1 | 2 |\n| :-- | --: | --: |\n| below 20% | 0 | 100 |" in told, told


SCALES = """plan: rep
version: 1
name: r
currency: USD
effective_from: 2025-01-01
conventions: {boundary: BOUNDARY}
credits: [{rule: own}]
measures:
  - {measure: sales, sum_of: [own]}
  - {measure: level, lookup: {measure: sales, on: amount, steps: [{up_to: 3, gives: 7}, {gives: 8}]}}
components:
"""


@pytest.mark.parametrize(
    ("component", "differs"),
    [
        ("kind: whole, measure: sales, tiers: [{up_to: 3, rate: 1%}, {rate: 2%}]", True),
        ("kind: slab, measure: sales, tiers: [{up_to: 3, rate: 1%}, {rate: 2%}]", True),
        ("kind: slab, measure: sales, marginal: true, tiers: [{up_to: 3, rate: 1%}, {rate: 2%}]", False),
        ("kind: graduated, measure: sales, crossing: whole, tiers: [{up_to: 3, rate: 1%}, {rate: 2%}]", True),
        ("kind: graduated, measure: sales, tiers: [{up_to: 3, rate: 1%}, {rate: 2%}]", False),
        ("kind: table, measure: sales, axes: [{amount: sales, up_to: [3]}], values: [1%, 2%]", True),
        ("kind: curve, measure: sales, on: amount, target: 9, steps: [{up_to: 3, gives: 0%}, {gives: 9%}]", True),
        (
            "kind: flat, measure: sales, rate: 1%, multiply: [{measure: sales, on: amount,"
            " steps: [{up_to: 3, gives: 1}, {gives: 2}]}]",
            True,
        ),
    ],
)
def test_exactly_a_boundary_is_told_where_it_is_paid(component: str, differs: bool) -> None:
    plan = f"{SCALES}  - {{component: c, {component}}}\n"
    lower, upper = (document(read_plan(plan.replace("BOUNDARY", side), "p.yaml")) for side in ("lower", "upper"))
    above, below = lower.split("## What is measured")[0], upper.split("## What is measured")[0]
    assert "| up to 3 |" in above
    assert ("| below 3 |" in below, "| from 3 on |" in below) == (differs, differs), below
    assert "looked up by the sales: 7 for below 3, 8 for from 3 on" in upper.replace("by sales", "by the sales")


def test_what_a_deal_pays_at_least_is_told_with_the_deals_that_pay_back_or_nothing() -> None:
    plan = f"{SCALES}  - {{component: c, kind: flat, measure: sales, rate: 1%, deal_minimum: 150}}\n"
    assert (
        "Each deal that is credited above zero pays at least 150, and one below zero takes back within the same limits;"
        " one that credits nothing pays nothing." in document(read_plan(plan.replace("BOUNDARY", "lower"), "p.yaml"))
    )
