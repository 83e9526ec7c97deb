"""Pools divided by weights, which are scaled, and by shares, which sum to the whole or pay nobody."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from earnest.files.calculation import Calculation, calculate
from earnest.files.earning_explanations import explain_earnings
from earnest.files.kernel_inputs import read_inputs
from earnest.files.results import earnings_table, lines_table
from shared.explanation.parts import parts_of_lines
from shared.kernel import PlanSet
from shared.kernel.checks import findings
from shared.kernel.plan.exact_yaml import PlanFileError
from shared.kernel.plan.plan_file import read_plan

PLAN = """
plan: rep
version: 1
name: Rep
currency: USD
effective_from: 2025-01-01
credits: [{rule: own}]
measures: [{measure: sales, sum_of: [own]}, {measure: part, score: true}, {measure: agreed, formula: term(agreed)}]
components: [{component: project, kind: pool, amount: 1000, %s}]
"""
DEALS = "deal_id,owner,amount,close_date\nD1,ann,100,2025-01-15\nD2,bob,50,2025-01-16\n"


def shared_out(
    folder: Path, how: str, parts: dict[str, str], column: str = "score.part"
) -> tuple[Calculation, PlanSet]:
    (folder / "deals.csv").write_text(DEALS)
    rows = [f"{who},2025-01-01,{part}" for who, part in parts.items()]
    (folder / "roster.csv").write_text("\n".join([f"participant_id,effective_from,{column}", *rows]) + "\n")
    plans = PlanSet([read_plan(PLAN % how, "plan")])
    return calculate(folder / "deals.csv", folder / "roster.csv", plans=plans, step=lambda _: None), plans


def paid(found: Calculation) -> dict[str, str]:
    return dict(earnings_table(found.earnings).select("participant_id", "amount").iter_rows())


def test_shares_that_sum_to_the_whole_are_paid_and_shown(tmp_path: Path) -> None:
    found, plans = shared_out(tmp_path, "shares: part", {"ann": "33.333333%", "bob": "66.666667%"})
    assert paid(found) == {"ann": "333.33", "bob": "666.67"}
    assert lines_table(found.explained, found.plans)["share"].to_list() == ["33.333333%", "66.666667%"]
    (part,) = parts_of_lines(
        *_of(found, "bob"), plans=plans, component="project", period="2025-01", everyone=found.earnings
    )
    assert part.lines[0].sentence == (
        "The share of the pool, 66.666667% of a pool of which 1,000.00 is paid, by part: 666.67 USD."
    )


@pytest.mark.parametrize(
    ("bob", "whole"), [("30%", "80%"), ("49.999999%", "99.999999%"), ("50.0000001%", "100.0000001%"), ("", "50%")]
)
def test_shares_that_are_not_the_whole_pay_nobody_and_say_what_they_sum_to(
    tmp_path: Path, bob: str, whole: str
) -> None:
    found, _ = shared_out(tmp_path, "shares: part", {"ann": "50%", "bob": bob})
    assert set(paid(found).values()) == {"0.00"}
    reasons = found.rejected.filter(pl.col("reason") == "shares_not_whole")
    assert reasons["id"].to_list() == ["ann", "bob"]
    assert f"the shares of the pool sum to {whole}, not to exactly 100%" in reasons["message"][0]


def test_the_share_of_who_does_not_take_part_is_paid_to_nobody(tmp_path: Path) -> None:
    found, _ = shared_out(tmp_path, 'shares: part, when: "sales >= 100"', {"ann": "40%", "bob": "60%"})
    assert paid(found) == {"ann": "400.00", "bob": "0.00"}


def test_who_has_no_deal_has_the_share_that_was_agreed(tmp_path: Path) -> None:
    agreed = {"ann": "20%", "bob": "30%", "cyd": "50%"}
    found, _ = shared_out(tmp_path, "shares: agreed", agreed, "term.agreed")
    assert paid(found) == {"ann": "200.00", "bob": "300.00", "cyd": "500.00"}


def test_weights_are_scaled_and_the_share_is_said_and_so_is_that_they_are_no_shares(tmp_path: Path) -> None:
    found, plans = shared_out(tmp_path, "by: part", {"ann": "50%", "bob": "30%"})
    assert paid(found) == {"ann": "625.00", "bob": "375.00"}
    assert lines_table(found.explained, found.plans)["share"].to_list() == ["62.5%", "37.5%"]
    (part,) = parts_of_lines(*_of(found, "ann"), plans=plans, component="project", period="2025-01")
    assert part.lines[0].sentence == "The share of the pool, 62.5%: 625.00 USD."
    (note,) = found.warnings
    assert "whose scores do not sum to 100%: in 2025-01 ann has 50% and is paid 62.5% of it" in note
    whole, _ = shared_out(tmp_path, "by: part", {"ann": "70%", "bob": "30%"})
    assert not whole.warnings


def test_a_pool_is_divided_in_one_way() -> None:
    with pytest.raises(PlanFileError, match="by shares that sum to 100%"):
        read_plan(PLAN % "by: sales, shares: part", "plan")


def _of(found: Calculation, who: str) -> tuple[object, pl.DataFrame]:
    own = pl.col("participant_id") == who
    tables = type(found.explained)(*(table.filter(own) for table in found.explained))
    return tables, found.earnings.filter(own)


def test_what_a_factor_takes_off_a_part_is_paid_to_nobody(tmp_path: Path) -> None:
    found, plans = shared_out(tmp_path, "multiply: [{by: part}]", {"ann": "100%", "bob": "80%", "cy": "0%"})
    assert paid(found) == {"ann": "333.34", "bob": "266.66"}
    assert lines_table(found.explained, found.plans)["share"].to_list() == ["33.333333%", "26.666667%"]
    (part,) = parts_of_lines(
        *_of(found, "bob"), plans=plans, component="project", period="2025-01", everyone=found.earnings
    )
    assert part.lines[0].sentence == (
        "The share of the pool, 26.666667% of a pool of which 600.00 is paid, divided in equal parts, each part times its"
        " factor; the rest is kept: 266.66 USD. Here part 80%."
    )


def test_a_factor_that_may_pay_more_than_the_pool_is_said() -> None:
    plan = read_plan(PLAN % "multiply: [{measure: part, steps: [{up_to: 100%, gives: 1}, {gives: 1.2}]}]", "plan")
    assert [finding.code for finding in findings(plan) if finding.code == "P310"] == ["P310"]


@pytest.mark.parametrize(
    ("how", "says"),
    [
        (
            "kind: pool, rate: 1%, funded_by: sales, by: sales",
            "The share of the pool, 75% of 40.00, by sales: 3,000.00 of 4,000.00 that 2 have together: 30.00 USD.",
        ),
        ("kind: pool, amount: 50", "The share of the pool, 50% of 50.00, divided equally among 2: 25.00 USD."),
        ("kind: contest, measure: sales, prizes: [9, 5]", "The prize of place 1 among 2 by sales: 9.00 USD."),
    ],
)
def test_what_groups_have_by_themselves_is_told_of_the_own_group(tmp_path: Path, how: str, says: str) -> None:
    (tmp_path / "deals.csv").write_text(
        "deal_id,owner,amount,close_date\nD1,ann,1000,2025-01-10\nD2,bob,3000,2025-01-10\nD3,cy,8000,2025-01-10\n"
    )
    # Who moves counts where they are at the end of the month.
    (tmp_path / "roster.csv").write_text(
        "participant_id,effective_from,territory\nann,2025-01-01,S\nann,2025-01-20,N\nbob,2025-01-01,N\ncy,2025-01-01,S\n"
    )
    plan = read_plan(PLAN.replace("kind: pool, amount: 1000, %s", f"{how}, among: territory"), "plan")
    inputs = read_inputs(tmp_path / "deals.csv", tmp_path / "roster.csv", plans=PlanSet([plan]))
    (found,) = explain_earnings(inputs, "bob")
    assert found.parts[0].lines[0].sentence == says
