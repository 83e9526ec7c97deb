"""Standings: one row per participant and period."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl
from sqlalchemy import Connection

from services.scoring.standings import STANDINGS
from services.scoring.store.statements import SPLIT, execute, fetch, lines
from shared.kernel import PlanSet

_PAIR = {name: STANDINGS[name] for name in ("participant_id", "period")}


def periods_of(connection: Connection, participant_ids: Sequence[str]) -> pl.DataFrame:
    """participant_id and period of every standing of these participants."""
    query = "select participant_id, period from standing where participant_id = any(%s::text[])"
    rows = fetch(connection, query, list(participant_ids)) if participant_ids else []
    return pl.DataFrame(rows, schema=_PAIR, orient="row")


def reached(connection: Connection, pairs: pl.DataFrame, plans: PlanSet) -> pl.DataFrame:
    """Those participants and periods, and the others whose earnings hang on them: other periods of a window, others on a plan.

    Where participants are compared with each other, nobody else may earn until the transaction ends.
    """
    if pairs.is_empty() or (plans.by_month and not plans.grouped):
        return pairs
    found = [pairs]
    if plans.grouped:
        execute(connection, "select pg_advisory_xact_lock(hashtext('earn together'))")
        query = "select participant_id, period from standing where period = any(%s::text[])"
        rows = fetch(connection, query, pairs["period"].unique().to_list())
        found.append(pl.DataFrame(rows, schema=_PAIR, orient="row"))
    everyone = pl.concat(found)["participant_id"].unique().sort().to_list()
    return (
        pl.concat([*found, periods_of(connection, everyone)]).unique()
        if not plans.by_month
        else pl.concat(found).unique()
    )


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
