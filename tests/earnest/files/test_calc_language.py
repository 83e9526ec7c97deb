"""What conventions and limits of the plan language do to pay, from files."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from earnest.files.calculation import Calculation, calculate
from earnest.files.results import lines_table
from shared.explanation.parts import parts_of_lines
from shared.kernel import PlanSet
from shared.kernel.arithmetic.exact_column import ExactColumn
from shared.kernel.plan.exact_yaml import PlanFileError
from shared.kernel.plan.plan_file import read_plan

HEAD = """
plan: rep
version: 1
name: Rep
currency: USD
effective_from: 2025-01-01
credits: [{rule: own}]
"""


def calculated(folder: Path, plan: str, deals: list[str], roster: str = "participant_id\nann\n") -> Calculation:
    """The pay of one participant's deals, each `amount,close_date`."""
    rows = [f"D{number},ann,{deal}" for number, deal in enumerate(deals, start=1)]
    (folder / "deals.csv").write_text("\n".join(["deal_id,owner,amount,close_date", *rows]) + "\n")
    (folder / "roster.csv").write_text(roster)
    plans = PlanSet([read_plan(HEAD + plan, "plan")])
    return calculate(folder / "deals.csv", folder / "roster.csv", plans=plans, step=lambda _: None)


def paid(found: Calculation, component: str = "pay") -> dict[str, Decimal]:
    """What a component pays by period; its lines sum to it."""
    rows = found.earnings.filter(pl.col("component") == component)
    lines = found.explained.lines.filter(pl.col("component") == component)
    assert lines["amount"].sum() == rows["amount"].sum()
    return {row["period"]: Decimal(row["amount"]).scaleb(-2) for row in rows.iter_rows(named=True)}


def test_what_a_maximum_cut_off_waits_for_the_next_window(tmp_path: Path) -> None:
    plan = """
measures: [{measure: bookings, sum_of: [own], reset: quarter}]
components: [{component: pay, kind: flat, measure: bookings, rate: 10%, maximum: 500, carry_over: true}]
"""
    deals = ["8000,2025-01-03", "100,2025-02-03", "100,2025-04-03", "100,2025-05-03"]
    found = paid(calculated(tmp_path, plan, deals))
    assert found == {"2025-01": 500, "2025-02": 0, "2025-04": 320, "2025-05": 10}


def test_a_carry_over_fills_the_room_of_months_without_a_deal_and_is_paid_by_the_quarter(tmp_path: Path) -> None:
    plan = """
measures: [{measure: bookings, sum_of: [own]}]
components:
  - {component: pay, kind: flat, measure: bookings, rate: 10%, maximum: 500, carry_over: true, pays: quarter}
"""
    assert paid(calculated(tmp_path, plan, ["8000,2025-01-03", "1000,2025-04-03"])) == {"2025-03": 800, "2025-06": 100}


def test_pay_is_rounded_on_the_total_or_on_each_deal_as_the_plan_says(tmp_path: Path) -> None:
    plan = """
measures: [{measure: bookings, sum_of: [own]}]
components: [{component: pay, kind: flat, measure: bookings, rate: 5%}]
"""
    deals = ["0.10,2025-01-03", "0.10,2025-01-04", "0.10,2025-01-05"]
    assert paid(calculated(tmp_path, plan, deals)) == {"2025-01": Decimal("0.02")}
    each = paid(calculated(tmp_path, plan + "conventions: {round_on: deal}", deals))
    assert each == {"2025-01": Decimal("0.03")}


def test_a_ramp_counts_the_periods_of_the_fiscal_calendar(tmp_path: Path) -> None:
    plan = """
calendar: {weeks: 4-4-5, first_day: 2025-02-02}
measures: [{measure: bookings, sum_of: [own], quota: {default: 1000, ramp: [50%]}}]
components: [{component: pay, kind: bonus, measure: bookings, milestones: [{at: 100%, amount: 100}]}]
"""
    roster = "participant_id,effective_from\nann,2025-02-02\n"
    found = paid(calculated(tmp_path, plan, ["500,2025-02-03", "500,2025-03-03"], roster))
    assert found == {"2025-02": 100, "2025-03": 0}


def test_a_figure_without_a_value_is_named_even_where_nothing_is_measured(tmp_path: Path) -> None:
    plan = """
measures: [{measure: bookings, sum_of: [own]}]
components: [{component: pay, kind: bonus, amount: {term: prize}}]
"""
    found = calculated(tmp_path, plan, ["500,2025-02-03"])
    assert paid(found) == {"2025-02": 0}
    assert found.rejected.select("id", "reason").rows() == [("ann", "no_term")]


def test_a_deal_that_waits_for_its_date_is_no_reject_and_does_not_stand_for_another(tmp_path: Path) -> None:
    plan = """
columns: {invoice_date: date}
measures: [{measure: invoiced, sum_of: [own]}]
components: [{component: pay, kind: flat, measure: invoiced, rate: 10%}]
"""
    (tmp_path / "deals.csv").write_text(
        "deal_id,owner,amount,close_date,invoice_date\n"
        "D1,ann,100,2025-01-01,2025-02-01\nD2,ann,100,2025-01-01,\nD3,ann,100,2025-01-01,2025-02-01\n"
        "D4,bob,100,2025-01-01,2025-02-01\n"
    )
    (tmp_path / "roster.csv").write_text("participant_id\nann\n")
    plans = PlanSet([read_plan(HEAD.replace("rule: own", "rule: own, date: invoice_date") + plan, "plan")])
    found = calculate(tmp_path / "deals.csv", tmp_path / "roster.csv", plans=plans, step=lambda _: None)
    assert paid(found) == {"2025-02": 20}
    assert found.rejected.select("id", "reason").rows() == [("D4", "unknown_participant")]


def test_a_currency_without_a_rate_is_no_other_currency(tmp_path: Path) -> None:
    plan = """
exchange: {source: bank, rates: [{currency: EUR, from: 2025-02-01, rate: 1.1}]}
measures: [{measure: bookings, sum_of: [own]}]
components: [{component: pay, kind: flat, measure: bookings, rate: 10%}]
"""
    (tmp_path / "deals.csv").write_text(
        "deal_id,owner,amount,close_date,currency,stage\n"
        "D1,ann,100,2025-02-01,EUR,\nD2,ann,100,2025-01-31,EUR,\nD3,ann,100,2025-02-01,GBP,\n"
    )
    (tmp_path / "roster.csv").write_text("participant_id\nann\n")
    found = calculate(
        tmp_path / "deals.csv",
        tmp_path / "roster.csv",
        plans=PlanSet([read_plan(HEAD + plan, "plan")]),
        step=lambda _: None,
    )
    assert paid(found) == {"2025-02": 11}
    assert found.rejected.select("id", "reason").rows() == [("D2", "no_rate"), ("D3", "no_rate")]


@pytest.mark.parametrize(
    ("rate", "deal", "credited", "said"),
    [
        ("currency: VND, rate: 0.00003929", "2545000000,VND", "99993.05", "1 VND = 0.00003929 USD"),
        ("currency: VND, units: 25450", "2545000000,VND", "100000", "25,450 VND = 1 USD"),
        ("currency: CAD, units: 1.35", "1000000,CAD", "740740.74", "1.35 CAD = 1 USD"),
        ("currency: KWD, units: 0.30725", "1000.123,KWD", "3255.08", "0.30725 KWD = 1 USD"),
        ("currency: IDR, rate: 0.0000613", "9999999999999,IDR", "613000000.00", "1 IDR = 0.0000613 USD"),
    ],
)
def test_money_is_converted_exactly_whatever_the_rate_and_the_rate_is_shown(
    tmp_path: Path, rate: str, deal: str, credited: str, said: str
) -> None:
    plan = f"""
exchange: {{source: bank, rates: [{{{rate}}}]}}
measures: [{{measure: bookings, sum_of: [own]}}]
components: [{{component: pay, kind: flat, measure: bookings, rate: 100%}}]
"""
    (tmp_path / "deals.csv").write_text(f"deal_id,owner,amount,currency,close_date\nD1,ann,{deal},2025-02-01\n")
    (tmp_path / "roster.csv").write_text("participant_id\nann\n")
    plans = PlanSet([read_plan(HEAD + plan, "plan")])
    found = calculate(tmp_path / "deals.csv", tmp_path / "roster.csv", plans=plans, step=lambda _: None)
    assert paid(found) == {"2025-02": Decimal(credited)}
    assert lines_table(found.explained, found.plans)["exchange"].to_list() == [said]
    (part,) = parts_of_lines(found.explained, found.earnings, plans=plans, component="pay", period="2025-02")
    assert f"converted at {said}," in part.lines[0].sentence


@pytest.mark.parametrize(
    "rate", ["rate: 0", "rate: -1", "units: 0", "rate: 1.04, units: 0.96", "rate: 1e-13", "units: 1.234567890123456"]
)
def test_a_rate_that_converts_nothing_or_in_two_ways_is_refused(tmp_path: Path, rate: str) -> None:
    plan = f"""
exchange: {{source: bank, rates: [{{currency: EUR, {rate}}}]}}
measures: [{{measure: bookings, sum_of: [own]}}]
components: [{{component: pay, kind: flat, measure: bookings, rate: 10%}}]
"""
    with pytest.raises(PlanFileError, match=r"plan:\d+:\d+: P\d+: "):
        calculated(tmp_path, plan, [])


@pytest.mark.parametrize(("reading", "pay"), [("refuse", 0), ("nothing", 50), ("full", 80)])
def test_without_a_quota_all_lies_in_the_tier_that_the_convention_says(tmp_path: Path, reading: str, pay: int) -> None:
    plan = f"""
conventions: {{zero_quota: {reading}}}
measures: [{{measure: bookings, sum_of: [own]}}]
components:
  - component: pay
    kind: graduated
    measure: bookings
    on: attainment
    tiers: [{{up_to: 50%, rate: 5%}}, {{up_to: 100%, rate: 8%}}, {{rate: 10%}}]
"""
    assert paid(calculated(tmp_path, plan, ["1000,2025-01-03"])) == {"2025-01": pay}


def test_amounts_of_conditions_and_expressions_are_in_the_deals_own_currency(tmp_path: Path) -> None:
    plan = """
exchange: {source: bank, rates: [{currency: JPY, rate: 0.01}]}
columns: {cost: decimal}
measures: [{measure: margin, sum_of: [own]}]
components: [{component: pay, kind: flat, measure: margin, rate: 10%}]
"""
    (tmp_path / "deals.csv").write_text(
        "deal_id,owner,amount,close_date,currency,cost\n"
        "D1,ann,150000,2025-02-01,JPY,50000\nD2,ann,99999,2025-02-01,JPY,0\nD3,ann,100000.50,2025-02-01,USD,100000\n"
    )
    (tmp_path / "roster.csv").write_text("participant_id\nann\n")
    rule = "rule: own, when: stage = 'won' and amount >= 100000, amount: amount - cost"
    plans = PlanSet([read_plan(HEAD.replace("rule: own", rule) + plan, "plan")])
    found = calculate(tmp_path / "deals.csv", tmp_path / "roster.csv", plans=plans, step=lambda _: None)
    assert paid(found) == {"2025-02": Decimal("100.05")}


def test_weeks_begin_on_a_day_that_is_said(tmp_path: Path) -> None:
    with pytest.raises(PlanFileError, match="a calendar of weeks has a first_day"):
        calculated(
            tmp_path,
            """
calendar: {weeks: 4-4-5}
measures: [{measure: bookings, sum_of: [own]}]
components: [{component: pay, kind: flat, measure: bookings, rate: 10%}]
""",
            [],
        )


def test_a_count_is_not_converted_with_the_money_of_the_deal(tmp_path: Path) -> None:
    plan = """
exchange: {source: bank, rates: [{currency: JPY, rate: 0.01}]}
columns: {seats: number}
measures: [{measure: sold, sum_of: [own]}]
components: [{component: pay, kind: per_unit, measure: sold, amount: 2}]
"""
    (tmp_path / "deals.csv").write_text(
        "deal_id,owner,amount,close_date,currency,seats\nD1,ann,150000,2025-02-01,JPY,30\nD2,ann,10,2025-02-01,USD,12\n"
    )
    (tmp_path / "roster.csv").write_text("participant_id\nann\n")
    plans = PlanSet([read_plan(HEAD.replace("rule: own", "rule: own, amount: seats") + plan, "plan")])
    found = calculate(tmp_path / "deals.csv", tmp_path / "roster.csv", plans=plans, step=lambda _: None)
    assert paid(found) == {"2025-02": 84}


def test_whom_a_column_names_and_the_roster_does_not_know_is_listed(tmp_path: Path) -> None:
    plan = """
columns: {engineer: participant}
measures: [{measure: supported, sum_of: [own]}]
components: [{component: pay, kind: flat, measure: supported, rate: 1%}]
"""
    (tmp_path / "deals.csv").write_text(
        "deal_id,owner,amount,close_date,engineer,stage\n"
        "D1,ann,1000,2025-02-01,bob,\nD2,ann,1000,2025-02-01,zoe,\nD3,ann,1000,2025-02-01,zoe,open\n"
    )
    (tmp_path / "roster.csv").write_text("participant_id\nann\nbob\n")
    rules = "{rule: own, to: engineer}, {rule: all}"
    plans = PlanSet([read_plan(HEAD.replace("{rule: own}", rules) + plan, "plan")])
    found = calculate(tmp_path / "deals.csv", tmp_path / "roster.csv", plans=plans, step=lambda _: None)
    assert paid(found)["2025-02"] == 10
    assert found.rejected.select("id", "reason", "message").rows() == [
        ("D2", "unknown_participant", "zoe is not in the roster on the close date")
    ]


def test_days_between_dates_decide_which_rate_a_deal_is_paid_at(tmp_path: Path) -> None:
    head = HEAD.replace("[{rule: own}]", "").replace("credits: ", "")
    plan = """
columns: {paid_on: date}
credits:
  - {rule: quick, when: stage = 'won' and paid_on - close_date <= 10}
  - {rule: slow, when: stage = 'won' and paid_on - close_date > 10}
measures: [{measure: quick, sum_of: [quick]}, {measure: slow, sum_of: [slow]}]
components: [{component: quick, kind: flat, measure: quick, rate: 4%}, {component: slow, kind: flat, measure: slow, rate: 1%}]
"""
    rows = ["A,ann,10000,2025-03-10,2025-03-20", "B,ann,10000,2025-03-10,2025-03-21", "C,ann,10000,2025-03-10,"]
    (tmp_path / "deals.csv").write_text("\n".join(["deal_id,owner,amount,close_date,paid_on", *rows]) + "\n")
    (tmp_path / "roster.csv").write_text("participant_id\nann\n")
    plans = PlanSet([read_plan(head + plan, "plan")])
    found = calculate(tmp_path / "deals.csv", tmp_path / "roster.csv", plans=plans, step=lambda _: None)
    assert paid(found, "quick") == {"2025-03": 400}
    assert paid(found, "slow") == {"2025-03": 100}


@pytest.mark.parametrize(
    ("margin", "number", "percent", "pay"),
    [
        ("2460", "0.246", "24.6%", 0),
        ("2499.99", "0.249999", "24.9999%", 0),
        ("2500", "0.25", "25%", 100),
        ("160", "0.016", "1.6%", 0),
        ("40", "0.004", "0.4%", 0),
        ("2500.01", "0.250001", "25.0001%", 100),
    ],
)
def test_a_ratio_is_shown_with_the_digits_that_decide(
    tmp_path: Path, margin: str, number: str, percent: str, pay: int
) -> None:
    head = HEAD.replace("[{rule: own}]", "[{rule: own}, {rule: earned, amount: margin}]")
    plan = """
conventions: {boundary: upper}
columns: {margin: decimal}
measures: [{measure: margin_rate, ratio: {of: [earned], to: [own]}}]
components:
  - component: pay
    kind: curve
    measure: margin_rate
    target: 100
    steps: [{up_to: 25%, gives: 0%}, {gives: 100%}]
"""
    (tmp_path / "deals.csv").write_text(f"deal_id,owner,amount,close_date,margin\nD1,ann,10000,2025-01-15,{margin}\n")
    (tmp_path / "roster.csv").write_text("participant_id\nann\n")
    plans = PlanSet([read_plan(head + plan, "plan")])
    found = calculate(tmp_path / "deals.csv", tmp_path / "roster.csv", plans=plans, step=lambda _: None)
    assert paid(found) == {"2025-01": pay}
    assert lines_table(found.explained, found.plans).select("after", "attainment_after").rows()[-1] == (number, percent)
    (part,) = parts_of_lines(found.explained, found.earnings, plans=plans, component="pay", period="2025-01")
    assert f"margin_rate of {number}," in part.sentence
    assert f"takes margin_rate from 0.00 to {number}." in part.lines[-1].sentence


@given(st.fractions(0, 3), st.integers(0, 3_000_000))
def test_what_is_shown_of_a_number_lies_on_the_same_side_of_every_coarser_one(value: Fraction, millionths: int) -> None:
    mark = Fraction(millionths, 10**6)
    seen = Fraction(int(ExactColumn.fractions([value]).shown(10**9, "it")[0]), 10**9)
    assert (seen < mark, seen > mark) == (value < mark, value > mark)


def test_the_rate_stays_visible_where_every_deal_is_rounded(tmp_path: Path) -> None:
    plan = """
conventions: {round_on: deal}
measures: [{measure: bookings, sum_of: [own]}]
components: [{component: pay, kind: flat, measure: bookings, rate: 5%}]
"""
    found = calculated(tmp_path, plan, ["10.10,2025-01-15", "10.10,2025-01-16", "10.10,2025-01-17"])
    assert paid(found) == {"2025-01": Decimal("1.53")}
    plans = PlanSet([read_plan(HEAD + plan, "plan")])
    (part,) = parts_of_lines(found.explained, found.earnings, plans=plans, component="pay", period="2025-01")
    assert all("10.10 × 5%, rounded, which comes to 0.51." in line.sentence for line in part.lines)
