"""`earnest estimate`: what a representative would earn if open deals closed is what the calculation says when they
have.
"""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from earnest.cli import app
from earnest.files.kernel_inputs import KernelInputs, read_inputs
from earnest.files.rejections import FileError
from earnest.plans.files import read_plans
from earnest.simulation.estimate import closings, estimate

PLAN = """
plan: rep
version: 1
name: Representative
currency: USD
effective_from: 2025-01-01
credits: [{rule: own}]
measures: [{measure: bookings, sum_of: [own]}]
components:
  - component: commission
    kind: graduated
    measure: bookings
    on: attainment
    tiers: [{up_to: 100%, rate: 5%}, {rate: 10%}]
  - {component: kicker, kind: bonus, amount: 500, when: attainment(bookings) >= 150%}
"""
DEALS = """\
deal_id,owner,amount,close_date,stage
D1,ann,9000,2025-03-03,won
D2,ann,4000,2025-03-28,open
D3,ann,8000,2025-04-15,open
D4,bob,1000,2025-03-15,open
"""


@pytest.fixture
def company(tmp_path: Path) -> Path:
    (tmp_path / "plan.yaml").write_text(PLAN)
    (tmp_path / "deals.csv").write_text(DEALS)
    (tmp_path / "roster.csv").write_text("participant_id,quota.bookings\nann,10000\nbob,10000\n")
    return tmp_path


@pytest.fixture
def inputs(company: Path) -> KernelInputs:
    return read_inputs(company / "deals.csv", company / "roster.csv", plans=read_plans([company / "plan.yaml"]))


def told(inputs: KernelInputs, *close: str) -> list[tuple[str, str, int, int]]:
    found = estimate(inputs, "ann", closing=closings(list(close))).earnings
    return found.select("period", "component", "now", "then").rows()


def test_a_deal_closes_on_its_expected_date_and_climbs_the_tiers(inputs: KernelInputs) -> None:
    assert told(inputs, "D2") == [("2025-03", "commission", 45000, 80000), ("2025-03", "kicker", 0, 0)]


def test_another_date_moves_a_deal_into_another_month(inputs: KernelInputs) -> None:
    assert told(inputs, "D2,D3:2025-03-31") == [
        ("2025-03", "commission", 45000, 160000),
        ("2025-03", "kicker", 0, 50000),
    ]
    assert told(inputs, "D2:2025-04-01") == [
        ("2025-03", "commission", 45000, 45000),
        ("2025-03", "kicker", 0, 0),
        ("2025-04", "commission", 0, 20000),
        ("2025-04", "kicker", 0, 0),
    ]


def test_deals_of_others_change_nothing(inputs: KernelInputs) -> None:
    assert all(now == then for _, _, now, then in told(inputs, "D4"))


def test_deals_are_named_with_or_without_a_date() -> None:
    assert closings(["D1,a:b", "D2:2025-03-31"]) == {"D1": None, "a:b": None, "D2": date(2025, 3, 31)}
    with pytest.raises(FileError, match="2025-02-30 is no date"):
        closings(["D1:2025-02-30"])


def test_what_is_paid_in_months_without_a_deal_is_paid_now_and_then(company: Path) -> None:
    fixed = "  - {component: base, kind: bonus, amount: 300, window: month}\n"
    (company / "plan.yaml").write_text(PLAN + fixed)
    read = read_inputs(company / "deals.csv", company / "roster.csv", plans=read_plans([company / "plan.yaml"]))
    paid = [each for each in told(read, "D3:2025-05-15") if each[1] == "base"]
    assert paid == [(f"2025-0{month}", "base", 30000, 30000) for month in (3, 4, 5)]


def test_what_is_not_there_is_told(inputs: KernelInputs) -> None:
    with pytest.raises(FileError, match="there is no deal D9"):
        estimate(inputs, "ann", closing={"D9": None})
    with pytest.raises(FileError, match="zoe is not in the roster"):
        estimate(inputs, "zoe", closing={"D2": None})


def test_the_command_tells_it_as_a_table_and_as_json(company: Path) -> None:
    command = ["estimate", "--plan", str(company / "plan.yaml"), "--deals", str(company / "deals.csv")]
    command += ["--roster", str(company / "roster.csv"), "--participant", "ann", "--close", "D2"]
    table = CliRunner().invoke(app, command)
    assert table.exit_code == 0, table.output
    assert "350.00" in table.output
    document = json.loads(CliRunner().invoke(app, [*command, "--json"]).output)
    assert document["credits"] == [
        {"deal_id": "D2", "rule": "own", "credit_date": "2025-03-28", "amount": "4000.00", "currency": "USD"}
    ]
    assert document["earnings"][0]["then"] == "800.00"
    assert "would not change what ann earns" in CliRunner().invoke(app, [*command[:-1], "D4"]).output
