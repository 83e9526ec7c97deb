"""No formula, gate, multiplier or table is told without its numbers, line by line, in files, explanations and what is
kept.
"""

from __future__ import annotations

import csv
from fractions import Fraction
from pathlib import Path

import orjson
import pytest

from earnest.files.calculation import calculate
from earnest.files.results import write_results
from earnest.plans.assertions import assertion_report
from shared.explanation import Part, frozen, parts_of_lines
from shared.kernel import PlanSet
from shared.kernel.plan.plan_file import read_plan
from tests.reference_model.formulas import worked_out

HEAD = """
plan: rep
version: 1
name: Rep
currency: USD
effective_from: 2025-01-01
credits: [{rule: own}, {rule: count_it}]
measures:
  - {measure: bookings, sum_of: [own]}
  - {measure: deals, count_of: [count_it], quota: {default: 4}}
  - {measure: csat, score: true}
  - {measure: rate, formula: "case when attainment(bookings) > 1 then 5% else 4% end * case position when 'senior' then 1.25 else 1 end"}
  - {measure: card, scorecard: {bookings: {weight: 50%}, csat: {weight: 50%}}}
components:
"""
DEALS = (
    "deal_id,owner,amount,close_date\nD1,ann,60000,2025-01-15\nD2,ann,52345.67,2025-01-16\nD3,bob,20000,2025-01-15\n"
)
ROSTER = "participant_id,position,quota.bookings,score.csat,effective_from\nann,senior,100000,90%,2025-01-01\nbob,,100000,80%,2025-01-01\n"


def told(folder: Path, component: str, *, head: str = HEAD) -> tuple[dict[str, Part], list[dict[str, str]]]:
    """By participant how the component is explained, and the rows of lines.csv."""
    (folder / "deals.csv").write_text(DEALS)
    (folder / "roster.csv").write_text(ROSTER)
    plans = PlanSet([read_plan(f"{head}  - {{component: pay, {component}}}\n", "plan")])
    found = calculate(folder / "deals.csv", folder / "roster.csv", plans=plans, step=lambda _: None)
    write_results(found, folder / "out")
    parts = {}
    for who in ("ann", "bob"):
        own = [table.filter(participant_id=who) for table in found.explained]
        explained = type(found.explained)(*own)
        earned = found.earnings.filter(participant_id=who)
        [part] = parts_of_lines(explained, earned, plans=plans, component="pay", period="2025-01")
        [(_, detail)] = frozen.details(explained, earned, plans=plans, period="2025-01").iter_rows()
        assert dict(frozen.components_of(detail)) == {"pay": [part]}
        parts[who] = part
    with (folder / "out" / "lines.csv").open() as text:
        return parts, list(csv.DictReader(text))


def test_a_formula_is_told_as_a_product_that_a_calculator_can_check(tmp_path: Path) -> None:
    parts, rows = told(tmp_path, "kind: formula, measure: bookings, amount: bookings * rate")
    first, second = parts["ann"].lines
    assert (
        first.named
        == "bookings 60,000.00 × rate 5% = 3,000.00; rate by attainment(bookings) 60.00% and position senior"
    )
    assert (
        "Here bookings 112,345.67 × rate 6.25% = 7,021.604375; rate by attainment(bookings) 112.34567%"
        in second.sentence
    )
    assert [row["values"] for row in rows] == [
        "bookings 60000; rate 0.05; attainment(bookings) 0.6; position senior",
        "bookings 112345.67; rate 0.0625; attainment(bookings) 1.1234567; position senior",
        "bookings 20000; rate 0.04; attainment(bookings) 0.2; position blank",
    ]
    values = {value.name: Fraction(value.value or 0) for value in second.values if value.name != "position"}
    came_to = worked_out("bookings * rate", lambda name, of: values[name if of is None else f"{name}({of})"])
    assert came_to == Fraction(second.exact_so_far)


@pytest.mark.parametrize(
    ("component", "named"),
    [
        (
            "kind: flat, measure: bookings, rate: 5%, when: deals >= 1 and position = 'senior'",
            "deals 2, position senior",
        ),
        (
            "kind: flat, measure: bookings, rate: 5%, multiply: [{category: position, of: {senior: 2}, others: 1}, "
            "{measure: deals, steps: [{up_to: 50%, gives: 1}, {gives: 2}]}]",
            "position senior, attainment(deals) 50.00%; attainment(deals) by deals 2 and quota(deals) 4",
        ),
        (
            "kind: table, measure: bookings, axes: [{attainment: bookings, up_to: [1]}, {amount: deals, up_to: [3]}, "
            "{category: position, of: [senior], others: true}], values: [[[1%, 2%], [3%, 4%]], [[5%, 6%], [7%, 8%]]]",
            "attainment(bookings) 112.34567% (above 100% of quota), deals 2 (up to 3), position senior",
        ),
        (
            "kind: table, measure: bookings, axes: [{formula: bookings / quota(bookings), at: [1, 1.5]}, "
            "{category: position, of: [junior], others: true}], values: [[1%, 2%], [3%, 4%]]",
            "bookings / quota(bookings) 1.1234567 (between 1 and 1.50), position senior (everybody else), "
            "bookings 112,345.67, quota(bookings) 100,000.00",
        ),
        ("kind: flat, measure: card, rate: 100", "card by attainment(bookings) 112.34567% and attainment(csat) 90.00%; "
         "attainment(bookings) by bookings 112,345.67 and quota(bookings) 100,000.00"),
        ("kind: flat, measure: bookings, rate: 5%", ""),
    ],
)  # fmt: skip
def test_gates_multipliers_tables_and_scorecards_are_told_with_what_they_look_at(
    tmp_path: Path, component: str, named: str
) -> None:
    parts, rows = told(tmp_path, component)
    assert parts["ann"].lines[-1].named == named
    assert ("values" in rows[0]) == bool(named)
    assert (f"Here {named}." in parts["ann"].lines[-1].sentence) == bool(named)


def test_a_closed_gate_says_by_how_much(tmp_path: Path) -> None:
    parts, _ = told(tmp_path, "kind: bonus, amount: 500, when: attainment(bookings) >= 80%")
    assert ", where attainment(bookings) >= 80% (attainment(bookings) 20.00%)" in parts["bob"].sentence
    assert (
        "Here attainment(bookings) 20.00%; attainment(bookings) by bookings 20,000.00" in parts["bob"].lines[0].sentence
    )


def test_gates_and_factors_of_pools_and_contests_are_told_with_their_numbers(tmp_path: Path) -> None:
    parts, rows = told(tmp_path, 'kind: pool, amount: 900, when: deals >= 1, multiply: [{by: "least(csat, 1)"}]')
    assert ", where deals >= 1 (deals 2), under" in parts["ann"].sentence
    assert parts["ann"].lines[0].sentence.endswith("Here deals 2, csat 90%.")
    assert [row["values"] for row in rows] == ["deals 2; csat 0.9", "deals 1; csat 0.8"]
    parts, _ = told(tmp_path, "kind: contest, measure: bookings, prizes: [500], when: attainment(bookings) >= 1")
    assert "It pays nothing" in parts["bob"].sentence
    assert "(attainment(bookings) 20.00%)" in parts["bob"].sentence


def test_a_company_without_formulas_keeps_no_more_than_before(tmp_path: Path) -> None:
    (tmp_path / "deals.csv").write_text(DEALS)
    (tmp_path / "roster.csv").write_text(ROSTER)
    plans = PlanSet([read_plan(HEAD + "  - {component: pay, kind: flat, measure: bookings, rate: 5%}\n", "plan")])
    found = calculate(tmp_path / "deals.csv", tmp_path / "roster.csv", plans=plans, step=lambda _: None)
    details = frozen.details(found.explained, found.earnings, plans=plans, period="2025-01")["detail"]
    assert all("values" not in orjson.loads(detail)["lines"] for detail in details)


def test_an_assertion_that_fails_says_what_the_names_came_to_at_its_point() -> None:
    text = HEAD + (
        "  - {component: pay, kind: formula, measure: bookings, amount: bookings * rate}\n"
        "assertions:\n"
        "  - {at: {bookings: 120000, quota.bookings: 100000, position: senior}, pays: 7500}\n"
        "  - {at: {bookings: 120000, quota.bookings: 100000}, pays: 7500}\n"
    )
    report, hold = assertion_report([("plan.yaml", read_plan(text, "plan.yaml"))])
    assert not hold
    assert report.splitlines() == [
        "plan.yaml: assertion 1 holds: at bookings 120,000, quota of bookings 100,000, position senior",
        "plan.yaml: assertion 2 FAILS: at bookings 120,000, quota of bookings 100,000",
        "    the plan pays 6,000.00 USD, not 7,500",
        "    pay: bookings 120,000.00 × rate 5%; rate by attainment(bookings) 120.00% and position blank",
        "1 failed, 1 passed",
    ]


def test_what_own_columns_count_is_not_told_in_money(tmp_path: Path) -> None:
    head = HEAD.replace("credits: [", "columns: {bottles: number}\ncredits: [{rule: bottles, amount: bottles * 2}, ")
    head = head.replace("measures:", "measures:\n  - {measure: sold, sum_of: [bottles]}")
    part = told(tmp_path, "kind: flat, measure: sold, rate: 1%", head=head)[0]["ann"]
    assert "for sold of 0.00, under" in part.sentence
    part = told(tmp_path, "kind: flat, measure: bookings, rate: 1%", head=head)[0]["ann"]
    assert "for bookings of 112,345.67 USD against" in part.sentence


def test_pay_that_others_moved_is_told_so(tmp_path: Path) -> None:
    head = HEAD.replace("[own]}", "[own], reset: quarter}")
    head = head.replace("measures:", "measures:\n  - {measure: together, sum_of: [own], among: plan, reset: quarter}")
    component = (
        "kind: flat, measure: bookings, rate: 10%,"
        " multiply: [{measure: together, on: amount, steps: [{up_to: 60000, gives: 1}, {gives: 2}]}]"
    )
    (tmp_path / "deals.csv").write_text(
        "deal_id,owner,amount,close_date\nD1,bob,20000,2025-01-15\nD2,ann,50000,2025-02-16\n"
    )
    (tmp_path / "roster.csv").write_text(ROSTER)
    plans = PlanSet([read_plan(f"{head}  - {{component: pay, {component}}}\n", "plan")])
    found = calculate(tmp_path / "deals.csv", tmp_path / "roster.csv", plans=plans, step=lambda _: None)
    explained = type(found.explained)(*(table.filter(participant_id="bob") for table in found.explained))
    earned = found.earnings.filter(participant_id="bob")
    lines = parts_of_lines(explained, earned, plans=plans, component="pay", period="2025-02")[0].lines
    moved = next(line.sentence for line in lines if line.deal_id is None)
    assert moved.startswith(
        "Not by a deal of their own: by what others have brought, scores, quotas and fixed amounts."
    )


def test_what_the_most_of_a_deal_cuts_off_was_never_paid(tmp_path: Path) -> None:
    lines = told(tmp_path, "kind: flat, measure: bookings, rate: 10%, deal_maximum: 5500")[0]["ann"].lines
    assert "60,000.00 × 10% = 6,000.00 (all of it). -500.00 (to the most of a deal)." in lines[0].sentence


def test_of_a_deal_that_two_rules_credit_the_line_that_is_cut_says_what_is_left_of_the_most(tmp_path: Path) -> None:
    head = HEAD.replace("sum_of: [own]", "sum_of: [own, more]").replace("{rule: own}", "{rule: own}, {rule: more}")
    component = "kind: flat, measure: bookings, rate: 10%, deal_maximum: 9000, multiply: [{by: 0.5}]"
    lines = told(tmp_path, component, head=head)[0]["ann"].lines
    cut = next(line.sentence for line in lines if "most" in line.sentence)
    assert "-3,000.00 × 0.5 = -1,500.00 (of the deal's most of 9,000.00 only 3,000.00 is left)." in cut


@pytest.mark.parametrize(
    ("component", "said"),
    [
        (
            "kind: table, measure: bookings, axes: [{amount: deals, up_to: [2, 5]}], values: [1%, 2%, 3%]",
            "deals 2 (from 2 to below 5)",
        ),
        (
            "kind: whole, measure: bookings, by: deals, tiers: [{up_to: 1, rate: 1%}, {up_to: 2, rate: 2%}, {rate: 3%}]",
            "(everything, from 2 on)",
        ),
        (
            "kind: graduated, measure: bookings, by: deals, crossing: whole, tiers: [{up_to: 3, rate: 1%}, {rate: 3%}]",
            "(below 3)",
        ),
        (
            "kind: slab, measure: bookings, tiers: [{up_to: 52345.67, rate: 1%}, {rate: 3%}]",
            "By itself it pays 52,345.67 × 3% (from 52,345.67 on)",
        ),
    ],
)
def test_a_boundary_belongs_in_words_where_it_belongs_in_pay(tmp_path: Path, component: str, said: str) -> None:
    upper = HEAD.replace("credits:", "conventions: {boundary: upper}\ncredits:")
    lines = told(tmp_path, component, head=upper)[0]["ann"].lines
    assert said in " ".join(line.sentence for line in lines)
