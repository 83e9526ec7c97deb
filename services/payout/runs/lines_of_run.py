"""The lines of pay that a run looks at, of the same moment as the ledger; and what payment terms look at in them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from time import sleep

import polars as pl
from sqlalchemy import Connection

from services.payout.lines import LineSource
from services.payout.refusals import NotSettled
from services.payout.runs.world import World, again
from services.payout.store import positions
from services.payout.store.positions import Owed
from services.payout.terms.release import Collection, LineFacts
from shared.contracts.lines import empty

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


def months_wanted(world: World, who: frozenset[str], open_earners: Iterable[tuple[str, str]]) -> dict[str, set[str]]:
    """Whose lines of which months: what no run has looked at, what is still held, and all of months that are not closed, of which a run
    that ended within them looked at a part: `open_earners` are the months with whoever earned in them.
    """
    wanted: dict[str, set[str]] = {}
    for (participant, _), fresh in world.fresh.items():
        for each in fresh:
            if each.kind == "earning":
                wanted.setdefault(each.origin, set()).add(participant)
    for (participant, _), held in world.held.items():
        for whose in held:
            wanted.setdefault(whose.period, set()).add(participant)
    for month, participant in open_earners:
        wanted.setdefault(month, set()).add(participant)
    return {month: mine for month, everybody in wanted.items() if (mine := everybody & who)}


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


def summed(lines: pl.DataFrame) -> dict[Owed, int]:
    """The amounts of lines by participant and currency, in minor units."""
    sums = lines.group_by("participant_id", "currency").agg(pl.col("amount").sum())
    return {(who, currency): amount for who, currency, amount in sums.iter_rows()}


def line_facts(world: World, lines: pl.DataFrame) -> dict[Owed, list[LineFacts]]:
    """The lines of whoever's pay may be held: by their terms, by a hold, or because some of it is."""
    documents = world.terms(world.run.ends)
    everybody = any(each.release for each in documents) or any(hold.scope != "participant" for hold in world.holds)
    who = set(world.people) if everybody else {hold.subject for hold in world.holds} | {who for who, _ in world.held}
    found: dict[Owed, list[LineFacts]] = {}
    if not who:
        return found
    mine = lines.filter(pl.col("participant_id").is_in(list(who)))
    of_one = mine.group_by(*_ONE_LINE, maintain_order=True).agg(pl.col("amount").sum(), pl.col(_DEAL_FACTS).first())
    for *key, amount, booked_on, deal_amount, payments, refunds, started_on in of_one.iter_rows():
        participant_id, currency, period, component, plan, version, deal_id = key
        paid, given_back = (Collection.all_of(each) for each in (payments, refunds))
        line = (participant_id, period, component, plan, version, deal_id, currency, amount)
        found.setdefault((participant_id, currency), []).append(
            LineFacts(*line, booked_on, deal_amount, paid, given_back, started_on)
        )
    return found


_ONE_LINE = ["participant_id", "currency", "period", "component", "plan", "version", "deal_id"]
_DEAL_FACTS = ["credit_date", "deal_amount", "payments", "refunds", "start_date"]
