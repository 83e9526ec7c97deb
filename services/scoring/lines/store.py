"""Deals as the lines of a month need them: those that credit anyone, page by page, and those that no longer do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Final

import polars as pl
from sqlalchemy import Connection

from services.scoring.facts_codec import unpack
from services.scoring.store import IS_SOME, SPLIT, fetch, fetch_table, joined, some
from shared.facts import Facts
from shared.periods import Month
from shared.reader import driver

PAGE: Final = 25_000
"""Deals that are in memory as text at once, some kilobytes each."""

_DEALS: Final = {
    "deal_id": pl.String(),
    "close_date": pl.Date(),
    "owner": pl.String(),
    "sharers": pl.List(pl.String()),
    "credits": pl.String(),
    "facts": pl.String(),
}
_COLUMNS: Final = ", ".join(_DEALS)


def lost(connection: Connection, since: Month, *, period: Month, participants: Sequence[str] | None) -> pl.DataFrame:
    """participant_id, period, deal_id, and the facts of a deal that credited them in it and no longer does.

    Of the months from `since` to `period`; of everyone (None) or of some.
    """
    query = _LOST.format("deal_id, facts", "lost_credit join paid_deal using (deal_id)")
    schema = dict.fromkeys(("participant_id", "period", "deal_id", "facts"), pl.String)
    return fetch_table(connection, query, since, period, *some(participants), schema=schema)


def lost_holders(
    connection: Connection, since: Month, *, period: Month, participants: Sequence[str] | None
) -> pl.DataFrame:
    """participant_id, period, and holder: whose deals credited them in it and no longer do."""
    schema = dict.fromkeys(("participant_id", "period", "holder"), pl.String)
    query = _LOST.format("holder", "lost_holder")
    return fetch_table(connection, query, since, period, *some(participants), schema=schema)


def facts_of(connection: Connection, deals: Iterable[str]) -> dict[str, Facts]:
    """The facts of deals."""
    rows = fetch(connection, f"select deal_id, facts from paid_deal where deal_id = any({SPLIT})", joined(deals))
    return {deal_id: unpack(facts) for deal_id, facts in rows}


def deals_of(connection: Connection, holders: Iterable[str], *, first: date, last: date) -> Iterator[pl.DataFrame]:
    """Pages of the deals of these holders that credit anyone, closed from first to last."""
    those = joined(holders)
    return _ahead(_pages(connection, _OF_HOLDERS, those, those, first, last))


def all_deals(connection: Connection) -> Iterator[pl.DataFrame]:
    """Pages of all deals that credit anyone."""
    return _ahead(_pages(connection, f"select {_COLUMNS} from paid_deal where credits <> '[]'"))


def _ahead(pages: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """The pages, each fetched while the one before is worked on. Nobody else may use the connection meanwhile."""
    # One page ahead and no more: memory is bounded by two of them.
    with ThreadPoolExecutor(1) as fetching:
        coming = fetching.submit(next, pages, None)
        while (page := coming.result()) is not None:
            coming = fetching.submit(next, pages, None)
            yield page


def _pages(connection: Connection, query: str, *parameters: object) -> Iterator[pl.DataFrame]:
    raw = driver(connection)
    with raw.cursor("lines", binary=True) as cursor:  # named: the rows stay in the database until they are asked for
        cursor.execute(query.encode(), parameters or None)
        while rows := cursor.fetchmany(PAGE):
            columns = zip(*rows, strict=True)
            yield pl.DataFrame(
                [pl.Series(name, values, dtype=_DEALS[name]) for name, values in zip(_DEALS, columns, strict=True)]
            )


_LOST = f"""
    select participant_id, period, {{}} from {{}}
    where period between %s and %s and {IS_SOME} order by 1, 2, 3"""

_OF_HOLDERS = f"""
    select {_COLUMNS} from paid_deal
    where (owner = any({SPLIT}) or sharers && {SPLIT}) and close_date between %s and %s and credits <> '[]'"""
