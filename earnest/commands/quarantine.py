"""`earnest quarantine`: plan versions with which nothing is calculated. It works on the database, also while scoring is down."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from earnest.local.processes import LocalError

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from shared.settings import Settings

quarantine = typer.Typer(
    no_args_is_help=True,
    help="Plan versions that are set aside because calculating with them does harm: list, add, lift.",
)

Plan = Annotated[str, typer.Argument(metavar="PLAN", help="The plan's id.")]
Number = Annotated[int, typer.Argument(metavar="VERSION", help="Its version.")]
Actor = Annotated[str, typer.Option("--as", metavar="NAME", help="Who does it: the log of scoring keeps the name.")]


def register(app: typer.Typer) -> None:
    """Add the group to the command line."""
    app.add_typer(quarantine, name="quarantine")


@quarantine.command("list")
def list_versions() -> None:
    """What is set aside, why, who waits, and how many deals do."""
    from services.scoring.quarantine import listed

    with _scoring(_settings()) as engine, engine.connect() as connection:
        found = listed(connection)
    for each in found:
        typer.echo(f"{each.plan}@{each.version} since {each.since:%Y-%m-%d %H:%M} by {each.by}: {each.cause}")
        typer.echo(f"  deals that wait: {each.waiting}; participants: {', '.join(each.participants) or 'nobody'}")
    if not found:
        typer.echo("No plan version is quarantined.")


@quarantine.command()
def add(
    plan: Plan,
    version: Number,
    reason: Annotated[str, typer.Option("--reason", help="Why, in words that an auditor understands.")],
    who: Actor = "ops",
) -> None:
    """Set a version aside: what it credited and paid stays, what comes for it waits, everybody else goes on."""
    from services.scoring.quarantine import NotThere, put

    with _scoring(_settings()) as engine:
        try:
            with engine.begin() as connection:
                put(connection, plan, version, reason, who)
        except NotThere as error:
            raise LocalError(str(error)) from None
    typer.echo(f"{plan}@{version} is quarantined. Publish a corrected version, or lift it.")


@quarantine.command()
def lift(plan: Plan, version: Number, who: Actor = "ops") -> None:
    """Calculate with a version again; what waited is calculated."""
    from services.scoring.quarantine import NotThere
    from services.scoring.quarantine import lift as lift_it
    from shared.log.open import open_log

    settings = _settings()
    log = open_log(settings)
    try:
        with _scoring(settings) as engine, engine.begin() as connection:
            lift_it(connection, log, plan, version, who)
    except NotThere as error:
        raise LocalError(str(error)) from None
    finally:
        log.close()
    typer.echo(f"{plan}@{version} is calculated with again.")


def _settings() -> Settings:
    from earnest.local.home import Home

    return Home.current().settings()


@contextmanager
def _scoring(settings: Settings) -> Iterator[Engine]:
    from shared.database import database_url, engine_for

    engine = engine_for(database_url(settings), "scoring")
    try:
        yield engine
    finally:
        engine.dispose()
