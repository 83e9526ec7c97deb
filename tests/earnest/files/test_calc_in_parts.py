"""Lines that are explained and written some participants after the others are the lines of all at once, byte by byte."""

from __future__ import annotations

import random
from datetime import date, timedelta
from pathlib import Path

import pytest

from earnest.files import calculation
from earnest.files.calculation import calculate
from earnest.files.results import write_results
from shared.kernel import PlanSet
from shared.kernel.plan.plan_file import read_plan

REP = """
plan: rep
version: 1
name: Rep
currency: USD
effective_from: 2025-01-01
credits: [{rule: own}]
measures: [{measure: sales, sum_of: [own]}, {measure: quarter, sum_of: [own], reset: quarter}]
components:
  - {component: pay, kind: graduated, measure: sales, on: attainment, tiers: [{up_to: 50%, rate: 3%}, {up_to: 100%, rate: 7%}, {rate: 9%}], minimum: 10}
  - {component: more, kind: bonus, amount: 25, when: attainment(quarter) >= 100%, pays: quarter}
"""
MANAGER = """
plan: manager
version: 1
name: Manager
currency: USD
effective_from: 2025-01-01
credits: [{rule: team, to: managers}]
measures: [{measure: team_sales, sum_of: [team]}]
components: [{component: override, kind: flat, measure: team_sales, rate: 1.25%}]
"""
CONTEST = """
  - {component: best, kind: contest, measure: sales, prizes: [100, 50]}
"""


def company(folder: Path) -> None:
    chance = random.Random(7)
    people = [f"p{number}" for number in range(12)]
    rows = [f"{who},rep,{'m1' if place % 2 else 'm2'},5000" for place, who in enumerate(people)]
    (folder / "roster.csv").write_text(
        "participant_id,plan,manager,quota\n" + "\n".join([*rows, "m1,manager,m2,", "m2,manager,,"]) + "\n"
    )
    day = date(2025, 1, 1)
    deals = [
        f"D{number},{chance.choice(people)},{chance.randint(1, 400_000) / 100:.2f},{day + timedelta(chance.randint(0, 119))}"
        for number in range(300)
    ]
    (folder / "deals.csv").write_text("deal_id,owner,amount,close_date\n" + "\n".join(deals) + "\n")


@pytest.mark.parametrize(("rep", "in_parts"), [(REP, True), (REP + CONTEST, False)])
def test_parts_are_the_whole(rep: str, in_parts: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    company(tmp_path)
    plans = PlanSet([read_plan(rep, "rep"), read_plan(MANAGER, "manager")])
    found = calculate(tmp_path / "deals.csv", tmp_path / "roster.csv", plans=plans, step=lambda _: None)
    told: list[int] = []
    write_results(found, tmp_path / "whole", written=told.append)
    assert told == [found.explained.lines.height]
    monkeypatch.setattr(calculation, "PART", 40)
    told.clear()
    write_results(found, tmp_path / "parts", written=told.append)
    # Where what one is paid depends on others, all are explained together.
    assert (len(told) > 5) == in_parts
    assert sum(told) == found.explained.lines.height
    for name in ("earnings.csv", "lines.csv", "rejected.csv"):
        assert (tmp_path / "parts" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
