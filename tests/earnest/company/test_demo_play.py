"""The demo company through a whole installation: real services, real signatures, and every cent as the kernel has it
from files.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from earnest.company import FOLDER
from earnest.company.deliveries import roster_files
from earnest.company.late import REVISION, late_changes
from earnest.company.people import People
from earnest.company.play import play
from earnest.company.selling import UNREADABLE, DealReport, cents_text, deal_reports
from earnest.company.world import FERNHILL
from earnest.files.calculation import calculate
from earnest.files.results import earnings_table
from earnest.plans.files import read_plans
from tests.earnest.company.conftest import Played

pytestmark = pytest.mark.long

STAGES = {"closed_won": "won", "closed_lost": "lost", "cancelled": "cancelled", "proposal": "open"}


def test_everyone_earns_what_the_same_facts_in_files_come_to(played: Played, tmp_path: Path) -> None:
    written = written_as_files(played.people, tmp_path)
    deals, roster = written
    found = calculate(deals, roster, plans=read_plans([FOLDER / "plans"]), step=lambda _: None)
    expected = {row[:3]: Decimal(row[3]) for row in earnings_table(found.earnings).iter_rows() if Decimal(row[3])}
    live: dict[tuple[str, str, str], Decimal] = {}
    for who in played.people.ids:
        for earning in played.get("scoring", f"/v1/participants/{who}/earnings")["earnings"]:
            key = (who, earning["component"], earning["period"])
            live[key] = live.get(key, Decimal(0)) + Decimal(earning["amount"])
    assert {key: amount for key, amount in live.items() if amount} == expected
    assert len(expected) > 700


def test_every_month_but_the_last_is_paid_by_two_people(played: Played) -> None:
    runs = played.get("payout", "/v1/runs")["runs"]
    assert [run["pay_period"] for run in runs] == sorted((run["pay_period"] for run in runs), reverse=True)
    assert (len(runs), runs[0]["pay_period"], runs[-1]["pay_period"]) == (17, "2026-05", "2025-01")
    assert {(run["state"], run["author"]) for run in runs} == {("acknowledged", "dana")}
    by = {run["id"]: played.get("payout", f"/v1/runs/{run['id']}")["approvals"] for run in runs}
    assert {approvals[0]["approver"] for approvals in by.values()} == {"frank"}
    large = {run for run, approvals in by.items() if len(approvals) > 1}
    assert large == {run["id"] for run in runs if Decimal(run["totals"][0]["paid"]) > 150_000}
    assert {by[run][1]["approver"] for run in large} == {"carla"}


def test_late_changes_are_paid_in_the_next_run_under_the_month_they_are_about(played: Played) -> None:
    origins = {
        journal["origin_period"]
        for who in played.people.ids
        for journal in played.get("payout", f"/v1/participants/{who}/journal?limit=500")["journals"]
        if journal["kind"] == "earning" and journal["origin_period"] != journal["period"]
    }
    assert origins == {"2025-11", "2026-02", "2026-03", "2026-04"}


def test_the_discount_drift_and_unreadable_deliveries_raise_alerts(played: Played) -> None:
    alerts = played.get("alerts", "/v1/alerts?state=open", "ops")["alerts"]
    assert {alert["kpi"] for alert in alerts} == {"average_discount", "dead_letters"}
    assert "Average discount: 0.253 is above 0.2" in played.said
    assert "Dead letters open: 5 is above 0" in played.said
    assert played.said.count(" is above ") + played.said.count(" is below ") == len(alerts)


def test_the_summary_names_the_payroll_file_and_what_credits_nobody(played: Played) -> None:
    path = played.system.home.files / "run-2026-05-1.csv"
    rows = list(csv.DictReader(path.open(newline="")))
    assert str(path) in played.said.replace("\n", "")
    manifest = json.loads(path.with_suffix(".manifest.json").read_text())
    assert manifest["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert f"{sum(Decimal(row['amount']) for row in rows):,} USD" in played.said
    for reason in ("unknown_participant", "other_currency", "participant_left"):
        assert reason in played.said


def test_playing_again_changes_nothing(played: Played) -> None:
    before = played.books()
    assert "was played here before" in played.play()
    play(played.system, Console(file=io.StringIO()))
    assert played.books() == before


def written_as_files(people: People, folder: Path) -> tuple[Path, Path]:
    """What the company's systems say, row by row in order of time, in the form of `earnest calc`."""
    header = [roster_files()[0].read_text().splitlines()[0]]
    roster = folder / "roster.csv"
    roster.write_text("\n".join(header + [row for file in roster_files() for row in file.read_text().splitlines()[1:]]))
    said = deal_reports(FERNHILL, people)
    rows = [row_of(report) for report in said if report.fields.get("rep") != UNREADABLE] + late_rows(said)
    deals = folder / "deals.csv"
    names = ("deal_id", "owner", "amount", "close_date", "stage", "currency", "strategic", "splits", "refunds")
    with deals.open("w", newline="") as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        writer.writerows(rows)
    return deals, roster


def row_of(report: DealReport) -> dict[str, Any]:
    fields, row = report.fields, {"deal_id": report.deal_id}
    if report.system == "sales-ops":
        return row | {"splits": ";".join(f"{who}:{percent}" for who, percent in fields["splits"].items())}
    if report.system == "billing":
        [(name, refund)] = fields["refunds"].items()
        return row | {"refunds": f"{name}:{refund['amount']}:{refund['date']}"}
    return row | {
        "owner": fields["rep"],
        "amount": cents_text(fields["value_cents"]),
        "close_date": fields["closed"],
        "stage": STAGES[fields["status"]],
        "currency": fields["currency"],
        "strategic": "yes" if fields["strategic"] else "no",
    }


def late_rows(said: list[DealReport]) -> list[dict[str, Any]]:
    rows = []
    for change in late_changes(said):
        told = json.loads(change.delivery.body)
        fields = told["events"][0]["opportunity"] if "events" in told else told["data"]["fields"]
        system: Any = "crm" if "events" in told else "billing"
        rows.append(
            row_of(
                DealReport(
                    at=change.delivery.at, system=system, deal_id=change.deal_id, revision=REVISION, fields=fields
                )
            )
        )
    return rows
