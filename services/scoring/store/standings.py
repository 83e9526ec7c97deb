"""Standings: one row per participant and period."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl
from sqlalchemy import Connection

from services.scoring.standings import STANDINGS, sums_of
from services.scoring.store.statements import SPLIT, execute, fetch, lines
from shared.kernel import PlanSet
from shared.kernel.idle_months import Months

_PAIR = {name: STANDINGS[name] for name in ("participant_id", "period")}


def periods_of(connection: Connection, participant_ids: Sequence[str]) -> pl.DataFrame:
    """participant_id and period of every standing of these participants."""
    query = "select participant_id, period from standing where participant_id = any(%s::text[])"
    rows = fetch(connection, query, list(participant_ids)) if participant_ids else []
    return pl.DataFrame(rows, schema=_PAIR, orient="row")


def reached(connection: Connection, pairs: pl.DataFrame, people: set[str], plans: PlanSet) -> pl.DataFrame:
    """Those participants and periods, and the others whose earnings hang together with theirs.

    Where a plan compares participants with each other these are the others of the period, and where more than the credits of a
    month decides what it pays, all periods of everyone concerned: of everyone, where both is so.
    """
    found = [pairs]
    if plans.grouped and not plans.by_month:
        rows = fetch(connection, "select participant_id, period from standing")
        found.append(pl.DataFrame(rows, schema=_PAIR, orient="row"))
    elif plans.grouped:
        query = "select participant_id, period from standing where period = any(%s::text[])"
        rows = fetch(connection, query, pairs["period"].unique().to_list())
        found.append(pl.DataFrame(rows, schema=_PAIR, orient="row"))
    elif not plans.by_month:
        found.append(periods_of(connection, sorted(people.union(*(each["participant_id"] for each in found)))))
    return pl.concat(found).unique()


def alone(connection: Connection, plans: PlanSet) -> Months | None:
    """Let nobody else earn until the transaction ends; the first and the last month in which anyone has a credit."""
    execute(connection, "select pg_advisory_xact_lock(hashtext('earn together'))")
    return months(connection, plans)


def months(connection: Connection, plans: PlanSet) -> Months | None:
    """The first and the last month in which anyone has a credit."""
    [(first, last)] = fetch(connection, "select min(period), max(period) from standing where sums <> '[]'")
    if first is None or not plans.in_weeks:
        return None if first is None else Months(first, last)
    query = f"select {', '.join(STANDINGS)} from standing where period = any(%s::text[])"
    rows = fetch(connection, query, [first, last])
    return Months.of(sums_of(pl.DataFrame(rows, schema=STANDINGS, orient="row")), plans)


def hold(connection: Connection, pairs: pl.DataFrame) -> pl.DataFrame:
    """The `STANDINGS` of these participants and periods that exist, locked until the transaction ends."""
    rows = fetch(connection, _HOLD, lines(pairs["participant_id"]), lines(pairs["period"]))
    return pl.DataFrame(rows, schema=STANDINGS, orient="row")


def save(connection: Connection, standings: pl.DataFrame) -> None:
    """Write the `STANDINGS`, whether new or not."""
    execute(connection, _SAVE, *(lines(standings[name].cast(pl.String)) for name in STANDINGS))


# Everybody locks standings in this order.
_HOLD = f"""
    select {", ".join(STANDINGS)} from standing
    where (participant_id, period) in (select * from unnest({SPLIT}, {SPLIT}))
    order by participant_id, period for update"""

_SAVE = f"""
    insert into standing ({", ".join(STANDINGS)})
    select participant_id, period, sums, revision::bigint, earnings
    from unnest({", ".join([SPLIT] * len(STANDINGS))}) s({", ".join(STANDINGS)})
    on conflict (participant_id, period) do update set
        sums = excluded.sums, revision = excluded.revision, earnings = excluded.earnings"""
