"""Who is in a consumer group of the embedded log: heartbeats on the database's clock, and the shares that follow from
them.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from uuid import uuid4

import structlog
from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError

from shared.log.port import MemberReplaced, Partition

CHANNEL = "log.group."
"""Notifications of a group's changes go to the channel of this prefix and the group's name."""

_logger = structlog.get_logger(__name__)

_JOIN = text("""
    insert into log.member (group_name, member, session, heartbeat_at)
    values (:group, :member, :session, clock_timestamp())
    on conflict (group_name, member) do update set session = excluded.session, heartbeat_at = excluded.heartbeat_at""")
_BEAT = text("""
    update log.member set heartbeat_at = clock_timestamp()
    where group_name = :group and member = :member and session = :session""")
_TAKEN = text("select 1 from log.member where group_name = :group and member = :member and session <> :session")
# By the database's clock alone: members run on machines whose clocks differ.
_EXPIRE = text("""
    delete from log.member
    where group_name = :group and heartbeat_at < clock_timestamp() - make_interval(secs => :seconds)""")
_LEAVE = text("delete from log.member where group_name = :group and member = :member and session = :session")
_MEMBERS = text("select member from log.member where group_name = :group order by member")
_NOTIFY = text("select pg_notify(:channel, '')")


def assign(partitions: Iterable[Partition], members: Iterable[str], *, member: str) -> set[Partition]:
    """The share of a member: sorted partitions dealt out in turn to sorted members, so that all come to the same
    result.
    """
    turns = sorted(members)
    if not turns:
        return set()
    return {partition for turn, partition in enumerate(sorted(partitions)) if turns[turn % len(turns)] == member}


class Membership:
    """One member's place in a group, kept by a thread of its own so that a long step does not cost the place."""

    def __init__(self, engine: Engine, group: str, *, member: str, session_seconds: float) -> None:
        """Join the group. A living process of the same member name is replaced: it learns so at its next poll."""
        self._engine, self._group, self._member = engine, group, member
        self._who = {"group": group, "member": member, "session": uuid4()}
        self._session_seconds = session_seconds
        self._replaced = False
        self._stop = threading.Event()
        self.members: tuple[str, ...] = ()
        """The members as last read."""
        self.lives = 0
        """How often this member joined: more than once when it was thought dead and came back."""
        self._join()
        self._thread = threading.Thread(target=self._beat, name=f"heartbeat-{group}", daemon=True)
        self._thread.start()

    def refresh(self) -> None:
        """Read the members now."""
        with self._engine.begin() as connection:
            self.members = tuple(connection.scalars(_MEMBERS, self._who))

    def share(self, partitions: Iterable[Partition]) -> set[Partition]:
        """The partitions that are this member's.

        Raises:
            MemberReplaced: another process took the name.
        """
        if self._replaced:
            raise MemberReplaced(f"another process joined {self._group} as {self._member}")
        return assign(partitions, self.members, member=self._member)

    def leave(self) -> None:
        """Leave, so that the others take over at once."""
        self._stop.set()
        self._thread.join()
        try:
            with self._engine.begin() as connection:
                connection.execute(_LEAVE, self._who)
                connection.execute(_NOTIFY, {"channel": CHANNEL + self._group})
        except SQLAlchemyError:
            _logger.warning("log.leave_failed", group=self._group, member=self._member)

    def _join(self) -> None:
        with self._engine.begin() as connection:
            connection.execute(_JOIN, self._who)
            connection.execute(_EXPIRE, {**self._who, "seconds": self._session_seconds})
            connection.execute(_NOTIFY, {"channel": CHANNEL + self._group})
        self.lives += 1
        self.refresh()

    def _beat(self) -> None:
        # Four beats a session: three may be lost or late before a member is thought dead.
        while not self._stop.wait(self._session_seconds / 4) and not self._replaced:
            try:
                if not self._renew():
                    _logger.warning("log.member_expired", group=self._group, member=self._member)
                    self._join()
            except SQLAlchemyError as error:
                _logger.warning("log.heartbeat_failed", group=self._group, cause=type(error).__name__)

    def _renew(self) -> bool:
        """Say that this member lives and expel those that do not; False when this member was expelled itself."""
        with self._engine.begin() as connection:
            if connection.execute(_BEAT, self._who).rowcount == 0:
                self._replaced = connection.execute(_TAKEN, self._who).first() is not None
                return self._replaced
            if connection.execute(_EXPIRE, {**self._who, "seconds": self._session_seconds}).rowcount > 0:
                connection.execute(_NOTIFY, {"channel": CHANNEL + self._group})
            self.members = tuple(connection.scalars(_MEMBERS, self._who))
        return True
