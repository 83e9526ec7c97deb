"""How much must be sold where what others sell decides: a budget that they used up, pay on their pay."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from earnest.files.kernel_inputs import KernelInputs, read_inputs
from earnest.files.rejections import FileError
from earnest.plans.files import read_plans
from earnest.simulation.estimate import estimate
from earnest.simulation.target import Answer, Question, answer

HEAD = "version: 1\nname: A plan\ncurrency: USD\neffective_from: 2025-01-01\n"
REP = f"""\
plan: rep
{HEAD}columns: {{seats: number}}
credits: [{{rule: own}}]
measures: [{{measure: sales, sum_of: [own], reset: quarter}}]
components:
  - {{component: launch, kind: flat, measure: sales, rate: 10%, budget: 5000, first_come: true}}
"""
PAID = f"""\
plan: rep
{HEAD}credits: [{{rule: own}}]
measures: [{{measure: sales, sum_of: [own]}}]
components:
  - {{component: commission, kind: graduated, measure: sales, on: amount, tiers: [{{up_to: 70000, rate: 5%}}, {{rate: 8%}}]}}
"""
MANAGER = f"""\
plan: manager
{HEAD}measures: [{{measure: team, pay_of: {{plans: [rep]}}}}]
components: [{{component: override, kind: flat, measure: team, rate: 10%}}]
"""
DIRECTOR = f"""\
plan: director
{HEAD}measures: [{{measure: managers, pay_of: {{plans: [manager]}}}}]
components: [{{component: override, kind: flat, measure: managers, rate: 2%}}]
"""
DEALS = """\
deal_id,owner,amount,close_date,stage
D1,ann,20000,2025-01-15,won
D2,bob,18000,2025-02-03,won
D3,ann,15500,2025-02-20,won
D4,cy,900,2025-03-01,open
"""
ROSTER = """\
participant_id,plan,manager
ann,rep,mia
bob,rep,max
cy,rep,max
mia,manager,vic
max,manager,vic
vic,director,
"""


def given(folder: Path, *plans: str) -> KernelInputs:
    for number, plan in enumerate(plans):
        (folder / f"{number}.yaml").write_text(plan)
    (folder / "deals.csv").write_text(DEALS)
    people = ROSTER if len(plans) > 1 else "participant_id,plan\nann,rep\nbob,rep\ncy,rep\n"
    (folder / "roster.csv").write_text(people)
    read = read_plans(sorted(folder.glob("*.yaml")))
    return read_inputs(folder / "deals.csv", folder / "roster.csv", plans=read)


def ask(inputs: KernelInputs, who: str, target: str, day: str = "2025-03-20", **columns: Any) -> Answer:
    question = Question(
        participant=who, target=Decimal(target), by=date.fromisoformat(day), over="month", columns=columns
    )
    return answer(inputs, question, zone=ZoneInfo("UTC"))


def test_a_budget_that_is_used_up_is_named_with_what_one_has_had_of_it(tmp_path: Path) -> None:
    inputs = given(tmp_path, REP)
    said = (
        "launch: the budget of 5,000.00 USD for everyone together, whose deals it pays in the order of their dates, is"
        " used up by deals of 2025-02; {} has had {} USD of it"
    )
    assert ask(inputs, "cy", "50").unpaid == [said.format("cy", "0.00")]
    assert ask(inputs, "ann", "50").unpaid == [said.format("ann", "3,200.00")]
    assert estimate(inputs, "cy", closing={"D4": None}).used_up == [said.format("cy", "0.00")]
    # The next quarter has a budget of its own; and a deal with an earlier date comes before those that used it up.
    assert ask(inputs, "cy", "50", "2025-04-20").unpaid == []
    assert ask(inputs, "cy", "50", "2025-02-01").unpaid == []
    assert estimate(inputs, "cy", closing={"D4": date(2025, 4, 1)}).used_up == []


def test_whoever_is_paid_on_the_pay_of_others_is_told_whose_deals_count(tmp_path: Path) -> None:
    inputs = given(tmp_path, PAID, MANAGER, DIRECTOR)
    with pytest.raises(FileError, match=r"mia is paid on what others .* --sell owner=ann: those of ann count$"):
        ask(inputs, "mia", "600")
    with pytest.raises(FileError, match=r"vic .* --sell owner=ann: those of ann, bob, cy count$"):
        ask(inputs, "vic", "600", owner="max")
    with pytest.raises(FileError, match=r"mia .* --sell owner=ann: those of ann count$"):
        ask(inputs, "mia", "600", owner="bob")


@pytest.mark.parametrize(("who", "owner", "target"), [("mia", "ann", "600"), ("vic", "cy", "4"), ("max", "bob", "350")])
def test_a_further_deal_of_theirs_is_answered_to_the_cent(tmp_path: Path, who: str, owner: str, target: str) -> None:
    inputs = given(tmp_path, PAID, MANAGER, DIRECTOR)
    found = ask(inputs, who, target, owner=owner)
    assert found.amount is not None

    def paid(amount: int) -> int:
        deal = f"D9,{owner},{amount // 100}.{amount % 100:02d},2025-03-20,won\n"
        (tmp_path / "deals.csv").write_text(DEALS + deal)
        again = read_inputs(tmp_path / "deals.csv", tmp_path / "roster.csv", plans=inputs.plans)
        earned = estimate(again, who, closing={}).earnings
        return int(earned.filter(period="2025-03")["now"].sum())

    assert paid(found.amount) == found.pays >= int(target) * 100 > paid(found.amount - 1)
