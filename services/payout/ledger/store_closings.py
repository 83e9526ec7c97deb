"""Which months are closed, for which pay group: for good, or softly, so that only the stream books elsewhere.

The books of a pay group have a lock: who books holds it together with others, who closes holds it alone. The database takes it
again for whoever adds a posting or a closing. Rows of `closing` and `soft_closing` are only ever added; a soft closing is lifted by
a row of `soft_opening`. A transaction that also locks runs locks them first.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, insert, text

from services.payout.ledger import tables as schema
from shared.pay.people import DEFAULT_PAY_GROUP
from shared.periods import next_period


def hold_open(connection: Connection, pay_groups: Iterable[str]) -> dict[str, str]:
    """The first month that may be booked in, by pay group, as `open_from`; so it stays for these groups until the transaction
    ends: who closes waits.
    """
    connection.execute(_HOLD_OPEN, {"pay_groups": sorted(set(pay_groups))})
    return open_from(connection)


def hold_for_closing(connection: Connection, pay_groups: Iterable[str] | None = None) -> str | None:
    """Keep everybody from booking for these pay groups until the transaction ends; returns the last closed month of the first.

    Without a list: for all pay groups there are, while no run changes either.
    """
    if pay_groups is None:
        connection.execute(text("lock table run in exclusive mode"))
        pay_groups = [DEFAULT_PAY_GROUP, *connection.execute(_PAY_GROUPS).scalars()]
    connection.execute(_HOLD_CLOSED, {"pay_groups": sorted(set(pay_groups))})
    return closed_through(connection)


def closed_through(connection: Connection, pay_group: str = DEFAULT_PAY_GROUP) -> str | None:
    """The last month that a pay group has closed for good."""
    return connection.execute(_CLOSED_THROUGH, {"pay_group": pay_group}).scalar()


def hold_all_open(connection: Connection) -> str | None:
    """The last month that any pay group has closed for good; so it stays until the transaction ends: who closes waits."""
    hold_open(connection, [DEFAULT_PAY_GROUP, *connection.execute(_PAY_GROUPS).scalars()])
    return connection.execute(_CLOSED_BY_ANY).scalar()


def closed_at(connection: Connection, pay_group: str) -> datetime | None:
    """When a pay group last closed a month."""
    found: datetime | None = connection.execute(_CLOSED_AT, {"pay_group": pay_group}).scalar()
    return found


def open_from(connection: Connection) -> dict[str, str]:
    """The first month that the stream may book in, by pay group: after what is closed, and after what is soft-closed. A pay group
    that has closed nothing is not in it.
    """
    return {pay_group: next_period(period) for pay_group, period in connection.execute(_OPEN_FROM)}


def unclosed_from(connection: Connection) -> dict[str, str]:
    """The first month that finance may book in, by pay group: after what is closed for good. A pay group that has closed nothing is not
    in it.
    """
    return {pay_group: next_period(period) for pay_group, period in connection.execute(_CLOSED)}


def soft_close(
    connection: Connection, pay_group: str, *, period: str, run: str | None, actor: str, at: datetime
) -> int:
    """Keep the stream from booking in a month of a pay group and every earlier one, until it is lifted. Returns its number.

    Raises:
        sqlalchemy.exc.IntegrityError: the month is closed.
    """
    values = {"pay_group": pay_group, "period": period, "run": run, "actor": actor, "at": at}
    added = insert(schema.soft_closing).values(values).returning(schema.soft_closing.c.number)
    number: int = connection.execute(added).scalar_one()
    return number


def lift(connection: Connection, pay_group: str, *, run: str | None, actor: str, at: datetime) -> int:
    """Lift the soft closings of a pay group that a run made, or that a person made without one; returns how many."""
    parameters = {"pay_group": pay_group, "run": run, "actor": actor, "at": at}
    return connection.execute(_LIFT, parameters).rowcount


_HOLD_OPEN = text("""
    select pg_advisory_xact_lock_shared(hashtextextended('earnest.books/' || pay_group, 0))
    from unnest(cast(:pay_groups as text[])) as n (pay_group)""")

_HOLD_CLOSED = text("""
    select pg_advisory_xact_lock(hashtextextended('earnest.books/' || pay_group, 0))
    from unnest(cast(:pay_groups as text[])) as n (pay_group)""")

_PAY_GROUPS = text("select distinct pay_group from journal")

_CLOSED_THROUGH = text("select max(period) from closing where pay_group = :pay_group")

_CLOSED_BY_ANY = text("select max(period) from closing")

_CLOSED_AT = text("select max(at) from closing where pay_group = :pay_group")

_OPEN_FROM = text("""
    select pay_group, max(period) from (
        select pay_group, period from closing
        union all
        select pay_group, period from soft_closing where number not in (select closing from soft_opening)
    ) shut group by pay_group""")

_CLOSED = text("select pay_group, max(period) from closing group by pay_group")

_LIFT = text("""
    insert into soft_opening (closing, actor, at)
    select number, :actor, :at from soft_closing
    where pay_group = :pay_group and run is not distinct from cast(:run as text)
      and number not in (select closing from soft_opening)""")
