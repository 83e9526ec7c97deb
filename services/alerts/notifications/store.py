"""The SQL of the outbox: written in the transaction that changes an alert, taken and settled by whoever sends."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, RowMapping, delete, select, update
from sqlalchemy.dialects.postgresql import insert

from services.alerts.notifications.declared import Notifications
from services.alerts.notifications.message import Message, Told, in_order
from services.alerts.notifications.schedule import digest_at, next_attempt, next_digest
from services.alerts.notifications.tables import MESSAGE, TOLD

LEASE: Final = timedelta(minutes=2)
"""For how long a message belongs to whoever took it: longer than any channel takes to answer."""
KEPT: Final = timedelta(days=30)
"""Settled messages stay so long, for whoever asks what was sent."""


class Due(NamedTuple):
    """A message to send: to whom, since when it is due, and the how many-th try this is."""

    message: Message
    subscription: str
    due_at: datetime
    attempts: int


def write(
    connection: Connection, told: Iterable[Told], *, declared: Notifications, now: datetime, zone: ZoneInfo
) -> None:
    """Put what is told on its way to everybody who wants it, as part of the caller's transaction."""
    for each in told:
        for name in declared.for_told(each):
            subscription = declared.subscriptions[name]
            if subscription.rhythm == "now":
                message_id = f"{name}/{each.event_id}"
                _begin(connection, message_id, subscription=name, due_at=now, day=None)
            else:
                message_id = _digest(connection, name, hour=subscription.hour, now=now, zone=zone)
            row = {"message_id": message_id, "event_id": each.event_id, "told": each.model_dump(mode="json")}
            connection.execute(insert(TOLD).values(row).on_conflict_do_nothing())


def take(connection: Connection, now: datetime, *, limit: int) -> list[Due]:
    """Messages that are due, now the caller's for the length of a lease. Any number of processes may take."""
    due = (
        select(MESSAGE.c.message_id)
        .where(MESSAGE.c.settled_at.is_(None), MESSAGE.c.next_attempt_at <= now)
        .order_by(MESSAGE.c.next_attempt_at, MESSAGE.c.message_id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    ours = (
        update(MESSAGE)
        .where(MESSAGE.c.message_id.in_(due))
        .values(attempts=MESSAGE.c.attempts + 1, next_attempt_at=now + LEASE)
        .returning(*MESSAGE.c["message_id", "subscription", "day", "due_at", "attempts"])
    )
    return [
        Due(Message(message_id=message_id, told=_told(connection, message_id), day=day), name, due_at, attempts)
        for message_id, name, day, due_at, attempts in sorted(connection.execute(ours).all())
    ]


def sent(connection: Connection, message_id: str, *, now: datetime) -> None:
    """Note that a message has arrived."""
    _settle(connection, message_id, outcome="sent", error=None, now=now)


def given_up(connection: Connection, message_id: str, *, error: str, now: datetime) -> None:
    """Note that a message is not tried any more, and why not."""
    _settle(connection, message_id, outcome="given_up", error=error, now=now)


def failed(connection: Connection, due: Due, *, error: str, now: datetime) -> None:
    """Note why a try came to nothing; it is tried again later."""
    again = {"error": error, "next_attempt_at": next_attempt(now, due.attempts)}
    connection.execute(update(MESSAGE).where(MESSAGE.c.message_id == due.message.message_id).values(again))


def messages(connection: Connection, *, waiting_only: bool, limit: int) -> Sequence[RowMapping]:
    """Messages, the latest first."""
    wanted = select(*MESSAGE.c["message_id", "subscription", "day", "due_at", "attempts", "error"])
    wanted = wanted.add_columns(MESSAGE.c.settled_at, MESSAGE.c.outcome)
    if waiting_only:
        wanted = wanted.where(MESSAGE.c.settled_at.is_(None))
    latest_first = wanted.order_by(MESSAGE.c.due_at.desc(), MESSAGE.c.message_id)
    return connection.execute(latest_first.limit(limit)).mappings().all()


def forget_settled(connection: Connection, now: datetime) -> None:
    """Remove what was settled long ago."""
    connection.execute(delete(MESSAGE).where(MESSAGE.c.settled_at < now - KEPT))


def _digest(connection: Connection, name: str, *, hour: int, now: datetime, zone: ZoneInfo) -> str:
    """The message of the next digest of a subscription; of the one after it where the next is being sent already."""
    day = next_digest(now, hour, zone=zone)
    while True:
        message_id = f"{name}/digest/{day}"
        if _begin(connection, message_id, subscription=name, due_at=digest_at(day, hour, zone=zone), day=day):
            return message_id
        day += timedelta(days=1)


def _begin(connection: Connection, message_id: str, *, subscription: str, due_at: datetime, day: date | None) -> bool:
    """Whether there is a message of this id to which something can be added: nobody has taken it yet."""
    row = insert(MESSAGE).values(
        message_id=message_id, subscription=subscription, day=day, due_at=due_at, next_attempt_at=due_at, attempts=0
    )
    # The update changes nothing: it locks the row, so that nobody takes the message while this transaction adds to it.
    again = row.on_conflict_do_update(
        index_elements=[MESSAGE.c.message_id], set_={"due_at": MESSAGE.c.due_at}, where=MESSAGE.c.attempts == 0
    )
    return connection.execute(again.returning(MESSAGE.c.message_id)).first() is not None


def _told(connection: Connection, message_id: str) -> tuple[Told, ...]:
    rows: Sequence[dict[str, object]] = (
        connection.execute(select(TOLD.c.told).where(TOLD.c.message_id == message_id)).scalars().all()
    )
    return in_order([Told.model_validate(row) for row in rows])


def _settle(connection: Connection, message_id: str, *, outcome: str, error: str | None, now: datetime) -> None:
    settled = {"outcome": outcome, "error": error, "settled_at": now}
    connection.execute(update(MESSAGE).where(MESSAGE.c.message_id == message_id).values(settled))
