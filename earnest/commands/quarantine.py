"""`earnest quarantine`: plan versions with which nothing is calculated.

It works on the database and not over HTTP: a version that brings scoring down is set aside while scoring is down.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from earnest.commands import app
from earnest.local.processes import LocalError

if TYPE_CHECKING:
    from shared.settings import Settings

quarantine = typer.Typer(
    no_args_is_help=True,
    help="Plan versions that are set aside because calculating with them does harm: list, add, lift.",
)
app.add_typer(quarantine, name="quarantine")

Plan = Annotated[str, typer.Argument(metavar="PLAN", help="The plan's id.")]
Number = Annotated[int, typer.Argument(metavar="VERSION", help="Its version.")]
Actor = Annotated[str, typer.Option("--as", metavar="NAME", help="Who does it: it is kept in the log.")]


@quarantine.command("list")
def list_versions() -> None:
    """What is set aside and whose it is, why, who waits, and how many deals do."""
    from services.scoring.operations import list_quarantine

    versions = list_quarantine(_settings())
    for version in versions:
        whose = f" of {version.author}" if version.author else ""
        since = f"since {version.since:%Y-%m-%d %H:%M} by {version.by}"
        typer.echo(f"{version.plan}@{version.version}{whose} {since}: {version.cause}")
        typer.echo(f"  deals that wait: {version.waiting}; participants: {', '.join(version.participants) or 'nobody'}")
    if not versions:
        typer.echo("No plan version is quarantined.")


@quarantine.command()
def add(
    plan: Plan,
    version: Number,
    reason: Annotated[str, typer.Option("--reason", help="Why, in words that an auditor understands.")],
    who: Actor = "ops",
) -> None:
    """Set a version aside: what it credited and paid stays, what comes for it waits, everybody else goes on."""
    from earnest.local.event_log import events_kept
    from earnest.local.home import Home
    from services.scoring.operations import NoSuchVersion, quarantine_version

    try:
        with events_kept(Home.current()):
            quarantine_version(_settings(), plan, version=version, cause=reason, by=who)
    except NoSuchVersion as error:
        raise LocalError(str(error)) from None
    typer.echo(f"{plan}@{version} is quarantined. Publish a corrected version, or lift it.")


@quarantine.command()
def lift(plan: Plan, version: Number, who: Actor = "ops") -> None:
    """Calculate with a version again; what waited is calculated."""
    from earnest.local.event_log import events_kept
    from earnest.local.home import Home
    from services.scoring.operations import NoSuchVersion, lift_quarantine

    try:
        with events_kept(Home.current()):
            lift_quarantine(_settings(), plan, version=version, by=who)
    except NoSuchVersion as error:
        raise LocalError(str(error)) from None
    typer.echo(f"{plan}@{version} is calculated with again.")


def _settings() -> Settings:
    from earnest.local.home import Home

    return Home.current().settings()
