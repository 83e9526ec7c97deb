"""The subledger of contract costs: what contracts cost and what happened to them, and what was booked month by month;
only ever added to.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from functools import cache
from typing import Any, NamedTuple

import orjson
import polars as pl
from sqlalchemy import Connection, Row, text

from services.payout.contract_costs.earned_lines import costs_of, lines_of
from services.payout.contract_costs.errors import EventExists, LineExists
from services.payout.roster.store import people
from services.payout.runs import store_record
from shared.contract_costs.entries import CarryingAmount, EntryAmount, EntryKey
from shared.contract_costs.facts import CostEvent, CostLine
from shared.contracts.lines import empty
from shared.periods import Month, last_day


class BookedBatch(NamedTuple):
    """A booking of a month."""

    number: int
    id: str
    period: Month
    entries: int
    actor: str
    recorded_at: datetime
    balances: list[CarryingAmount]


class BookedEntry(NamedTuple):
    """An entry as it was booked; later ones have larger numbers."""

    number: int
    batch: str
    period: Month
    key: EntryKey
    amount: EntryAmount


def lock_books(connection: Connection) -> None:
    """Let nobody else book contract costs until the transaction ends; who reads goes on.

    What is booked is a difference to what is booked by then, so two who book at once would both book it. No row stands
    for the books, hence an advisory lock; the trigger `check_contract_cost_batch` takes the same one, so that a writer
    who forgets it cannot book a passed month either. It is the only lock of a booking.
    """
    connection.execute(text("select pg_advisory_xact_lock(hashtextextended('earnest.contract_costs', 0))"))


def last_period(connection: Connection) -> Month | None:
    """The last month that is booked."""
    return connection.execute(text("select max(period) from contract_cost_batch")).scalar()


def booked(connection: Connection) -> dict[EntryKey, EntryAmount]:
    """All that is booked, summed over its batches."""
    return {_key(row): EntryAmount(int(row.amount), int(row.on_cost)) for row in connection.execute(_BOOKED)}


def add_batch(
    connection: Connection,
    period: Month,
    *,
    entries: Sequence[tuple[EntryKey, EntryAmount]],
    balances: Sequence[CarryingAmount],
    actor: str,
    now: datetime,
) -> BookedBatch:
    """Book entries in a month, under the next number; the caller has locked the books."""
    # Ids say which booking of the month it is, counted under the lock so that no two have one.
    before = connection.execute(
        text("select count(*) from contract_cost_batch where period = :period"), {"period": period}
    )
    batch = f"contract-costs-{period}-{before.scalar_one() + 1}"
    fixed = {"batch": batch, "period": period}
    closing = orjson.dumps([balance._asdict() for balance in balances]).decode()
    number = connection.execute(
        _ADD_BATCH, fixed | {"balances": closing, "entries": len(entries), "actor": actor, "now": now}
    ).scalar_one()
    rows = [fixed | key._asdict() | amount._asdict() for key, amount in entries]
    if rows:
        connection.execute(_ADD_ENTRY, rows)
    return BookedBatch(
        number=number,
        id=batch,
        period=period,
        entries=len(entries),
        actor=actor,
        recorded_at=now,
        balances=list(balances),
    )


def batches(connection: Connection, period: Month | None = None) -> list[BookedBatch]:
    """The bookings, in order; of one month only, where one is named."""
    rows = connection.execute(_BATCHES, {"period": period})
    return [
        BookedBatch(
            number=number,
            id=batch,
            period=of,
            entries=count,
            actor=actor,
            recorded_at=at,
            balances=[CarryingAmount(**balance) for balance in balances],
        )
        for number, batch, of, count, actor, at, balances in rows
    ]


def entries(
    connection: Connection,
    first: Month,
    *,
    last: Month,
    contract: str | None = None,
    after: int = 0,
    limit: int | None = None,
) -> list[BookedEntry]:
    """What was booked in some months, in order; of one contract only, where one is named; at most so many after the one
    numbered `after`.
    """
    asked = {"first": first, "last": last, "contract": contract, "after": after, "limit": limit}
    rows = connection.execute(_ENTRIES, asked)
    return [
        BookedEntry(
            number=row.number,
            batch=row.batch,
            period=row.period,
            key=_key(row),
            amount=EntryAmount(row.amount, row.on_cost),
        )
        for row in rows
    ]


def _key(row: Row[Any]) -> EntryKey:
    return EntryKey(**{name: getattr(row, name) for name in EntryKey._fields})


def add_event(
    connection: Connection, event_id: str, *, event: CostEvent, actor: str, reason: str, now: datetime
) -> bool:
    """Write an event; False where it is there already.

    Raises:
        EventExists: an event of this id says something else.
    """
    body = _body(event)
    values = {"id": event_id, "contract": event.contract_id, "happened": event.on, "body": body}
    added = connection.execute(_ADD_EVENT, values | {"actor": actor, "reason": reason, "now": now}).scalar()
    # The key decides and not a read before it, so that of two at the same moment one hears that it is there.
    if added is None and connection.execute(_EVENT, {"id": event_id}).scalar_one() != orjson.loads(body):
        raise EventExists(event_id)
    return added is not None


def add_line(connection: Connection, line: CostLine, *, actor: str, reason: str, now: datetime) -> bool:
    """Write a cost; False where it is there already.

    Raises:
        LineExists: a cost of this id says something else.
    """
    body = _body(line)
    values = {"id": line.earning_line_id, "contract": line.contract_id, "recognised": line.recognised, "body": body}
    added = connection.execute(_ADD_LINE, values | {"actor": actor, "reason": reason, "now": now}).scalar()
    if added is None and connection.execute(_LINE, {"id": line.earning_line_id}).scalar_one() != orjson.loads(body):
        raise LineExists(line.earning_line_id)
    return added is not None


def lines(connection: Connection, through: date) -> list[CostLine]:
    """The costs that were added, incurred by a date."""
    return [_line(row.body) for row in connection.execute(_LINES, {"through": through})]


def _line(body: dict[str, Any]) -> CostLine:
    dates = {name: body[name] and date.fromisoformat(body[name]) for name in ("signed", "service_start", "earned")}
    return CostLine(**(body | dates), source=body["earning_line_id"])


def events(connection: Connection, through: date, *, contract: str | None = None) -> list[tuple[str, CostEvent]]:
    """What happened by a date, in the order in which it was added, with ids."""
    rows = connection.execute(_EVENTS, {"through": through, "contract": contract})
    return [(row.id, _event(row.id, row.body)) for row in rows]


def _body(fact: CostLine | CostEvent) -> str:
    # Without `source`, which only says where it was read: it is the id again, and no part of what may differ.
    return orjson.dumps({name: getattr(fact, name) for name in fact.__slots__ if name != "source"}).decode()


def _event(event_id: str, body: dict[str, Any]) -> CostEvent:
    dates = {name: body[name] and date.fromisoformat(body[name]) for name in ("on", "ends")}
    return CostEvent(**(body | dates), source=event_id)


def earned_costs(connection: Connection, period: Month) -> Iterable[CostLine]:
    """The costs of contracts in what was earned up to a month, line by line as approved runs last looked at it."""
    known = people(connection)

    @cache
    def entity_of(participant_id: str, month: Month) -> str:
        return known[participant_id].at(last_day(month)).entity if participant_id in known else ""

    return costs_of(lines_of(_last_looked_at(connection, period), entity_of))


def _last_looked_at(connection: Connection, through: Month) -> pl.DataFrame:
    """A row per participant and month up to a month, from the latest run that looked at it."""
    latest = store_record.last_looked_at(
        store_record.runs_that_looked_at(connection),
        lambda run: store_record.earned_lines(connection, run, column="lines").filter(pl.col("period") <= through),
    )
    return pl.concat([empty().select(*store_record.EARNER, "lines"), *(lines for _, lines in latest)])


_KEY = ", ".join(EntryKey._fields)
_BOOKED = text(
    f"select {_KEY}, sum(amount) as amount, sum(on_cost) as on_cost from contract_cost_entry group by {_KEY}"
)
_ADD_BATCH = text("""
    insert into contract_cost_batch (id, period, entries, actor, recorded_at, balances)
    values (:batch, :period, :entries, :actor, :now, cast(:balances as jsonb)) returning number""")
_ADD_ENTRY = text(f"""
    insert into contract_cost_entry (batch, period, {_KEY}, amount, on_cost)
    values (:batch, :period, :origin_period, :line_id, :kind, :claim, :contract_id, :entity, :currency, :component,
        :amount, :on_cost)""")
_BATCHES = text("""
    select number, id, period, entries, actor, recorded_at, balances from contract_cost_batch
    where cast(:period as text) is null or period = :period order by number""")
_ENTRIES = text(f"""
    select number, batch, period, {_KEY}, amount, on_cost from contract_cost_entry
    where period between :first and :last and (cast(:contract as text) is null or contract_id = :contract)
        and number > :after
    order by number limit :limit""")
_ADD_EVENT = text("""
    insert into contract_cost_event (id, contract_id, happened_on, body, actor, reason, recorded_at)
    values (:id, :contract, :happened, cast(:body as jsonb), :actor, :reason, :now)
    on conflict (id) do nothing returning number""")
_ADD_LINE = text("""
    insert into contract_cost_line (id, contract_id, recognised_on, body, actor, reason, recorded_at)
    values (:id, :contract, :recognised, cast(:body as jsonb), :actor, :reason, :now)
    on conflict (id) do nothing returning number""")
_EVENT = text("select body from contract_cost_event where id = :id")
_LINE = text("select body from contract_cost_line where id = :id")
_LINES = text("select body from contract_cost_line where recognised_on <= :through order by number")
_EVENTS = text("""
    select id, body from contract_cost_event
    where happened_on <= :through and (cast(:contract as text) is null or contract_id = :contract) order by number""")
