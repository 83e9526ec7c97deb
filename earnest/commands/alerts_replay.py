"""`earnest alerts replay`: the alerts of some dates anew from the log, beside those that the running service holds."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from earnest.commands import Actor
from earnest.commands.alerts import alerts
from earnest.terminal import print_table

if TYPE_CHECKING:
    from services.alerts.replay import Compared, Replay

EVALUATED_WITHIN = 60.0
"""Seconds in which the running service has evaluated what it has counted."""


@alerts.command()
def replay(
    first: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="The first date.")],
    last: Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="The last date.")],
    who: Actor = "ops",
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for programs.")] = False,
) -> None:
    """Find the alerts of some dates again, from the log; exit code 1 where the running service holds others.

    Waits until the services have worked off what they were sent. Changes nothing: what is counted again is dropped.
    """
    from earnest.client import connected
    from earnest.commands.alerts_kpis import OTHER_FILES
    from earnest.local.drain import wait_until_drained
    from earnest.local.home import Home
    from earnest.local.processes import LocalError
    from services.alerts.kpis import load
    from services.alerts.replay import compared, in_words
    from services.alerts.replay import replay as replayed_from
    from shared.database import database_url, engine_for
    from shared.log.open import open_log

    if first > last:
        raise typer.BadParameter("the first date comes after the last one")
    settings = Home.current().settings()
    catalogue = load(settings.kpis_dir)
    if connected().get("/v1/kpis", who=who, service="alerts")["catalogue"] != catalogue.hash:
        raise LocalError(f"the log is read by the KPIs of now. {OTHER_FILES}")
    wait_until_drained(settings, lambda _: None)
    log = open_log(settings)
    engine = engine_for(database_url(settings), "alerts", pool_size=2)
    try:
        found = replayed_from(
            engine, log, catalogue=catalogue, zone=settings.zone, first=first.date(), last=last.date()
        )
        # What is counted is evaluated a moment later.
        beside = _settled(lambda: compared(engine, found))
    finally:
        engine.dispose()
        log.close()
    if as_json:
        import orjson

        typer.echo(orjson.dumps(_as_data(found, beside), option=orjson.OPT_INDENT_2))
    else:
        from rich.table import Table

        table = Table("date", "", "of", "began about", "", "score", "rule")
        for move in found.moves:
            of = move.episode
            when, figures = (str(move.day), move.what), (of.direction, f"{of.score:.1f}", of.rule)
            table.add_row(*when, in_words(move.subject), str(of.onset), *figures)
        print_table(table, "No alert opens or closes.")
        so_far = ", as far as they can be compared" if beside.not_compared else ""
        same = f"The running service holds the same alerts{so_far}."
        typer.echo("\n".join([*(beside.differences or [same]), *beside.not_compared]))
    raise typer.Exit(1 if beside.differences else 0)


def _settled(look: Callable[[], Compared]) -> Compared:
    until = time.monotonic() + EVALUATED_WITHIN
    while (found := look()).differences and time.monotonic() < until:
        time.sleep(1)
    return found


def _as_data(found: Replay, beside: Compared) -> dict[str, Any]:
    moves = [
        {
            "date": move.day,
            "what": move.what,
            **move.subject._asdict(),
            "detected_on": move.episode.detected_on,
            "onset": move.episode.onset,
            "direction": move.episode.direction,
            "score": move.episode.score,
            "rule": move.episode.rule,
            "recovered_on": move.episode.recovered_on,
        }
        for move in found.moves
    ]
    dates = {"from": found.first, "to": found.last, "as_of": found.as_of}
    return {**dates, "moves": moves, **beside._asdict()}
