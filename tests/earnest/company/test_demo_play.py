"""The demo company through a whole installation: real services, real signatures, and every cent as the kernel has it
from files.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from earnest.company import FOLDER
from earnest.company.deliveries import roster_files
from earnest.company.known import known_in_the_end
from earnest.company.late import REVISION, late_changes
from earnest.company.people import People, roster_rows
from earnest.company.play import play
from earnest.company.selling import UNREADABLE, DealReport, cents_text, deal_reports
from earnest.company.world import FERNHILL
from earnest.files.calculation import calculate
from earnest.files.results import earnings_table
from earnest.plans.files import read_plans
from services.alerts.kpis import built_in
from services.alerts.of_facts import counted
from services.alerts.rollups import store
from services.alerts.rollups.contributions import Cell
from shared.database import database_url, engine_for
from shared.periods import Month
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


def test_the_alerts_service_counts_what_the_same_facts_come_to_in_one_go(played: Played) -> None:
    said = deal_reports(FERNHILL, played.people)
    roster = [row for file in roster_files() for row in roster_rows(file)]
    plans = read_plans([FOLDER / "plans"]).plans.values()
    known = known_in_the_end([*said, *late_reports(said)], roster, plans=plans, last=Month("2026-06"))
    of_runs = {counted.key for counted in built_in().counted("runs")}
    engine = engine_for(database_url(played.system.settings), "alerts")
    with engine.connect() as connection:
        live = dict(store.cells(connection, date.min, last=date.max))
    engine.dispose()
    assert not_nothing(live, but=of_runs) == not_nothing(counted(known, built_in()), but=set())
    assert len(live) > 2_000


def not_nothing(cells: Mapping[Cell, Mapping[str, int]], *, but: set[str]) -> dict[Cell, dict[str, int]]:
    """The cells with something in them: where everything has left one, there are rows of zero."""
    left = {
        cell: {key: sum_ for key, sum_ in sums.items() if sum_ and key.partition("@")[0] not in but}
        for cell, sums in cells.items()
    }
    return {cell: sums for cell, sums in left.items() if sums}


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


def test_the_discount_drift_is_found_within_three_weeks_and_not_before(played: Played) -> None:
    begins = min(drift.begins for drift in FERNHILL.drifts)
    alerts = played.get("alerts", "/v1/alerts?state=all&limit=500", "ops")["alerts"]
    # What was found while half of the deals had arrived, and is nothing now that all are there, is corrected.
    of_discount = [
        alert
        for alert in alerts
        if alert["kpi"] in ("average_discount", "discount_per_deal") and alert["resolution"] != "corrected"
    ]
    found = sorted(date.fromisoformat(alert["detected_on"]) for alert in of_discount if alert["detector"] == "drift")
    assert begins <= found[0] <= begins + timedelta(weeks=3), found
    detail = played.get("alerts", f"/v1/alerts/{open_drift(of_discount)['alert_id']}", "ops")
    assert detail["drivers"][0]["segment"] in ("west", "june.okafor"), detail["drivers"]


def open_drift(alerts: list[dict[str, Any]]) -> dict[str, Any]:
    """The alert of the whole company that is open because the average discount drifts."""
    [alert] = [
        alert
        for alert in alerts
        if (alert["kpi"], alert["detector"], alert["dimension"], alert["state"])
        == ("average_discount", "drift", None, "open")
    ]
    return alert


def test_the_summary_says_what_drifts_since_when_and_where(played: Played) -> None:
    alerts = played.get("alerts", "/v1/alerts?state=open&limit=500", "ops")["alerts"]
    told = [alert for alert in alerts if alert["suppressed_by"] is None]
    assert {"average_discount", "dead_letters"} <= {alert["kpi"] for alert in told}
    assert re.search(
        r"Average discount: [\d.]+% where [\d.]+% is expected, found on 2026-03-\d\d, most of it in \w+ (west|june)",
        re.sub(r"[\s│]+", " ", played.said),  # a row may go on in the next line
    )
    assert "Dead letters open: 5 records is above 0 records" in played.said
    assert len(re.findall(r"│ alert ", played.said)) == len(told)


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
    rows = [row_of(report) for report in [*said, *late_reports(said)] if report.fields.get("rep") != UNREADABLE]
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


def late_reports(said: list[DealReport]) -> list[DealReport]:
    reports = []
    for change in late_changes(said):
        told = json.loads(change.delivery.body)
        fields = told["events"][0]["opportunity"] if "events" in told else told["data"]["fields"]
        system: Any = "crm" if "events" in told else "billing"
        reports.append(
            DealReport(at=change.delivery.at, system=system, deal_id=change.deal_id, revision=REVISION, fields=fields)
        )
    return reports
