"""Which months are closed, for which pay group: for good, or softly, so that only the stream books elsewhere.

The books of a pay group have an advisory lock: who books shares it with others, who closes has it alone. So a month
never closes between the look at what is open and the commit of what is booked. A row would do as well, but the groups
are names on the roster and have none; the lock of a name needs no row, and no cleaning up after it. The database takes
it again for whoever adds a posting or a closing by hand.

Lock order: runs, then pay groups in the order of their names, then heads of chains.

Rows of `closing` and `soft_closing` are only ever added; a soft closing is lifted by a row of `soft_opening`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, TextClause, insert, text

from services.payout.ledger.tables import soft_closing
from shared.pay.people import DEFAULT_PAY_GROUP
from shared.periods import Month, next_period


def _lock(function: str) -> TextClause:
    # Sorted as the trigger `check_postings` sorts them, byte by byte: two that lock the same groups do not wait for
    # each other.
    return text(f"""
        select {function}(hashtextextended('earnest.books/' || pay_group, 0))
        from (
            select unnest(cast(:pay_groups as text[])) collate "C" as pay_group order by 1) as n""")


_LOCK_SHARED = _lock("pg_advisory_xact_lock_shared")
_LOCK_ALONE = _lock("pg_advisory_xact_lock")


def lock_for_booking(connection: Connection, pay_groups: Iterable[str]) -> dict[str, Month]:
    """The first month that may be booked in, by pay group, as `open_from`; so it stays for these groups until the
    transaction ends: who closes waits.
    """
    connection.execute(_LOCK_SHARED, {"pay_groups": list(set(pay_groups))})
    return open_from(connection)


_PAY_GROUPS = text("select distinct pay_group from journal")


def lock_all_for_booking(connection: Connection, also: Iterable[str] = ()) -> None:
    """Keep every month of all pay groups, and of some that may have no journal yet, as open as it is until the
    transaction ends: who closes waits.
    """
    lock_for_booking(connection, [DEFAULT_PAY_GROUP, *also, *connection.execute(_PAY_GROUPS).scalars()])


def lock_for_closing(connection: Connection, pay_group: str) -> None:
    """Keep everybody from booking for a pay group until the transaction ends."""
    connection.execute(_LOCK_ALONE, {"pay_groups": [pay_group]})


_CLOSED_THROUGH = text("select max(period) from closing where pay_group = :pay_group")


def closed_through(connection: Connection, pay_group: str) -> Month | None:
    """The last month that a pay group has closed for good."""
    last: Month | None = connection.execute(_CLOSED_THROUGH, {"pay_group": pay_group}).scalar()
    return last


_CLOSED_AT = text("select max(at) from closing where pay_group = :pay_group")


def closed_at(connection: Connection, pay_group: str) -> datetime | None:
    """When a pay group last closed a month."""
    last: datetime | None = connection.execute(_CLOSED_AT, {"pay_group": pay_group}).scalar()
    return last


# A month that is closed or soft-closed closes every earlier one: so the last of either says where a group is open from.
_OPEN_FROM = text("""
    select pay_group, max(period) from (
        select pay_group, period from closing
        union all
        select pay_group, period from soft_closing where number not in (select closing from soft_opening)
    ) shut group by pay_group""")


def open_from(connection: Connection) -> dict[str, Month]:
    """The first month that the stream may book in, by pay group: after what is closed, and after what is soft-closed. A
    pay group that has closed nothing is not in it.
    """
    return {pay_group: next_period(period) for pay_group, period in connection.execute(_OPEN_FROM)}


_LAST_CLOSED = text("select pay_group, max(period) from closing group by pay_group")


def last_closed(connection: Connection) -> dict[str, Month]:
    """The last month that each pay group has closed for good. One that has closed nothing is not in it."""
    return {pay_group: Month(period) for pay_group, period in connection.execute(_LAST_CLOSED)}


def unclosed_from(connection: Connection) -> dict[str, Month]:
    """The first month that finance may book in, by pay group: after what is closed for good. A pay group that has
    closed nothing is not in it.
    """
    return {pay_group: next_period(period) for pay_group, period in last_closed(connection).items()}


def soft_close(
    connection: Connection, pay_group: str, *, period: Month, run: str | None, actor: str, at: datetime
) -> None:
    """Keep the stream from booking in a month of a pay group and every earlier one, until it is lifted.

    Raises:
        sqlalchemy.exc.IntegrityError: the month is closed.
    """
    values = {"pay_group": pay_group, "period": period, "run": run, "actor": actor, "at": at}
    connection.execute(insert(soft_closing).values(values))


# Without a run are the closings that finance made by hand: they are lifted by hand too, never by a run that returns.
_LIFT = text("""
    insert into soft_opening (closing, actor, at)
    select number, :actor, :at from soft_closing
    where pay_group = :pay_group and run is not distinct from cast(:run as text)
      and number not in (select closing from soft_opening)""")


def lift(connection: Connection, pay_group: str, *, run: str | None, actor: str, at: datetime) -> int:
    """Lift the soft closings of a pay group that a run made, or that a person made without one; returns how many."""
    parameters = {"pay_group": pay_group, "run": run, "actor": actor, "at": at}
    return connection.execute(_LIFT, parameters).rowcount
