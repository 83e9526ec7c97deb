"""What a run is calculated from, looked at without a lock: the ledger in short snapshots, and scoring while none is
open.

Asking scoring takes as long as scoring takes, minutes for a large company. Meanwhile no transaction is open: a lock on
the run would keep everybody from it, an open snapshot would keep the database from cleaning up and is ended after a
minute. So ledger and lines are not of one moment by construction; `_moved` proves that they are, participant by
participant.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import partial
from time import sleep
from typing import Final

import polars as pl
from sqlalchemy import Connection

from services.payout.deps import Dependencies
from services.payout.errors import NotSettled
from services.payout.runs import store_balances as balances
from services.payout.runs import store_record
from services.payout.runs.calculation import RunInputs, corrected_deals, corrected_months, deals_to_ask
from services.payout.runs.service.snapshot import load, reload
from shared.contracts.lines import each_line, empty
from shared.pay.lines import months_wanted
from shared.pay.run import Run
from shared.pay.snapshot import RunSnapshot
from shared.periods import Month

ATTEMPTS: Final = 12
PAUSE: Final = timedelta(milliseconds=250)
"""Between attempts: what scoring has published is booked a moment later."""


def gather(deps: Dependencies, run: Run) -> RunInputs:
    """Everything that a run is calculated from, as things stand.

    Raises:
        NotSettled: what scoring says is earned is not what is booked, because it is still on its way.
        Unavailable: scoring does not answer.
    """
    # Asked first: whoever is quarantined after that is found by lines that are not settled, and waited for.
    quarantined, paid_less = deps.deals.quarantined(), deps.deals.paid_less(run.ends)
    with deps.snapshot.connect() as connection:
        snapshot = load(connection, run, quarantined=quarantined, paid_less=paid_less)
    snapshot, lines = _with_lines(deps, snapshot)
    with deps.snapshot.connect() as connection:
        before, looked_at = _when_paid(connection, corrected_months(snapshot))
    corrected = corrected_deals(before, looked_at, lines=lines)
    return RunInputs(
        snapshot=snapshot,
        lines=lines,
        corrected=corrected,
        facts=deps.deals.facts(sorted(deals_to_ask(snapshot, corrected))),
        uncredited=deps.deals.uncredited(run.month),
        remarks=deps.deals.remarks(run.month),
    )


def _with_lines(deps: Dependencies, snapshot: RunSnapshot) -> tuple[RunSnapshot, pl.DataFrame]:
    """The lines of everything in the run's scope, and the snapshot that they fit.

    The stream goes on meanwhile: whoever's earnings moved between looking at the ledger and at the lines is looked at
    again, until both are of one moment for each. Who was looked at soundly is not looked at again, however the stream
    goes on: it never ends.
    """
    kept, waiting = [empty()], frozenset(snapshot.people)
    for _ in range(ATTEMPTS):
        with deps.snapshot.connect() as connection:
            earners = balances.open_earners(
                connection, snapshot.people, closed=snapshot.closed, month=snapshot.run.month
            )
        wanted = months_wanted(snapshot, waiting, open_earners=earners)
        tables = [deps.lines.of(month, sorted(who)) for month, who in sorted(wanted.items())]
        with deps.snapshot.connect() as connection:
            moved = _moved(connection, snapshot, looked_at=waiting, wanted=wanted, tables=tables)
        # Keyed by participant: of whoever moved nothing of this attempt is kept, so that no line comes twice.
        kept += [table.filter(~pl.col("participant_id").is_in(list(moved))) for table in tables]
        if not moved:
            return snapshot, pl.concat(kept)
        sleep(PAUSE.total_seconds())
        with deps.snapshot.connect() as connection:
            snapshot = reload(connection, snapshot, who=sorted(moved))
        waiting = moved
    raise NotSettled(waiting, snapshot.run.month)


def _moved(
    connection: Connection,
    snapshot: RunSnapshot,
    *,
    looked_at: frozenset[str],
    wanted: Mapping[Month, set[str]],
    tables: Sequence[pl.DataFrame],
) -> frozenset[str]:
    """Who of those looked at is not the same in the ledger, in the lines, and in the ledger of before.

    Journals are only ever added: as many as before are the same as before. So a participant has not moved between the
    snapshot and now, and the lines, which were asked for in between, are of that time if they are of the revision that
    is booked.
    """
    counts = balances.journal_counts(connection, looked_at)
    moved = {who for who in looked_at if counts.get(who, 0) != snapshot.journal_counts.get(who, 0)}
    for (month, who), table in zip(sorted(wanted.items()), tables, strict=True):
        booked = balances.revisions(connection, sorted(who), period=month)
        # A line that is not settled is one that scoring is about to publish anew.
        given = {
            participant: revision
            for participant, revision, settled in table.select("participant_id", "revision", "settled").iter_rows()
            if settled
        }
        moved |= {participant for participant in who if booked.get(participant) != given.get(participant)}
    return frozenset(moved)


def _when_paid(
    connection: Connection, corrected: Mapping[Month, set[str]]
) -> tuple[pl.DataFrame, dict[tuple[str, Month], str]]:
    """The lines that a run last looked at, of whoever's closed months were corrected; and which run that was, by
    participant and month.
    """
    lines_of = partial(store_record.earned_lines, connection, column="lines")
    tables, looked_at = [each_line(empty())], dict[tuple[str, Month], str]()
    for month, everybody in sorted(corrected.items()):
        runs = store_record.runs_that_looked_at(connection, month)
        for run, lines in store_record.last_looked_at(runs, lines_of, month=month, participants=everybody):
            tables.append(each_line(lines))
            looked_at.update(((who, month), run) for who in lines["participant_id"])
    return pl.concat(tables), looked_at
