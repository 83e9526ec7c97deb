"""What the play came to, on one screen: what went in, what is paid, what was late, what needs a person, and where to
look.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from earnest.client import Client
from earnest.company.deliveries import roster_files
from earnest.company.late import LateChange
from earnest.company.payroll import RELEASED, Payroll
from earnest.company.people import People
from earnest.hints import as_called
from earnest.local.system import System
from earnest.terminal import money
from shared.drift.words import Naming
from shared.formatting import counted
from shared.periods import Month

Answer = dict[str, Any]
ALERT_SECONDS: Final = 60.0
"""An evaluation of everything is a second or two, and then it rests for some more."""
OPEN_MONTH: Final = Month("2026-06")
LAST_MONTH: Final = Month("2026-05")
ENTITY: Final = "fernhill-us"


def summarise(system: System, console: Console, *, sent: Counter[str], late: Sequence[LateChange]) -> None:
    """Print the state of the company in an installation; `sent` and `late` are what this play sent, if it sent
    anything.
    """
    client = Client(system.home, system.settings)
    scoring, alerts = client.get("/v1/summary", who="analyst", service="scoring"), _open_alerts(client)
    payroll = Payroll(client, system.home.files)
    runs = [run for run in payroll.runs() if run["state"] in RELEASED]
    console.print()
    console.print(_figures(scoring, sent, runs=runs, payroll=payroll))
    if late:
        console.print(_late(payroll, late, period=Month(runs[-1]["pay_period"])))
    console.print(_needs_a_person(scoring, alerts))
    if runs:
        path, manifest = payroll.file_of(runs[-1])
        totals = ", ".join(f"{money(total)} {code}" for code, total in manifest["control_totals"].items())
        console.print(f"Last payroll file: {path}", highlight=False, soft_wrap=True)
        console.print(
            f"  {counted(manifest['record_count'], 'payment')}, {totals}, sha256 {manifest['sha256'][:16]}…",
            highlight=False,
        )
    waits = OPEN_MONTH not in {run["pay_period"] for run in payroll.runs()}
    _next_steps(system, console, has_month_to_pay=waits, runs=[run["id"] for run in runs])


def _figures(scoring: Answer, sent: Counter[str], *, runs: Sequence[Answer], payroll: Payroll) -> Table:
    table = Table(title="Fernhill Instruments", show_header=False)
    if sent:
        table.add_row(
            "events taken",
            f"{sent['accepted']:,} ({sent['rejected']} refused, {sent['passed_over']} of no interest to the mapping)",
        )
    table.add_row("deals", f"{scoring['deals']:,}")
    table.add_row("participants", f"{scoring['participants']} on {scoring['plan_versions']} plan versions")
    for total in scoring["totals"]:
        currency = total["currency"]
        table.add_row("credits", f"{total['credits']:,}, worth {money(total['credited'])} {currency}")
        table.add_row("earnings", f"{money(total['earned'])} {currency}")
    paid: dict[str, Decimal] = {}
    for run in runs:
        for total in run["totals"]:
            paid[total["currency"]] = paid.get(total["currency"], Decimal(0)) + Decimal(total["paid"])
    kept = payroll.paid() if runs else {}
    for currency, amount in sorted(paid.items()):
        first, last = runs[0]["pay_period"], runs[-1]["pay_period"]
        back = amount - kept.get(currency, Decimal(0))
        gone = f", {back:,} given back by payroll" if back > 0 else ""
        table.add_row("payout runs", f"{len(runs)}, {first} to {last}, {amount - back:,} {currency} paid{gone}")
    return table


def _late(payroll: Payroll, late: Sequence[LateChange], *, period: Month) -> Table:
    """The late changes and what each did to whom in the run of the period. Each is of a month of its own."""
    effects: dict[str, list[tuple[str, Decimal]]] = {}
    for participant in People.of_files(roster_files()).ids:
        for journal in payroll.late(participant, period):
            amount = sum(Decimal(post["amount"]) for post in journal["postings"] if post["account"] == "earned")
            effects.setdefault(journal["origin_period"], []).append((participant, Decimal(amount)))
    table = Table("deal", "of", "became known after payroll", "participant", title="Late changes")
    table.add_column(f"in run {period}", justify="right")
    for change in late:
        head = [change.deal_id, change.period, change.what]
        for participant, amount in effects.get(change.period, []):
            table.add_row(*head, participant, f"{amount:+,}")
            head = ["", "", ""]  # said once, beside the first whom it moves
    return table


def _open_alerts(client: Client) -> list[Answer]:
    """The open alerts, but those that another one stands for, by the day on which they were found. They are of an
    evaluation that has seen everything.
    """
    # An evaluation that began before we asked may not have seen the last deals.
    asked, deadline = datetime.now(UTC), time.monotonic() + ALERT_SECONDS
    while True:
        evaluation = client.get("/v1/kpis", who="ops", service="alerts")
        is_later = datetime.fromisoformat(evaluation["evaluated_at"]) > asked
        if (is_later and evaluation["current"]) or time.monotonic() > deadline:
            break
        time.sleep(0.1)
    listed = client.get("/v1/alerts?state=open", who="ops", service="alerts")["alerts"]
    found = [
        client.get(f"/v1/alerts/{alert['alert_id']}", who="ops", service="alerts")
        for alert in listed
        if alert["suppressed_by"] is None
    ]
    return sorted(found, key=lambda alert: (alert["detected_on"], alert["alert_id"]))


def _needs_a_person(scoring: Answer, alerts: Sequence[Answer]) -> Table:
    table = Table(title="Needs a person", show_header=False)
    for alert in alerts:
        table.add_row("alert", _in_words(alert))
    for reason, number in sorted(scoring["uncredited"].items()):
        table.add_row("won, lacking a credit", f"{number} for {reason}, a share of a deal each")
    return table


def _in_words(alert: Answer) -> str:
    """What is wrong, found when, and where most of it comes from."""
    naming = Naming(title=alert["title"], unit=alert["unit"], currency=alert["currency"] or "")
    now_known = alert["latest_value"] is not None and alert["latest_expected"] is not None
    shown = ("latest_value", "latest_expected") if now_known else ("value", "expected")
    value, expected = (float(alert[name]) for name in shown)
    now, usual = naming.figure(value, beside=expected), naming.figure(expected, beside=value)
    what = f"{alert['title']}, {alert['dimension']} {alert['segment']}" if alert["dimension"] else alert["title"]
    if alert["detector"] == "threshold":
        return f"{what}: {now} is {'above' if alert['direction'] == 'up' else 'below'} {usual}"
    most = [f", most of it in {driver['dimension']} {driver['segment']}" for driver in alert["drivers"][:1]]
    return f"{what}: {now} where {usual} is expected, found on {alert['detected_on']}{''.join(most)}"


def _next_steps(system: System, console: Console, *, has_month_to_pay: bool, runs: Sequence[str]) -> None:
    console.print("Interactive pages of the services, while they run:")
    for name, url in system.urls.items():
        console.print(f"  {name:<8} {url}/docs", highlight=False)
    console.print(as_called("Try next, with the services running (`earnest up`):"), soft_wrap=True)
    first = (f"payout run {OPEN_MONTH}", "June is still open: calculate its run")
    last = next(iter(reversed(runs)), None)
    for command, why in (
        first if has_month_to_pay else ("payout list", "every month's run and what it paid"),
        *([(f"statement {last} --all", "everybody's pay statement as PDF, with its reasons")] if last else []),
        ("alerts list", "which KPIs are not as expected; `alerts show` with an id says since when and where"),
        (f"payout gl preview {LAST_MONTH} --entity {ENTITY}", "what the books would get"),
        ("dlq list", "what could not be processed, and why"),
        ("verify", "rebuild everything from the log and compare"),
    ):
        console.print(f"  {as_called(f'earnest {command}'):<48} {why}", highlight=False, soft_wrap=True)
