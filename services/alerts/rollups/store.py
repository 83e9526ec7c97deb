"""The SQL of the sums. Rows are written in the order of their keys, so that two writers never wait in a
circle.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, TypeAlias

import orjson
from sqlalchemy import Column, Connection, MetaData, Table, Text, bindparam, collate, delete, func, select
from sqlalchemy.dialects.postgresql import Insert, insert

from services.alerts.kpis.sums import Day, MonthKey, Totals
from services.alerts.rollups.tables import COUNTED_SUM, DEAL, DEAL_SUM, EARNING, EARNING_SUM, LETTERS, SEEN
from shared.columns import arrays, insert_rows, is_any, rows_of
from shared.facts import Facts
from shared.log.dead_letters import NEVER_TAKEN
from shared.log.port import Partition
from shared.log.tables import dead_letter, position
from shared.periods import Month, period_of

Earner: TypeAlias = tuple[str, Month]
"""A participant and a month."""


def facts_of(connection: Connection, deal_ids: Sequence[str]) -> dict[str, Facts]:
    """What is known of these deals; a deal that is not known is absent."""
    rows = connection.execute(select(DEAL).where(is_any(DEAL.c.deal_id, "ids")), {"ids": list(deal_ids)})
    return {deal_id: orjson.loads(facts) for deal_id, facts in rows.all()}


def save_facts(connection: Connection, deals: Mapping[str, Facts]) -> None:
    """Write what is known of deals now."""
    if deals:
        ids = sorted(deals)
        connection.execute(_SAVE_FACTS, arrays(["deal_id"], zip(ids), facts=[deals[deal_id] for deal_id in ids]))


def add_to_days(connection: Connection, changes: Mapping[tuple[date, str, str], int]) -> None:
    """Move sums over deals by these differences, by day, currency and name of the sum."""
    _add(connection, DEAL_SUM, changes=changes)


def add_to_months(connection: Connection, changes: Mapping[tuple[Month, str, str], int]) -> None:
    """Move sums over earnings by these differences, by period, currency and name of the sum."""
    _add(connection, EARNING_SUM, changes=changes)


def earned_by(connection: Connection, earners: Sequence[Earner]) -> dict[Earner, tuple[int, dict[str, dict[str, int]]]]:
    """The latest revision of these earners, and what it contributes by currency and sum."""
    rows = connection.execute(_EARNED_BY, arrays(_EARNER, sorted(earners)))
    return {
        (participant, period): (revision, _contributions(contributions))
        for participant, period, revision, contributions in rows.all()
    }


def save_earned(connection: Connection, earned: Mapping[Earner, tuple[int, Mapping[str, Mapping[str, int]]]]) -> None:
    """Write the latest revision of earners, and what it contributes by currency and sum."""
    if earned:
        in_order = sorted(earned.items())
        rows = [(*earner, revision) for earner, (revision, _) in in_order]
        contributions = [_as_texts(by_currency) for _, (_, by_currency) in in_order]
        connection.execute(_SAVE_EARNED, arrays((*_EARNER, "revision"), rows, contributions=contributions))


def move_latest(connection: Connection, instant: str) -> None:
    """Move the latest instant at which something happened to a deal forward to this one (UTC text of the road)."""
    connection.execute(_MOVE_LATEST, {"instant": instant})


def add_letters(connection: Connection, counted: Mapping[str, tuple[int, int]]) -> None:
    """Count dead letters by topic: how many were written, how many were sent again."""
    if counted:
        rows = [(topic, *numbers) for topic, numbers in sorted(counted.items())]
        connection.execute(_ADD[LETTERS.name], arrays(LETTERS.c.keys(), rows))


def letters(connection: Connection) -> tuple[int, int]:
    """How many dead letters are open, and how many there ever were."""
    ever, replayed = connection.execute(select(func.sum(LETTERS.c.ever), func.sum(LETTERS.c.replayed))).one()
    return int((ever or 0) - (replayed or 0)), int(ever or 0)


def positions(connection: Connection, worker: str, *, lock: bool = False) -> dict[Partition, int]:
    """Where a worker is, the next position of every partition it has begun; with `lock` until the transaction ends."""
    # In the order in which the worker itself moves its positions, which it does first of all: so a lock waits for what
    # is being counted, and nothing is counted meanwhile.
    query = select(position.c.topic, position.c.partition, position.c.next_position).where(position.c.worker == worker)
    query = query.order_by(position.c.topic, position.c.partition)
    rows = connection.execute(query.with_for_update() if lock else query)
    return {Partition(topic, number): following for topic, number, following in rows}


def set_aside(connection: Connection, worker: str) -> set[tuple[Partition, int]]:
    """The places of records that a worker has set aside as dead letters, and that have no effect."""
    rows = connection.execute(
        select(dead_letter.c.topic, dead_letter.c.partition, dead_letter.c.position).where(
            dead_letter.c.worker == worker, NEVER_TAKEN
        )
    )
    return {(Partition(topic, number), place) for topic, number, place in rows}


def latest(connection: Connection) -> str | None:
    """The latest instant at which something happened to a deal (UTC text of the road); None before the first."""
    return connection.execute(select(SEEN.c.latest)).scalar()


def totals(connection: Connection, first: date, *, last: date) -> Totals:
    """The sums of the days from first to last, and of the periods they lie in."""
    days: dict[Day, dict[str, int]] = {}
    months: dict[MonthKey, dict[str, int]] = {}
    of_deals = connection.execute(select(DEAL_SUM).where(DEAL_SUM.c.day.between(first, last)))
    for day, currency, name, value in of_deals:
        days.setdefault((day, currency), {})[name] = int(value)
    in_months = EARNING_SUM.c.period.between(period_of(first), period_of(last))
    for period, currency, name, value in connection.execute(select(EARNING_SUM).where(in_months)):
        months.setdefault((period, currency), {})[name] = int(value)
    return Totals(days, months)


def counted_sums(connection: Connection) -> frozenset[str]:
    """The sums that everything up to the worker's positions is counted in; none in a schema that is new."""
    return frozenset(connection.execute(select(COUNTED_SUM.c.name)).scalars())


def save_counted_sums(connection: Connection, names: Iterable[str]) -> None:
    """Note that these sums are counted."""
    connection.execute(delete(COUNTED_SUM))
    connection.execute(insert(COUNTED_SUM), [{"name": name} for name in sorted(names)])


def take_over(connection: Connection, schema: str) -> None:
    """Put what is counted in another schema in the place of what is counted here."""
    # Not `seen` and `letters`, which no KPI's sums are in: they stay as they are.
    for table in (DEAL, DEAL_SUM, EARNING, EARNING_SUM):
        there = table.to_metadata(MetaData(), schema=schema)
        connection.execute(delete(table))
        connection.execute(insert(table).from_select(list(table.c.keys()), select(there)))


def _add(connection: Connection, table: Table, *, changes: Mapping[tuple[Any, str, str], int]) -> None:
    rows = [(*key, difference) for key, difference in sorted(changes.items()) if difference]
    if rows:
        connection.execute(_ADD[table.name], arrays(table.c.keys(), rows))


def _as_texts(contributions: Mapping[str, Mapping[str, int]]) -> dict[str, dict[str, str]]:
    # Numbers as text: a sum of measures in 10^-9 may be larger than the whole numbers that JSON readers keep exactly.
    return {currency: {name: str(value) for name, value in sums.items()} for currency, sums in contributions.items()}


def _contributions(written: str) -> dict[str, dict[str, int]]:
    return {
        currency: {name: int(value) for name, value in sums.items()} for currency, sums in orjson.loads(written).items()
    }


def _adding(table: Table) -> Insert:
    """Adds rows to those that are there by their keys."""
    rows = insert_rows(table, table.c.keys())
    sums = [column for column in table.c if not column.primary_key]
    return rows.on_conflict_do_update(
        index_elements=table.primary_key.columns,
        set_={column.name: column + rows.excluded[column.name] for column in sums},
    )


def _replacing(rows: Insert, key: Sequence[Column[Any]], *, columns: Sequence[str]) -> Insert:
    """Puts rows in the place of those that are there by their keys."""
    return rows.on_conflict_do_update(index_elements=key, set_={name: rows.excluded[name] for name in columns})


_ADD = {table.name: _adding(table) for table in (DEAL_SUM, EARNING_SUM, LETTERS)}

# JSON comes as lines and not as an array, in which the driver would escape every quote.
_SAVE_FACTS = _replacing(insert_rows(DEAL, ["deal_id"], json=["facts"]), [DEAL.c.deal_id], columns=["facts"])

_EARNER = ("participant_id", "period")
_SAVE_EARNED = _replacing(
    insert_rows(EARNING, (*_EARNER, "revision"), json=["contributions"]),
    [EARNING.c.participant_id, EARNING.c.period],
    columns=["revision", "contributions"],
)
_OF_EARNERS = rows_of(EARNING, _EARNER)
_EARNED_BY = select(EARNING).where(
    EARNING.c.participant_id == _OF_EARNERS.c.participant_id, EARNING.c.period == _OF_EARNERS.c.period
)

_SEEN = insert(SEEN).values(one=1, latest=bindparam("instant", type_=Text))
# Texts of the road sort as instants, byte by byte: other collations pass over the signs in them.
_MOVE_LATEST = _SEEN.on_conflict_do_update(
    index_elements=[SEEN.c.one],
    set_={"latest": _SEEN.excluded.latest},
    where=SEEN.c.latest < collate(_SEEN.excluded.latest, "C"),
)
