"""What changes an installation in which people are paid: plans after their deals, other versions, payments, events."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from unittest.mock import patch

import pytest

from earnest.client import Client
from earnest.local.drain import wait_until_drained
from earnest.local.system import System
from tests.earnest.commands.loaded_files import ABROAD, DEALS_ABROAD, MANAGER, REP, earned, live_earnings, run, said
from tests.earnest.company.reader import flat

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
def system(loaded: System) -> System:
    """The installation with plans, roster and deals, to which each test adds what no other looks at."""
    return loaded


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
    dates = ("--from", "2024-01-01", "--to", "2025-12-31")
    assert "The running service holds the same alerts." in said(system, folder, "alerts", "replay", *dates)
    data = said(system, folder, "alerts", "replay", *dates, "--json")
    assert data == said(system, folder, "alerts", "replay", *dates, "--json")
    assert json.loads(data)["differences"] == []
    turned = run(system, folder, "alerts", "replay", "--from", "2025-12-31", "--to", "2024-01-01")
    assert turned.returncode == 2
    assert "the first date comes after the last one" in turned.stderr
    other = system.home.kpis / "settings.yaml"
    other.write_text("false_alarms_per_year: 2\n")
    since = "The running service was started with other files of KPIs"
    assert since in flat(run(system, folder, "alerts", "replay", *dates).stderr)
    assert since in flat(said(system, folder, "alerts", "kpis", "list"))
    other.unlink()
    assert since not in flat(said(system, folder, "alerts", "kpis", "list"))


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
