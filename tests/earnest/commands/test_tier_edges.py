"""`earnest alerts kpis edges`: a file of KPIs that watch for bunching at the edges of plans."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from earnest.files.rejections import FileError
from earnest.tier_edges import edges_of, kpis_of_edges
from services.alerts.kpis.catalogue import load
from services.alerts.of_facts import KnownFacts, counted
from services.alerts.rollups.contributions import Cell
from shared.contracts.earnings import ComponentEarning, EarningsChanged
from shared.kernel.plan.plan_file import read_plan
from shared.kernel.plan.version import Plan
from tests.command_line import earnest

ROOT = Path(__file__).resolve().parents[3]
DEMO = ROOT / "examples" / "demo" / "plans"

HEAD = """
plan: sales-rep
version: 1
name: Sales
currency: USD
effective_from: 2025-01-01
conventions: {zero_quota: refuse}
credits:
  - rule: own
measures:
  - {measure: bookings, sum_of: [own]}
  - {measure: renewals, sum_of: [own]}
components:
"""
CURVE = """
  - component: curve
    kind: curve
    measure: bookings
    target: 1000
    points: [{at: 50%, gives: 0%}, {at: 100%, gives: 100%}, {at: 112.5%, gives: 150%}]
"""
MILESTONES = """
  - component: milestones
    kind: bonus
    measure: bookings
    milestones: [{at: 90%, amount: 500}, {at: 120%, amount: 900}]
"""
AMOUNTS = """
  - component: amounts
    kind: graduated
    measure: renewals
    on: amount
    tiers: [{up_to: 1000, rate: 1%}, {rate: 2%}]
"""
RENEWALS = """
  - component: renewing
    kind: graduated
    measure: renewals
    on: attainment
    tiers: [{up_to: 110%, rate: 1%}, {rate: 2%}]
"""


def plan_of(*components: str) -> Plan:
    return read_plan(HEAD + "".join(components), "plan.yaml")


def test_edges_are_where_pay_by_attainment_changes_its_course_and_no_amounts() -> None:
    found = edges_of(plan_of(CURVE, MILESTONES, AMOUNTS))
    assert found == [Decimal(edge) for edge in ("0.5", "0.9", "1", "1.12500", "1.2")]


def test_the_file_counts_who_is_just_above_an_edge_of_their_plan_and_who_just_below(tmp_path: Path) -> None:
    (tmp_path / "edges.yaml").write_text(kpis_of_edges([plan_of(CURVE)]))
    catalogue = load(tmp_path)
    assert catalogue.remarks == ()
    assert {"bunching_sales_rep_50", "bunching_sales_rep_112_5"} < catalogue.by_name.keys()
    assert "bunching_sales_rep_100" not in catalogue.by_name
    attained = ("1.07", "1.124999", "1.125", "1.13", "1.174", "1.175", "0.5")
    people = [earned(f"p{number}", plan="sales-rep", attained=text) for number, text in enumerate(attained)]
    others = [earned("other", plan="other", attained="1.13")]
    sums = counted(KnownFacts(deals={}, roster={}, earnings=[*people, *others]), catalogue)
    at = catalogue.by_name["bunching_sales_rep_112_5"].sums
    assert at.denominator is not None
    of_march = sums[Cell(date(2025, 3, 1), "USD", "", "")]
    assert (of_march[at.numerator.key], of_march[at.denominator.key]) == (3, 4)


def earned(who: str, *, plan: str, attained: str) -> EarningsChanged:
    measure = f"{Decimal(attained) * 1_000_000:f}"
    component = {"component": "curve", "plan": plan, "version": 1, "amount": 100, "currency": "USD"}
    figures = {"measure": measure, "quota": "1000000", "attainment": attained}
    one = ComponentEarning.model_validate(component | figures)
    return EarningsChanged(participant_id=who, period="2025-03", revision=1, earnings=[one], basis={})


@pytest.mark.parametrize(
    ("components", "reason"),
    [((AMOUNTS,), "there is no edge of a tier besides 100%"), ((CURVE, RENEWALS), "bookings and renewals")],
)
def test_where_nothing_can_be_watched_it_says_so(components: tuple[str, ...], reason: str) -> None:
    with pytest.raises(FileError, match=reason):
        kpis_of_edges([plan_of(*components)])


def test_the_command_writes_a_file_of_the_plans_of_a_folder_that_the_check_passes(tmp_path: Path) -> None:
    done = earnest("alerts", "kpis", "edges", str(DEMO), "--out", "edges.yaml", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    done = earnest("alerts", "kpis", "check", "edges.yaml", folder=tmp_path)
    assert (done.returncode, done.stdout.strip()) == (0, "1 file: nothing to mend")
    names = {name for name in load(tmp_path).by_name if name.startswith("bunching_") and name != "bunching_at_quota"}
    # Of both versions of the plan of a representative.
    assert {"bunching_rep_70", "bunching_rep_130", "bunching_manager_80"} <= names
