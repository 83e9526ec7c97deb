"""Plans that are published after the deals and the people that they are for."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from tempfile import mkdtemp
from unittest.mock import patch

import pytest

from earnest.client import Client
from earnest.local.home import Home
from earnest.local.system import System, running_system
from tests.earnest.commands.loaded_files import MANAGER, run, said

LATE = """\
plan: late
version: 1
name: Published last
currency: USD
effective_from: 2025-01-01
conventions: {rounding: half_up}
columns: {renewed: yes_no}
credits: [{rule: renewals, when: "stage = 'won' and renewed"}]
measures: [{measure: renewals, sum_of: [renewals]}]
components: [{component: renewal, kind: flat, measure: renewals, rate: 10%}]
"""


@pytest.fixture(scope="module")
def system(server_folder: Path) -> Iterator[System]:
    """An installation that the tests of this module share, each with people of its own."""
    home = Path(mkdtemp(prefix="after-", dir=server_folder))
    home.chmod(0o755)
    with running_system(Home(home)) as running:
        yield running


def test_deals_that_come_before_their_plan_keep_its_columns(system: System, tmp_path: Path) -> None:
    (tmp_path / "late.csv").write_text(
        "deal_id,owner,amount,currency,close_date,renewed,Customer Name\n"
        "L1,lou,100,USD,2025-03-01,yes,x\nL2,lou,200,USD,2025-03-02,no,y\n"
    )
    (tmp_path / "lou.csv").write_text("participant_id,plan\nlou,lat\n")
    told = " ".join(said(system, tmp_path, "deals", "load", "late.csv").split())
    assert "No plan declares the deals' column renewed yet: it is kept" in told
    assert "The deals' column Customer Name is not kept: no plan can declare that name" in told
    assert "2 won deals, or shares of them, lack a credit (unknown_participant), the first of them L1" in told
    told = " ".join(said(system, tmp_path, "roster", "load", "lou.csv").split())
    assert "puts 1 participant on plan lat, which is not published" in told
    (tmp_path / "lou.csv").write_text("participant_id,plan\nlou,late\n")
    said(system, tmp_path, "roster", "load", "lou.csv")
    (tmp_path / "late.yaml").write_text(LATE)
    said(system, tmp_path, "plan", "publish", "late.yaml", "--yes")
    told = " ".join(said(system, tmp_path, "deals", "load", "late.csv").split())  # again, which changes nothing
    assert "credit nobody (no_rule), the first" not in told
    assert "lou is on plan late, of which no crediting rule selects the deal" in told
    answer = Client(system.home, system.settings).get("/v1/participants/lou/earnings", who="analyst", service="scoring")
    assert [Decimal(each["amount"]) for each in answer["earnings"] if Decimal(each["amount"])] == [Decimal(10)]


def test_publishing_says_which_deals_waited_for_the_plan(system: System, tmp_path: Path) -> None:
    (tmp_path / "solo.yaml").write_text(MANAGER.replace("manager", "solo", 1).replace("to: managers", "to: holder"))
    (tmp_path / "eve.csv").write_text("participant_id,effective_from,plan\neve,2025-01-01,solo\n")
    (tmp_path / "eve-deals.csv").write_text("deal_id,owner,amount,close_date,currency\nE1,eve,500,2025-01-15,USD\n")
    said(system, tmp_path, "roster", "load", "eve.csv")
    said(system, tmp_path, "deals", "load", "eve-deals.csv")
    with patch.object(sys, "stdin", io.StringIO("")):
        done = run(system, tmp_path, "plan", "publish", "solo.yaml")
    assert done.returncode == 1
    assert "They have no credits from then on yet." in done.stdout
    assert "Deals that it credits: 1; 1 of them credits nobody so far." in done.stdout
    assert "What is earned by solo changes by +5.00 USD, from 0.00 to 5.00: 1 gains, 0 lose." in done.stdout
