"""Participants' sums and earnings as stored: one row per participant and month, in the table `participant_sums`."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl
from sqlalchemy import Connection

from services.scoring.earn.participant_sums import PARTICIPANT_SUMS, sums_of
from services.scoring.store import IS_SOME, SPLIT, execute, fetch, fetch_table, joined, some
from shared.kernel import PlanSet
from shared.kernel.idle_months import Months
from shared.periods import Month

_COLUMNS = ", ".join(PARTICIPANT_SUMS)
_PAIRS = "select participant_id, period from participant_sums"
_PAIR = {name: PARTICIPANT_SUMS[name] for name in ("participant_id", "period")}


def periods_of(connection: Connection, participant_ids: Sequence[str]) -> pl.DataFrame:
    """participant_id and period of every month in which one of these participants has sums or earnings."""
    if not participant_ids:
        return pl.DataFrame(schema=_PAIR)
    return fetch_table(
        connection, f"{_PAIRS} where participant_id = any(%s::text[])", list(participant_ids), schema=_PAIR
    )


def every_period(connection: Connection) -> pl.DataFrame:
    """participant_id and period of everyone's months with sums or earnings."""
    return fetch_table(connection, _PAIRS, schema=_PAIR)


def reached(connection: Connection, pairs: pl.DataFrame, *, people: set[str], plans: PlanSet) -> pl.DataFrame:
    """Those participants and periods, and the others that earn by what these earn.

    Where a plan compares participants with each other, or pays on others' pay, these are the others of the period, and
    where more than the credits of a month decides what it pays, all periods of everyone concerned: of everyone, where
    both is so.
    """
    if plans.grouped and not plans.by_month:
        others = every_period(connection)
    elif plans.grouped:
        periods = pairs["period"].unique().to_list()
        others = fetch_table(connection, f"{_PAIRS} where period = any(%s::text[])", periods, schema=_PAIR)
    elif not plans.by_month:
        others = periods_of(connection, sorted(people | {*pairs["participant_id"]}))
    else:
        return pairs.unique()
    return pl.concat([pairs, others]).unique()


def lock_everyone(connection: Connection) -> None:
    """Let nobody else earn what is compared, or paid without a credit, until the transaction ends."""
    # Not by rows: what such plans look at are also the rows that are not there yet, and those cannot be locked.
    execute(connection, "select pg_advisory_xact_lock(hashtext('earn together'))")


def months(connection: Connection, plans: PlanSet) -> Months | None:
    """The first and the last month in which anyone has a credit."""
    [(first, last)] = fetch(connection, "select min(period), max(period) from participant_sums where sums <> '[]'")
    if first is None or not plans.in_weeks:
        return None if first is None else Months(first, last)
    query = f"select {_COLUMNS} from participant_sums where period = any(%s::text[])"
    return Months.of(sums_of(fetch_table(connection, query, [first, last], schema=PARTICIPANT_SUMS)), plans)


def lock(connection: Connection, pairs: pl.DataFrame) -> pl.DataFrame:
    """The `PARTICIPANT_SUMS` of these participants and periods that exist, locked until the transaction ends."""
    return _of_pairs(connection, _LOCK, pairs=pairs)


def save(connection: Connection, rows: pl.DataFrame) -> None:
    """Write `PARTICIPANT_SUMS`, whether new or not."""
    execute(connection, _SAVE, *(joined(rows[name].cast(pl.String)) for name in PARTICIPANT_SUMS))


def of_participant(connection: Connection, participant_id: str, *, period: Month | None) -> pl.DataFrame:
    """A participant's `PARTICIPANT_SUMS`, of one period or of all, by period."""
    return fetch_table(connection, _OF_PARTICIPANT, participant_id, period, period, schema=PARTICIPANT_SUMS)


def of_pairs(connection: Connection, pairs: pl.DataFrame) -> pl.DataFrame:
    """The `PARTICIPANT_SUMS` of these participants and periods that exist."""
    return _of_pairs(connection, _OF_PAIRS, pairs=pairs)


def _of_pairs(connection: Connection, query: str, *, pairs: pl.DataFrame) -> pl.DataFrame:
    participants, periods = joined(pairs["participant_id"]), joined(pairs["period"])
    return fetch_table(connection, query, participants, periods, schema=PARTICIPANT_SUMS)


def of_month(
    connection: Connection, period: Month, *, before: bool = False, participants: Sequence[str] | None = None
) -> pl.DataFrame:
    """The `PARTICIPANT_SUMS` of a month, with `before` also those of all months before it; of everyone or of some."""
    query = f"""
        select {_COLUMNS} from participant_sums
        where period {"<=" if before else "="} %s and {IS_SOME}
        order by participant_id, period"""
    return fetch_table(connection, query, period, *some(participants), schema=PARTICIPANT_SUMS)


def is_participant(connection: Connection, participant_id: str) -> bool:
    """Whether the roster knows the participant, or anything was ever credited to or earned by them."""
    return bool(fetch(connection, _IS_PARTICIPANT, participant_id, participant_id)[0][0])


_OF_PAIRS = f"""
    select {_COLUMNS} from participant_sums
    where (participant_id, period) in (select * from unnest({SPLIT}, {SPLIT}))"""

# Everybody locks these rows in this order, so that steps side by side cannot wait for each other in a circle.
_LOCK = f"{_OF_PAIRS} order by participant_id, period for update"

_SAVE = f"""
    insert into participant_sums ({_COLUMNS})
    select participant_id, period, sums, revision::bigint, earnings
    from unnest({", ".join([SPLIT] * len(PARTICIPANT_SUMS))}) s({_COLUMNS})
    on conflict (participant_id, period) do update set
        sums = excluded.sums, revision = excluded.revision, earnings = excluded.earnings"""

_OF_PARTICIPANT = f"""
    select {_COLUMNS} from participant_sums
    where participant_id = %s and (%s::text is null or period = %s) order by period"""

_IS_PARTICIPANT = """
    select exists (select 1 from participant where participant_id = %s)
        or exists (select 1 from participant_sums where participant_id = %s)"""
