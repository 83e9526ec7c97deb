"""Whatever pays nothing for a reason is named with it, in rejected.csv and on its line, and what is used is not listed
as missed.
"""

from __future__ import annotations

import csv
from pathlib import Path

import polars as pl
import pytest

from earnest.files.calculation import Calculation, calculate
from earnest.files.results import write_results
from shared.kernel import PlanSet
from shared.kernel.plan.plan_file import read_plan

HEAD = """
plan: rep
version: 1
name: Rep
currency: USD
effective_from: 2025-01-01
"""
OWN = "credits: [{rule: own}]\nmeasures: [{measure: sales, sum_of: [own]}]\n"


def calculated(folder: Path, plan: str, deals: str, roster: str) -> Calculation:
    (folder / "deals.csv").write_text(f"deal_id,owner,amount,close_date\n{deals}")
    (folder / "roster.csv").write_text(roster)
    plans = PlanSet([read_plan(HEAD + plan, "plan")])
    found = calculate(folder / "deals.csv", folder / "roster.csv", plans=plans, step=lambda _: None)
    write_results(found, folder / "out")
    return found


def table(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / "out" / f"{name}.csv").open() as text:
        return list(csv.DictReader(text))


def reasons(folder: Path) -> list[tuple[str, str, str]]:
    return [(row["id"], row["reason"], row["message"]) for row in table(folder, "rejected")]


def test_whoever_asks_for_an_attainment_without_a_quota_is_named(tmp_path: Path) -> None:
    plan = """
measures:
  - {measure: sales, sum_of: [own]}
  - {measure: card, scorecard: {sales: {weight: 100%}}}
credits: [{rule: own}]
components:
  - {component: plain, kind: flat, measure: sales, rate: 2%}
  - {component: kicker, kind: bonus, amount: 300, when: attainment(sales) >= 80%}
  - {component: gated, kind: flat, measure: sales, rate: 3%, when: attainment(sales) < 80%}
  - {component: scaled, kind: flat, measure: sales, rate: 4%, multiply: [{by: "least(attainment(sales), 1)"}]}
  - {component: written, kind: formula, amount: case when attainment(sales) >= 80% then 0 else 9 end}
  - {component: scored, kind: curve, measure: card, target: 50, points: [{at: 0, gives: 0}, {at: 1, gives: 1}]}
"""
    calculated(tmp_path, plan, "D1,ann,400,2025-03-05\n", "participant_id,quota.sales\nann,\n")
    assert [row[:2] for row in reasons(tmp_path)] == [("ann", "no_quota")] * 5
    assert all("no quota above zero for sales" in message for *_, message in reasons(tmp_path))
    lines = {row["component"]: row["reason"] for row in table(tmp_path, "lines")}
    assert lines == dict.fromkeys(("gated", "kicker", "scaled", "scored", "written"), "no_quota") | {"plain": ""}


def test_a_category_in_no_row_is_named_unless_the_axis_has_a_row_for_everybody_else(tmp_path: Path) -> None:
    pay = "components: [{component: pay, kind: table, measure: sales, axes: [AXIS], values: VALUES}]"
    deals = "D1,ann,1000,2025-01-15\nD2,bob,1000,2025-01-16\nD3,cem,1000,2025-01-17\n"
    roster = "participant_id,position\nann,lead\nbob,Lead\ncem,\n"
    axis = "category: position, of: [lead, agent]"
    told = pay.replace("AXIS", f"{{{axis}}}").replace("VALUES", "[6%, 4%]")
    calculated(tmp_path, OWN + told, deals, roster)
    assert [(who, why, message.split(" on the last")[0]) for who, why, message in reasons(tmp_path)] == [
        ("bob", "no_category", "pay of 2025-01: the plan has no row for position Lead"),
        ("cem", "no_category", "pay of 2025-01: the plan has no row for a blank position"),
    ]
    assert [(row["slices"], row["reason"]) for row in table(tmp_path, "lines")] == [
        ("1000.00 at 6%", ""),
        ("", "no_category"),
        ("", "no_category"),
    ]
    told = pay.replace("AXIS", f"{{{axis}, others: true}}").replace("VALUES", "[6%, 4%, 1%]")
    calculated(tmp_path, OWN + told, deals, roster)
    assert reasons(tmp_path) == []
    assert [row["amount"] for row in table(tmp_path, "earnings")] == ["60.00", "10.00", "10.00"]


@pytest.mark.parametrize(
    ("component", "reason", "about"),
    [
        ("kind: flat, measure: sales, rate: 5%, when: sales > 5000", "gate_closed", "sales > 5000"),
        ("kind: flat, measure: sales, rate: {term: share}", "no_term", "share"),
        ("kind: formula, amount: sales * term(share)", "term_is_zero", "share"),
        ('kind: flat, measure: sales, rate: 5%, multiply: [{by: "least(sales, 0)"}]', "factor_zero", "multiplied"),
        (
            "kind: curve, measure: sales, on: amount, target: 9, threshold: 2000, points: [{at: 0, gives: 1}, {at: 9, gives: 2}]",
            "below_threshold",
            "sales",
        ),
    ],
)
def test_what_pays_nothing_says_why(tmp_path: Path, component: str, reason: str, about: str) -> None:
    calculated(
        tmp_path,
        f"{OWN}components: [{{component: pay, {component}}}]",
        "D1,ann,1000,2025-01-15\n",
        "participant_id\nann\n",
    )
    [(who, why, message)] = reasons(tmp_path)
    assert (who, why) == ("ann", reason)
    assert about in message
    assert [row["reason"] for row in table(tmp_path, "lines")] == [reason]


def test_a_gate_that_a_later_deal_opens_is_the_reason_of_the_lines_before_it_only(tmp_path: Path) -> None:
    pay = "components: [{component: pay, kind: flat, measure: sales, rate: 5%, when: sales >= 1500}]"
    deals = "D1,ann,1000,2025-01-15\nD2,ann,1000,2025-01-16\n"
    calculated(tmp_path, OWN + pay, deals, "participant_id\nann\n")
    assert [(row["amount"], row["reason"]) for row in table(tmp_path, "lines")] == [
        ("0.00", "gate_closed"),
        ("100.00", ""),
    ]
    assert reasons(tmp_path) == []


def test_below_zero_and_the_period_of_the_last_day_are_named(tmp_path: Path) -> None:
    pay = "components: [{component: pay, kind: flat, measure: sales, rate: 5%}]\n"
    said = "conventions: {negative: nothing, leavers: nothing_in_the_last_period}\n"
    roster = "participant_id,effective_from,active\nann,,\nbob,,\nbob,2025-01-20,no\n"
    calculated(tmp_path, OWN + pay + said, "D1,ann,-10,2025-01-15\nD2,bob,10,2025-01-15\n", roster)
    assert [row[:2] for row in reasons(tmp_path)] == [("ann", "below_zero"), ("bob", "left_in_period")]
    assert [row["reason"] for row in table(tmp_path, "lines")] == ["below_zero", "left_in_period"]


def test_an_owner_on_a_plan_that_does_not_exist_and_a_refund_that_no_rule_prices_are_named(tmp_path: Path) -> None:
    plan = """
credits: [{rule: own, when: amount > 0}]
measures: [{measure: sales, sum_of: [own]}]
components: [{component: pay, kind: flat, measure: sales, rate: 5%}]
"""
    deals = "D1,ann,10,2025-01-15\nD2,bob,-10,2025-01-15\nD3,bob,10,2025-01-15\n"
    calculated(tmp_path, plan, deals, "participant_id,plan\nann,hunter\nbob,rep\n")
    assert reasons(tmp_path) == [
        ("D1", "unknown_plan", "ann is on plan hunter on the close date, which does not exist"),
        ("D2", "no_refund_rule", "bob is on plan rep, of which no crediting rule selects a deal of a negative amount"),
    ]


@pytest.mark.parametrize("to", ["managers", "territory"])
def test_a_deal_that_credits_somebody_else_is_not_listed_as_missed(tmp_path: Path, to: str) -> None:
    plan = f"""
credits: [{{rule: theirs, to: {to}}}]
measures: [{{measure: sales, sum_of: [theirs]}}]
components: [{{component: pay, kind: flat, measure: sales, rate: 5%}}]
"""
    (tmp_path / "deals.csv").write_text(
        "deal_id,owner,amount,close_date,territory\nD1,ann,10,2025-01-15,north\nD2,bob,10,2025-01-15,south\n"
    )
    (tmp_path / "roster.csv").write_text("participant_id,manager,territory\nann,mia,\nbob,,\nmia,,north\n")
    plans = PlanSet([read_plan(HEAD + plan, "plan")])
    found = calculate(tmp_path / "deals.csv", tmp_path / "roster.csv", plans=plans, step=lambda _: None)
    assert found.rejected.select("id", "reason").rows() == [("D2", "no_rule")]


def test_a_manager_who_is_not_in_the_roster_is_named_with_whom_they_manage(tmp_path: Path) -> None:
    plan = """
credits: [{rule: own}, {rule: team, to: managers, levels: 2, when: "stage = 'won' and amount > 50"}]
measures: [{measure: sales, sum_of: [own, team]}]
components: [{component: pay, kind: flat, measure: sales, rate: 5%}]
"""
    deals = "D1,ann,1000,2025-01-15\nD2,ann,10,2025-01-16\nD3,mia,1000,2025-01-17\n"
    roster = "participant_id,manager\nann,mia\nmia,zoe\nbob,\n"
    calculated(tmp_path, plan, deals, roster)
    said = "zoe, who manages mia, is not in the roster on the date of the credit"
    assert reasons(tmp_path) == [("D1", "unknown_manager", said), ("D3", "unknown_manager", said)]
    assert {row["participant_id"]: row["amount"] for row in table(tmp_path, "earnings")} == {
        "ann": "50.50",
        "mia": "100.00",
    }
    calculated(tmp_path, plan.replace("levels: 2", "levels: 1"), deals, roster)
    assert [row[0] for row in reasons(tmp_path)] == ["D3"]


CASES = [
    ("kind: contest, measure: sales, prizes: [100]", "bob", "no_prize"),
    ("kind: pool, amount: 100, by: sales", "cem", "no_share"),
    ("kind: pool, rate: 1%, funded_by: sales, above: 5000, by: sales", "ann", "pool_empty"),
    ("kind: bonus, measure: sales, on: amount, milestones: [{at: 600, amount: 10}]", "bob", "no_milestone"),
    ("kind: graduated, measure: sales, tiers: [{up_to: 600, rate: 0%}, {rate: 10%}]", "bob", "comes_to_zero"),
    ("kind: flat, measure: sales, rate: 10%, maximum: {term: cap, default: 0}", "ann", "limit_reached"),
    ("kind: flat, measure: sales, rate: 10%, budget: 0", "bob", "limit_reached"),
    ("kind: curve, measure: sales, target: 9, points: [{at: 0, gives: 0}, {at: 1, gives: 1}]", "ann", "zero_quota"),
    ("kind: bonus, amount: 100, when: attainment(sales) >= 50%", "ann", "zero_quota"),
]


@pytest.mark.parametrize(("component", "who", "reason"), CASES)
def test_what_comes_to_nothing_without_a_gate_says_why(tmp_path: Path, component: str, who: str, reason: str) -> None:
    deals = "D1,ann,1000,2025-01-15\nD2,bob,500,2025-01-16\nD3,cem,-10,2025-01-17\n"
    plan = f"{OWN}conventions: {{zero_quota: nothing}}\ncomponents: [{{component: pay, {component}}}]"
    calculated(tmp_path, plan, deals, "participant_id\nann\nbob\ncem\n")
    assert (who, reason) in [row[:2] for row in reasons(tmp_path)]
    of_line = {row["participant_id"]: row["reason"] for row in table(tmp_path, "lines")}
    assert of_line[who] == ("" if reason == "limit_reached" else reason)


def test_what_a_maximum_of_the_year_leaves_nothing_of_is_named_in_the_months_after_it_was_reached(
    tmp_path: Path,
) -> None:
    plan = """
credits: [{rule: own}]
measures: [{measure: sales, sum_of: [own], reset: year}]
components: [{component: pay, kind: flat, measure: sales, rate: 10%, maximum: 150}]
"""
    deals = "".join(f"D{month},ann,1000,2025-0{month}-15\n" for month in (1, 2, 3))
    calculated(tmp_path, plan, deals, "participant_id\nann\n")
    assert [row["amount"] for row in table(tmp_path, "earnings")] == ["100.00", "50.00", "0.00"]
    said = "pay of 2025-03: the maximum is reached, beyond which nothing more is paid"
    assert reasons(tmp_path) == [("ann", "limit_reached", said)]


def test_a_rule_whose_amount_names_a_blank_credits_nobody_with_the_deal_and_names_it(tmp_path: Path) -> None:
    plan = """
columns: {cost: decimal}
credits: [{rule: own}, {rule: margin, amount: amount - cost, cap: 50}, {rule: cheap, when: cost is null, amount: amount * 10%}]
measures: [{measure: sales, sum_of: [own]}, {measure: margins, sum_of: [margin]}, {measure: rest, sum_of: [cheap]}]
components:
  - {component: plain, kind: flat, measure: sales, rate: 1%}
  - {component: pay, kind: flat, measure: margins, rate: 100%}
  - {component: other, kind: flat, measure: rest, rate: 100%}
"""
    (tmp_path / "deals.csv").write_text(
        "deal_id,owner,splits,amount,close_date,cost,stage\nD1,ann,,100,2025-01-15,70,won\nD2,,ann:50%;bob:50%,200,2025-01-15,,won\n"
        "D3,ann,,100,2025-01-16,,lost\n"
    )
    (tmp_path / "roster.csv").write_text("participant_id\nann\nbob\n")
    plans = PlanSet([read_plan(HEAD + plan, "plan")])
    write_results(
        calculate(tmp_path / "deals.csv", tmp_path / "roster.csv", plans=plans, step=lambda _: None), tmp_path / "out"
    )
    said = "is not credited by a rule: the deal has no cost, from which it calculates the amount"
    assert reasons(tmp_path) == [("D2", "no_value", f"{who} {said}") for who in ("ann", "bob")]
    paid = {(row["participant_id"], row["component"]): row["amount"] for row in table(tmp_path, "earnings")}
    assert paid == {
        ("ann", "plain"): "2.00",
        ("ann", "pay"): "30.00",
        ("ann", "other"): "20.00",
        ("bob", "plain"): "1.00",
        ("bob", "pay"): "0.00",
        ("bob", "other"): "10.00",
    }


@pytest.mark.parametrize(("match", "counted"), [("all", {"seats": ["D1", "D2", "D3"]}), ("first", {})])
def test_a_rule_without_a_rate_names_the_deal_although_another_rule_counts_it(
    tmp_path: Path, match: str, counted: dict[str, list[str]]
) -> None:
    plan = f"""
match: {match}
columns: {{seats: number}}
exchange: {{source: bank, rates: [{{currency: EUR, from: 2025-01-10, rate: 1.1}}]}}
credits: [{{rule: own}}, {{rule: seats, amount: seats}}, {{rule: above, to: managers}}]
measures: [{{measure: sales, sum_of: [own, above]}}, {{measure: seats, sum_of: [seats]}}]
components:
  - {{component: pay, kind: flat, measure: sales, rate: 10%}}
  - {{component: kicker, kind: per_unit, measure: seats, amount: 1}}
"""
    (tmp_path / "deals.csv").write_text(
        "deal_id,owner,amount,currency,close_date,seats,stage\n"
        "D1,ann,100,GBP,2025-01-15,2,\nD2,ann,100,EUR,2025-01-09,3,\nD3,ann,100,EUR,2025-01-10,4,\n"
    )
    (tmp_path / "roster.csv").write_text("participant_id,manager\nann,bo\nbo,\n")
    plans = PlanSet([read_plan(HEAD + plan, "plan")])
    found = calculate(tmp_path / "deals.csv", tmp_path / "roster.csv", plans=plans, step=lambda _: None)
    write_results(found, tmp_path / "out")
    said = "is not credited by a rule: `exchange` of the plan has no rate for {} by the credit date"
    assert reasons(tmp_path) == [
        (deal, "no_rate", f"{who} {said.format(currency)}")
        for deal, currency in (("D1", "GBP"), ("D2", "EUR"))
        for who in ("ann", "bo")
    ]
    of_rule = dict(found.credits.group_by("rule").agg(pl.col("deal_id").sort()).rows())
    assert of_rule == {"own": ["D3"], "above": ["D3"], **counted}


def test_an_own_number_that_no_amount_can_be_stops_nobody_elses_pay(tmp_path: Path) -> None:
    plan = """
columns: {seats: number}
credits: [{rule: own, amount: seats}]
measures: [{measure: sold, sum_of: [own]}]
components: [{component: pay, kind: flat, measure: sold, rate: 100%}]
"""
    (tmp_path / "deals.csv").write_text(
        "deal_id,owner,amount,close_date,seats\nD1,ann,100,2025-01-15,999999999999999999\nD2,ann,200,2025-01-15,5\n"
    )
    (tmp_path / "roster.csv").write_text("participant_id\nann\n")
    plans = PlanSet([read_plan(HEAD + plan, "plan")])
    found = calculate(tmp_path / "deals.csv", tmp_path / "roster.csv", plans=plans, step=lambda _: None)
    assert found.rejected.select("id", "reason").rows() == [("D1", "bad_amount")]
    assert found.earnings["amount"].to_list() == [500]
