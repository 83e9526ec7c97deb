"""The lines of pay that a run looks at, of the same moment as the ledger; and what payment terms look at in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from time import sleep

import polars as pl
from sqlalchemy import Connection

from services.payout.errors import NotSettled
from services.payout.lines import LineSource
from services.payout.runs import store_balances as positions
from services.payout.runs.snapshot import again
from shared.contracts.lines import empty
from shared.pay.lines import months_wanted
from shared.pay.snapshot import World

ATTEMPTS = 12
PAUSE = timedelta(milliseconds=250)
"""Between attempts: what scoring has published is booked a moment later."""


def with_lines(connection: Connection, world: World, source: LineSource) -> tuple[World, pl.DataFrame]:
    """The lines of everything in the run's scope, and the world that they fit.

    The stream goes on meanwhile: whoever's earnings moved between looking at the ledger and at the lines is looked at again, until both
    are of one moment for each. Who was looked at soundly is not looked at again, however the stream goes on: it never ends.
    """
    kept, waiting = [empty()], frozenset(world.people)
    for _ in range(ATTEMPTS):
        wanted = _wanted(connection, world, waiting)
        tables = [source.of(month, sorted(who)) for month, who in sorted(wanted.items())]
        moved = _moved(connection, world, waiting, wanted, tables)
        kept += [table.filter(~pl.col("participant_id").is_in(list(moved))) for table in tables]
        if not moved:
            return world, pl.concat(kept)
        sleep(PAUSE.total_seconds())
        world, waiting = again(connection, world, sorted(moved)), moved
    raise NotSettled(waiting, world.run.month)


def _wanted(connection: Connection, world: World, who: frozenset[str]) -> dict[str, set[str]]:
    earners = positions.open_earners(connection, world.people, world.closed or "", world.run.month)
    return months_wanted(world, who, earners)


def _moved(
    connection: Connection,
    world: World,
    looked_at: frozenset[str],
    wanted: Mapping[str, set[str]],
    tables: Sequence[pl.DataFrame],
) -> frozenset[str]:
    """Who of those looked at is not the same in the ledger, in the lines, and in the ledger of before."""
    entries = positions.entries(connection, looked_at)
    moved = {who for who in looked_at if entries.get(who, 0) != world.entries.get(who, 0)}
    for (month, who), table in zip(sorted(wanted.items()), tables, strict=True):
        booked = positions.revisions(connection, month, sorted(who))
        given = {
            participant: revision
            for participant, revision, settled in table.select("participant_id", "revision", "settled").iter_rows()
            if settled
        }
        moved |= {participant for participant in who if booked.get(participant) != given.get(participant)}
    return frozenset(moved)
