"""Deals with their facts and credits, one row each, and what is remembered of those that credit no longer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

import orjson
import polars as pl
from sqlalchemy import Connection

from services.scoring.credit.deals import STORED
from services.scoring.store import SPLIT, execute, fetch, fetch_table, joined

_TAB = "\t"  # separates ids, which hold none


def lock(connection: Connection, deal_ids: Iterable[str]) -> pl.DataFrame:
    """Those of the deals that exist, as `STORED`, locked until the transaction ends.

    New deals are locked by nothing: all patches of a deal come from one partition, which one worker reads at a time,
    and the comparison of positions rolls back whoever was not that one.
    """
    return fetch_table(connection, _LOCK, joined(deal_ids), schema=STORED)


def save(connection: Connection, deals: pl.DataFrame) -> None:
    """Write `STORED` deals, whether new or not."""
    texts = deals.with_columns(pl.col("sharers").list.join(_TAB)).cast(pl.String)
    execute(connection, _SAVE, *(joined(texts[name]) for name in STORED))


def save_lost(connection: Connection, lost: pl.DataFrame, *, holders: pl.DataFrame) -> None:
    """Remember which deals (period, participant_id, deal_id), and whose (period, participant_id, holder), credit a
    participant in a month no longer.
    """
    if lost.height:
        execute(connection, _SAVE_LOST, *(joined(lost[name]) for name in ("period", "participant_id", "deal_id")))
    if holders.height:
        columns = ("period", "participant_id", "holder")
        execute(connection, _SAVE_LOST_HOLDERS, *(joined(holders[name]) for name in columns))


def save_taken_back(connection: Connection, deals: Iterable[str]) -> None:
    """Remember of which deals a payment was taken back."""
    if names := list(deals):
        execute(
            connection, f"insert into taken_back select * from unnest({SPLIT}) on conflict do nothing", joined(names)
        )


def save_moved(connection: Connection, deals: Iterable[str]) -> None:
    """Remember of deals that leave their account that the payments of that account are taken back; asked before they
    are saved.
    """
    query = f"""
        insert into taken_back select deal_id from deal where deal_id = any({SPLIT}) and allocated is not null
        on conflict do nothing"""
    execute(connection, query, joined(deals))


def accounts_with_payments(connection: Connection, accounts: Iterable[str]) -> list[str]:
    """Those of the accounts that have payments; asked after their deals are saved.

    Whoever keeps a new payment waits until this transaction ends (`allocation.store.hold_off_crediting`), and whoever
    asks this waits for them: of a deal and a payment that come at once, the later sees the earlier.
    """
    execute(connection, "lock table account_payment in row share mode")
    query = f"select distinct account from account_payment where account = any({SPLIT}) order by 1"
    return [account for (account,) in fetch(connection, query, joined(accounts))]


def held_since(connection: Connection, since: Mapping[str, date], *, everything: date | None) -> list[str]:
    """The deals that these participants hold, alone or with others, closed on or after the date that is given for each.

    With `everything` all deals closed on or after that date, whoever holds them.
    """
    if everything is not None:
        query = "select deal_id from deal where close_date >= %s order by deal_id"
        return [deal_id for (deal_id,) in fetch(connection, query, min(everything, *since.values(), everything))]
    if not since:
        return []
    holders = list(since)
    rows = fetch(connection, _HELD_SINCE, holders, list(since.values()), holders, min(since.values()))
    return [deal_id for (deal_id,) in rows]


def crediting(
    connection: Connection, participant_id: str, *, holders: Iterable[str], first: date, last: date
) -> pl.DataFrame:
    """deal_id, close_date and credits of the deals of these holders that credit a participant, closed from first to
    last.
    """
    those = list(holders)
    begin = f'["{participant_id}",'
    return fetch_table(connection, _CREDITING, those, first, last, those, first, last, begin, schema=_CREDITS)


def crediting_ever(connection: Connection, participant_id: str) -> pl.DataFrame:
    """deal_id, close_date and credits of all deals that credit a participant."""
    # No index: it is asked for where plans credit whom no holder leads to, by a person who reads one explanation.
    query = "select deal_id, close_date, credits from deal where strpos(credits, %s) > 0"
    return fetch_table(connection, query, f'["{participant_id}",', schema=_CREDITS)


def crediting_anyone(connection: Connection) -> pl.DataFrame:
    """deal_id, close_date and credits of all deals that credit anyone."""
    return fetch_table(
        connection, "select deal_id, close_date, credits from deal where credits <> '[]'", schema=_CREDITS
    )


def deals(connection: Connection, deal_ids: Iterable[str]) -> pl.DataFrame:
    """Those of the deals that exist, as `STORED`, with what is allocated to them among their facts, by id."""
    query = f"select {_COLUMNS} from paid_deal where deal_id = any({SPLIT}) order by deal_id"
    return fetch_table(connection, query, joined(deal_ids), schema=STORED)


def taken_back(connection: Connection) -> pl.DataFrame:
    """deal_id and facts of deals of which a payment was ever taken back, by id."""
    query = "select deal_id, facts from taken_back join paid_deal using (deal_id) order by deal_id"
    return fetch_table(connection, query, schema=_of("deal_id", "facts"))


def uncredited(
    connection: Connection, after: str, *, limit: int, reason: str | None, closed: tuple[date, date] | None = None
) -> pl.DataFrame:
    """deal_id and uncredited of deals that credit not everyone they should, in the order of their ids, after an id.

    With `closed` only deals closed from its first to its last day, and those without a close date, which are in no
    month.
    """
    first, last = closed or (None, None)
    # The reason stands between two others in its row (`row_codec`), so with its quotes and commas it is nothing else.
    written = f",{orjson.dumps(reason).decode()},"
    schema = _of("deal_id", "uncredited")
    return fetch_table(connection, _UNCREDITED, after, reason, written, first, first, last, limit, schema=schema)


def closing_after(connection: Connection, day: date) -> pl.DataFrame:
    """deal_id and close_date of deals that close after a day."""
    query = "select deal_id, close_date from deal where close_date > %s"
    return fetch_table(connection, query, day, schema=_of("deal_id", "close_date"))


def _of(*columns: str) -> dict[str, pl.DataType]:
    return {name: STORED[name] for name in columns}


_COLUMNS = ", ".join(STORED)
_CREDITS = _of("deal_id", "close_date", "credits")


# Everybody locks deals by their ids, so that crediting and crediting again cannot wait for each other in a circle.
_LOCK = f"""
    select {_COLUMNS} from deal where deal_id = any({SPLIT}) order by deal_id for update"""

_SAVE = f"""
    insert into deal ({_COLUMNS})
    select deal_id, version::bigint, close_date::date, owner, string_to_array(sharers, chr(9)), facts, credits,
        uncredited, account
    from unnest({", ".join([SPLIT] * len(STORED))}) d({_COLUMNS})
    on conflict (deal_id) do update set
        {", ".join(f"{name} = excluded.{name}" for name in STORED if name != "deal_id")},
        allocated = case when deal.account is not distinct from excluded.account then deal.allocated end"""

_SAVE_LOST = f"""
    insert into lost_credit (period, participant_id, deal_id)
    select * from unnest({SPLIT}, {SPLIT}, {SPLIT}) on conflict do nothing"""

_SAVE_LOST_HOLDERS = f"""
    insert into lost_holder (period, participant_id, holder)
    select * from unnest({SPLIT}, {SPLIT}, {SPLIT}) on conflict do nothing"""

# An index over owner and date serves the first part. For sharers the earliest date does for all: too much is harmless.
_HELD_SINCE = """
    select deal_id from unnest(%s::text[], %s::date[]) h(holder, since)
    join deal on deal.owner = h.holder and deal.close_date >= h.since
    union
    select deal_id from deal where sharers && %s::text[] and close_date >= %s
    order by deal_id"""

# Found by holders, for whom there are indexes. Each row of `credits` begins with who is credited: the rest is a search
# of text.
_CREDITING = """
    with held as (
        select deal_id, close_date, credits from deal where owner = any(%s::text[]) and close_date between %s and %s
        union all
        select deal_id, close_date, credits from deal where sharers && %s::text[] and close_date between %s and %s
    )
    select deal_id, close_date, credits from held where strpos(credits, %s) > 0"""

_UNCREDITED = """
    select deal_id, uncredited from deal
    where uncredited <> '[]' and deal_id > %s and (%s::text is null or strpos(uncredited, %s) > 0)
      and (%s::date is null or close_date is null or close_date between %s and %s)
    order by deal_id limit %s"""
