"""`earnest alerts notifications`: whether the file that says who is told what is right, and whether people are
reached.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from urllib.parse import quote

import typer

from earnest.client import connected
from earnest.commands import Actor
from earnest.commands.alerts import alerts
from earnest.terminal import print_table

notifications = typer.Typer(no_args_is_help=True, help="Notifications: who is told what of alerts.")
alerts.add_typer(notifications, name="notifications")


@notifications.command()
def check(
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="The file; notifications.yaml of the installation.")
    ] = None,
) -> None:
    """Check the file: everything that is wrong with it or missing beside it. Exit code 1 where something is."""
    from earnest.local.home import Home
    from earnest.local.processes import LocalError
    from earnest.yaml_files import text_of
    from services.alerts.kpis import load
    from services.alerts.notifications import SECRETS, Notifications, Undeclared, notifications_of, remarks
    from shared.kernel.plan.exact_yaml import PlanFileError

    path = file or Home.current().notifications
    findings: list[str] = []
    declared: Notifications | None
    try:
        declared = notifications_of(text_of(path))
    except PlanFileError as error:
        raise LocalError(f"{path}: {error}") from None
    except Undeclared as error:
        findings, declared = error.findings, error.readable
    if declared is not None:
        about = {watched.kpi.name: watched.kpi.about for watched in load(Home.current().kpis).by_name.values()}
        findings += remarks(declared, kpis=about, secrets=path.parent / SECRETS)
    for finding in findings:
        typer.echo(f"{path}: {finding}")
    if findings or declared is None:
        raise typer.Exit(1)
    for name, each in declared.subscriptions.items():
        when = "at once" if each.rhythm == "now" else f"every day at {each.hour}:00"
        person = f"{each.person} by " if each.person else ""
        typer.echo(f"{name}: {person}{each.channel}, {when}: {', '.join(sorted(each.events))}")
    typer.echo(f"{path}: nothing is wrong")


@notifications.command("test")
def try_out(
    subscription: Annotated[str, typer.Argument(metavar="SUBSCRIPTION", help="Its name in the file.")],
    who: Actor = "ops",
) -> None:
    """Have the service send an example to a subscription now, and say whether it arrived."""
    connected().post(f"/v1/notifications/{quote(subscription, safe='')}/test", who=who, body={}, service="alerts")
    typer.echo(f"{subscription}: an example has arrived")


@notifications.command("list")
def list_messages(
    every: Annotated[bool, typer.Option("--all", help="Also those that have arrived or were given up.")] = False,
    who: Actor = "ops",
) -> None:
    """Notifications that have not arrived yet, and why."""
    from rich.table import Table

    table = Table("message", "due", "tries", "state", "why")
    path = f"/v1/notifications?waiting_only={str(not every).lower()}"
    found = connected().get(path, who=who, service="alerts")
    for remark in found["remarks"]:
        typer.echo(f"Not in force: {remark}")
    for each in found["messages"]:
        state = each["outcome"] or "waiting"
        table.add_row(each["message_id"], each["due_at"][:16], str(each["attempts"]), state, each["error"] or "")
    arrived = "Nothing is on its way." if found["remarks"] else "Everything has arrived."
    print_table(table, "Nothing was sent in the last 30 days." if every else arrived)
