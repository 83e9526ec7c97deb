"""From files to the running installation and back: plans, roster and deals by one command each; what is exported and
calculated is paid alike, to the cent.
"""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, Final
from unittest.mock import patch

import pytest

from earnest.client import Client
from earnest.local.drain import wait_until_drained
from earnest.local.home import Home
from earnest.local.system import System, running_system
from tests.earnest.commands.loaded_files import ABROAD, DEALS, DEALS_ABROAD, MANAGER, REP, ROSTER, run, said

AS_ANALYST: Final[dict[str, Any]] = {"who": "analyst", "service": "scoring"}


@pytest.fixture(scope="module")
def empty(server_folder: Path) -> Iterator[System]:
    """An installation that the tests of this module share."""
    home = Path(mkdtemp(prefix="day-", dir=server_folder))
    home.chmod(0o755)
    with running_system(Home(home)) as running:
        yield running


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("files")
    (folder / "plans").mkdir()
    for name, text in (
        ("plans/rep.yaml", REP),
        ("plans/manager.yaml", MANAGER),
        ("roster.csv", ROSTER),
        ("deals.csv", DEALS),
    ):
        (folder / name).write_text(text)
    return folder


@pytest.fixture(scope="module")
def loading(empty: System, folder: Path) -> dict[str, str]:
    """What was said, command by command, while plans, roster and deals came into the empty installation."""
    (folder / "early.csv").write_text("participant_id,name\npia,Pia\n")
    told = {}
    for name, words in (
        ("early roster", ("roster", "load", "early.csv")),
        ("rep", ("plan", "publish", "plans/rep.yaml")),
        ("early roster again", ("roster", "load", "early.csv")),
        ("plans", ("plan", "publish", "plans")),
        ("roster", ("roster", "load", "roster.csv")),
        ("deals", ("deals", "load", "deals.csv", "--rejected", "rejected.csv")),
    ):
        told[name] = said(empty, folder, *words)
        if name == "early roster again":
            reach = Client(empty.home, empty.settings).get("/v1/plans/rep/reach?since=2025-01-01", **AS_ANALYST)
            told["reach"] = str(reach["participants"])
    return told


@pytest.fixture(scope="module")
def system(empty: System, loading: dict[str, str]) -> System:
    """The installation with plans, roster and deals. Each test goes on from there, whichever others ran before."""
    return empty


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


def earned(text: str) -> dict[tuple[str, str, str], Decimal]:
    rows = csv.DictReader(io.StringIO(text))
    return {(row["participant_id"], row["component"], row["period"]): Decimal(row["amount"]) for row in rows}


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


def live_earnings(system: System) -> dict[tuple[str, str, str], Decimal]:
    client = Client(system.home, system.settings)
    found = {}
    for who in ("ann", "bob", "mia"):
        answer = client.get(f"/v1/participants/{who}/earnings", who="analyst", service="scoring")
        for each in answer["earnings"]:
            key = (who, each["component"], each["period"])
            found[key] = found.get(key, Decimal(0)) + Decimal(each["amount"])
    return {key: amount for key, amount in found.items() if amount}


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


def test_what_the_page_for_integrators_sends_is_taken_as_it_is_written(system: System, folder: Path) -> None:
    page = (Path(__file__).parents[3] / "docs" / "integrator.md").read_text()
    fenced = re.findall(r"^```(\S*)[^\n]*\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    blocks = [block for language, block in fenced if language == "sh" and "curl" in block]
    facts = [block for block in blocks if re.search(r"8801/v1/(deals|account-payments|roster|plans)", block)]
    assert len(facts) >= 4
    for block in facts:
        script = block.replace("http://127.0.0.1:8801", system.settings.ingest_url).replace(
            ".earnest/", f"{system.home.path}/"
        )
        done = subprocess.run(["bash", "-c", script], cwd=folder, capture_output=True, text=True, check=True)
        answer = json.loads(done.stdout)
        assert answer.get("rejected", 0) == 0, answer
        assert "status" not in answer, answer
    versions = [version for version in said(system, folder, "plan", "list").splitlines() if "flat" in version]
    assert len(versions) == 1  # as a file and as an event it is the same version


def test_payments_by_account_are_allocated_as_files_allocate_them(system: System, folder: Path) -> None:
    bank = folder / "bank"
    bank.mkdir()
    (bank / "payments.csv").write_text(
        "id,account,reference,amount,date\nB2,Zeta,Z2,600,2025-02-10\nB1,Zeta,,500,2025-02-03\n"
        "B3,Zeta,,500,2025-02-20\nB4,Zeta,B2,-600,2025-03-05\nB5,Eta,,70.50,2025-03-05\n"
    )
    columns = ", ".join(f"{name}: {name}" for name in ("id", "account", "reference", "amount", "date"))
    payments = f"payments: {{file: payments.csv, {columns}, currency: {{constant: USD}}}}\n"
    (bank / "mapping.yaml").write_text(f"source: bank\n{payments}")
    report = bank / "report.csv"
    said(system, folder, "import", bank, "--mapping", bank, "--report", report)  # before there is a deal of the account
    assert "B2,remarked,reference,B2: 'Z2' is no deal or contract of account Zeta" in report.read_text()
    assert report.read_text().count(",remarked,") == 1
    assert report.read_text().count(",left,") == 3  # B4 has taken B2 back, which was on no deal
    told = said(system, folder, "account-payments", "--left")
    assert re.search(r"B5 .* 70.50 USD .* 70.50", told)
    deals = "deal_id,owner,amount,close_date,account\nZ1,bob,1000,2024-01-10,Zeta\nZ2,bob,500,2024-01-20,Zeta\n"
    (bank / "deals.csv").write_text(deals)
    said(system, folder, "deals", "load", bank / "deals.csv")
    files = bank / "mapping-files.yaml"
    fields = "{amount: amount, close_date: close_date, owner: owner, account: account, currency: {constant: USD}}"
    files.write_text(f"{payments}deals: {{file: deals.csv, deal_id: deal_id, fields: {fields}}}\n")
    run(system, folder, "import", bank, "--mapping", files, "--files-only", bank / "out")
    of_files = {row["deal_id"]: row["payments"] for row in csv.DictReader((bank / "out" / "deals.csv").open())}
    live = {
        row["deal_id"]: row["payments"] for row in csv.DictReader(io.StringIO(said(system, folder, "export", "deals")))
    }
    assert {name: live[name] for name in of_files} == of_files
    assert of_files["Z1"] == "B2:600.00:2025-02-10;B3:400.00:2025-02-20;B4:-600.00:2025-03-05"
    shown = said(system, folder, "account-payments", "--account", "Zeta")
    assert re.search(r"B3 .* 500.00 USD .* Z1 400.00 .* 100.00", shown)
    said(system, folder, "import", bank, "--mapping", bank, "--report", report)
    assert report.read_text().count(",left,") == 2
    assert "remarked" not in report.read_text()
    said(system, folder, "verify")


def of_reps(found: dict[tuple[str, str, str], Decimal]) -> Decimal:
    return sum((amount for (_, component, _), amount in found.items() if component != "override"), Decimal(0))


def test_a_version_that_changes_pay_asks_and_says_whom_it_touches(system: System, folder: Path) -> None:
    (folder / "rep-2.yaml").write_text(REP.replace("version: 1", "version: 2").replace("rate: 8%", "rate: 9%"))
    assert "tiers 2.rate was 8%, is now 9%" in said(system, folder, "plan", "diff", "rep@1", "rep-2.yaml")
    with patch.object(sys, "stdin", io.StringIO("")):  # nobody is there to ask
        done = run(system, folder, "plan", "publish", "rep-2.yaml")
    assert done.returncode == 1
    assert "rep@2 holds from 2025-01-01 on, in place of rep@1." in done.stdout
    assert "Participants on the plan from then on: 3." in done.stdout
    assert "which are calculated anew: 2025-01 to 2025-03" in done.stdout
    assert "answer y, or say --yes" in done.stderr
    before = of_reps(live_earnings(system))
    assert "rep@2" in said(system, folder, "plan", "publish", "rep-2.yaml", "--yes")
    wait_until_drained(system.settings, lambda _: None)
    after = of_reps(live_earnings(system))
    assert after > before
    told = f"What is earned by rep changes by {after - before:+,.2f} USD, from {before:,.2f} to {after:,.2f}: "
    assert told in done.stdout
    assert "tiers 2.rate was 8%, is now 9%" in said(system, folder, "plan", "diff", "rep@1", "rep@2")
    assert "never: version 2 replaces it" in said(system, folder, "plan", "list")


def test_a_deal_without_a_rate_is_counted_by_the_rule_that_needs_none_live_as_from_files(
    system: System, folder: Path
) -> None:
    (folder / "abroad.yaml").write_text(ABROAD)
    (folder / "gil.csv").write_text("participant_id,plan\ngil,abroad\n")
    (folder / "gil-deals.csv").write_text(DEALS_ABROAD)
    said(system, folder, "plan", "publish", "abroad.yaml", "--yes")
    said(system, folder, "roster", "load", "gil.csv")
    told = " ".join(said(system, folder, "deals", "load", "gil-deals.csv").split())
    assert "gil is not credited by a rule: `exchange` of the plan has no rate for" in told
    files = ("--plan", "abroad.yaml", "--roster", "gil.csv", "--deals", "gil-deals.csv")
    said(system, folder, "calc", *files, "--out", "gil")
    client = Client(system.home, system.settings)
    of_files = earned((folder / "gil" / "earnings.csv").read_text())
    answer = client.get("/v1/participants/gil/earnings", who="analyst", service="scoring")
    live = {("gil", each["component"], each["period"]): Decimal(each["amount"]) for each in answer["earnings"]}
    assert live == of_files == {("gil", "pay", "2025-01"): Decimal(11), ("gil", "kicker", "2025-01"): Decimal(9)}
    missed = client.get("/v1/uncredited?reason=no_rate", who="analyst", service="scoring")["uncredited"]
    rejected = list(csv.DictReader((folder / "gil" / "rejected.csv").open(newline="")))
    assert [(each["deal_id"], each["participant_id"]) for each in missed] == [("G1", "gil"), ("G2", "gil")]
    assert [(each["id"], each["reason"]) for each in rejected] == [("G1", "no_rate"), ("G2", "no_rate")]
