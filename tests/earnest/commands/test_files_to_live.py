"""From files to the running installation and back: plans, roster and deals by one command each; what is exported and
calculated is paid alike, to the cent.
"""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest

from earnest.local.system import System
from tests.earnest.commands.loaded_files import (
    REP,
    earned,
    live_earnings,
    run,
    said,
)

AS_ANALYST: Final[dict[str, Any]] = {"who": "analyst", "service": "scoring"}


@pytest.fixture(scope="module")
def system(loaded: System) -> System:
    """The installation with plans, roster and deals, which no test of this module changes."""
    return loaded


@pytest.fixture(scope="module")
def exported(system: System, folder: Path) -> Path:
    """The folder, with what the installation held before anything else came."""
    for what, out in (
        ("deals", "deals-2.csv"),
        ("roster", "roster-2.csv"),
        ("quotas", "quotas-2.csv"),
        ("plans", "plans-2"),
    ):
        said(system, folder, "export", what, "--out", out)
    return folder


def test_a_roster_without_plans_that_comes_before_the_plan_is_loaded_again(loading: dict[str, str]) -> None:
    told = loading["early roster"]
    assert "1 participant no plan, and no plan is published yet: publish it, and then load this file again" in told
    told = loading["rep"]
    assert "rep@1 holds from 2025-01-01 on.\n  Nobody is on the plan from then on.\n" in told
    assert "  1 participant of the roster is on no plan: after this load their file again" in told
    assert "they are put on the only one, rep." in loading["early roster again"]
    assert loading["reach"] == "1"


def test_plans_are_published_as_they_are_written_and_fetched_back(
    system: System, folder: Path, loading: dict[str, str]
) -> None:
    told = loading["plans"]
    assert "manager@1 holds from 2025-01-01 on.\n  Nobody is on the plan from then on.\nPublished: manager@1" in told
    assert said(system, folder, "plan", "get", "rep@1") == REP
    assert "from 2025-01-01 on" in said(system, folder, "plan", "list")
    assert "nothing changes" in said(system, folder, "plan", "publish", "plans/rep.yaml")


def test_an_unsound_plan_is_refused_before_anything_is_published(system: System, folder: Path) -> None:
    (folder / "bad.yaml").write_text(REP.replace("plan: rep", "plan: other").replace("rate: 8%", "rat: 8%"))
    done = run(system, folder, "plan", "publish", "bad.yaml")
    assert done.returncode == 1
    assert "bad.yaml:22:39: P102: there is no field rat here; did you mean rate?" in done.stderr
    assert "other" not in said(system, folder, "plan", "list")


def test_a_roster_and_deals_are_loaded_and_what_is_refused_is_told_by_row(
    system: System, folder: Path, loading: dict[str, str]
) -> None:
    assert "5 rows taken, 0 refused" in loading["roster"]
    told = loading["deals"]
    assert "No plan declares the deals' column unread yet: it is kept, and read from when a plan does." in told
    assert "8 rows taken, 0 refused" in told
    assert "1 won deal, or a share of it, lacks a credit (unknown_participant), D5: zoe is not in the roster" in (
        " ".join(told.split())
    )
    assert "Everything else is credited, earned and booked." in told
    (folder / "wrong.csv").write_text(
        "deal_id,owner,amount,close_date,seats\nE1,ann,12x,2025-01-01,\nE2,ann,5,2025-01-01,many\n"
    )
    done = run(system, folder, "deals", "load", "wrong.csv")
    assert done.returncode == 1
    assert "wrong.csv, row 2 (E1): amount: '12x' is not a decimal number" in done.stdout
    assert "wrong.csv, row 3 (E2): seats:" in done.stdout
    assert "0 rows taken, 2 refused" in done.stdout


def test_files_and_what_is_exported_again_pay_what_the_installation_pays_to_the_cent(
    system: System, exported: Path
) -> None:
    folder = exported
    live = live_earnings(system)
    assert sum(live.values()) > 200
    said(system, folder, "calc", "--plan", "plans", "--deals", "deals.csv", "--roster", "roster.csv", "--out", "given")
    said(
        system,
        folder,
        "calc",
        "--plan",
        "plans-2",
        "--deals",
        "deals-2.csv",
        "--roster",
        "roster-2.csv",
        "--out",
        "again",
    )
    for out in ("given", "again"):
        calculated = earned((folder / out / "earnings.csv").read_text())
        assert {key: amount for key, amount in calculated.items() if amount} == live
    assert (folder / "plans-2" / "rep-1.yaml").read_text() == REP
    assert (folder / "quotas-2.csv").read_text().splitlines()[1:] == [
        "ann,2025-01-01,1000",
        "ann,2025-03-01,1500",
        "bob,2025-01-01,800",
    ]
    lines = said(system, folder, "export", "lines")
    assert lines == (folder / "again" / "lines.csv").read_text()
    march = said(system, folder, "export", "lines", "--period", "2025-03").splitlines()
    assert march == [line for line in lines.splitlines() if ",2025-03," in line or line.startswith("participant_id,")]
    of_lines: dict[tuple[str, str, str], Decimal] = {}
    for line in csv.DictReader(io.StringIO(lines)):
        key = (line["participant_id"], line["component"], line["period"])
        of_lines[key] = of_lines.get(key, Decimal(0)) + Decimal(line["amount"])
    assert {key: amount for key, amount in of_lines.items() if amount} == live


def test_loading_again_changes_nothing(system: System, exported: Path) -> None:
    folder = exported
    before = live_earnings(system)
    said(system, folder, "roster", "load", "roster-2.csv")
    said(system, folder, "deals", "load", "deals-2.csv")
    assert live_earnings(system) == before
    assert said(system, folder, "export", "deals") == (folder / "deals-2.csv").read_text()
    assert said(system, folder, "export", "roster") == (folder / "roster-2.csv").read_text()


def test_an_earning_is_explained_and_estimated_without_files(system: System, exported: Path) -> None:
    folder = exported
    files = ("--plan", "plans-2", "--deals", "deals-2.csv", "--roster", "roster-2.csv")
    for command in (
        ("explain", "--participant", "ann"),
        ("estimate", "--participant", "ann", "--close", "D7:2025-03-31"),
    ):
        assert said(system, folder, *command) == said(system, folder, *command, *files)
    done = run(system, folder, "explain", "--participant", "ann", "--plan", "plans-2")
    assert done.returncode == 1
    assert "name --plan, --deals and --roster together" in done.stderr
