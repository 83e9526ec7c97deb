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
from shared.pay.snapshot import RunSnapshot

ATTEMPTS = 12
PAUSE = timedelta(milliseconds=250)
"""Between attempts: what scoring has published is booked a moment later."""


def with_lines(connection: Connection, snapshot: RunSnapshot, source: LineSource) -> tuple[RunSnapshot, pl.DataFrame]:
    """The lines of everything in the run's scope, and the snapshot that they fit.

    The stream goes on meanwhile: whoever's earnings moved between looking at the ledger and at the lines is looked at again, until both
    are of one moment for each. Who was looked at soundly is not looked at again, however the stream goes on: it never ends.
    """
    kept, waiting = [empty()], frozenset(snapshot.people)
    for _ in range(ATTEMPTS):
        wanted = _wanted(connection, snapshot, waiting)
        tables = [source.of(month, sorted(who)) for month, who in sorted(wanted.items())]
        moved = _moved(connection, snapshot, waiting, wanted, tables)
        kept += [table.filter(~pl.col("participant_id").is_in(list(moved))) for table in tables]
        if not moved:
            return snapshot, pl.concat(kept)
        sleep(PAUSE.total_seconds())
        snapshot, waiting = again(connection, snapshot, sorted(moved)), moved
    raise NotSettled(waiting, snapshot.run.month)


def _wanted(connection: Connection, snapshot: RunSnapshot, who: frozenset[str]) -> dict[str, set[str]]:
    earners = positions.open_earners(connection, snapshot.people, snapshot.closed or "", snapshot.run.month)
    return months_wanted(snapshot, who, earners)


def _moved(
    connection: Connection,
    snapshot: RunSnapshot,
    looked_at: frozenset[str],
    wanted: Mapping[str, set[str]],
    tables: Sequence[pl.DataFrame],
) -> frozenset[str]:
    """Who of those looked at is not the same in the ledger, in the lines, and in the ledger of before."""
    entries = positions.entries(connection, looked_at)
    moved = {who for who in looked_at if entries.get(who, 0) != snapshot.journal_counts.get(who, 0)}
    for (month, who), table in zip(sorted(wanted.items()), tables, strict=True):
        booked = positions.revisions(connection, month, sorted(who))
        given = {
            participant: revision
            for participant, revision, settled in table.select("participant_id", "revision", "settled").iter_rows()
            if settled
        }
        moved |= {participant for participant in who if booked.get(participant) != given.get(participant)}
    return frozenset(moved)
