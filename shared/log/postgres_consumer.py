"""A member of a consumer group of the embedded log: one connection that reads, and waits for notifications."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy.exc import SQLAlchemyError

from shared.log import membership, store
from shared.log.membership import Membership
from shared.log.port import LogUnavailable, Partition, Stored


class PostgresConsumer:
    """See `Consumer`. Its assignment is computed from the members that the group has now, with nobody in charge.

    During a change two members may read the same partition for a moment: the worker's compare-and-set decides who was
    right.
    """

    def __init__(self, conninfo: str, group: str, *, partitions: Sequence[Partition], members: Membership) -> None:
        self._conninfo = conninfo
        self._group_channel = membership.CHANNEL + group
        self._channels = [
            self._group_channel,
            *(store.CHANNEL + topic for topic in sorted({p.topic for p in partitions})),
        ]
        self._partitions, self._membership = partitions, members
        self._life = members.lives
        self._assigned: set[Partition] = set()
        self._positions: dict[Partition, int] = {}
        self._connection: psycopg.Connection[Any] | None = None

    def poll(self, timeout: float, limit: int) -> list[Stored]:
        """See `Consumer.poll`."""
        deadline = time.monotonic() + timeout
        try:
            while True:
                connection = self._listening()
                self._notice(connection, 0)
                self._share()
                stored = store.read(connection, self._positions, limit=limit) if self._positions else []
                for record in stored:
                    self._positions[record.partition] = record.position + 1
                remaining = deadline - time.monotonic()
                if stored or remaining <= 0 or self.newly_assigned():
                    return stored
                self._notice(connection, remaining)
        except (psycopg.Error, SQLAlchemyError) as error:
            self._disconnect()
            raise LogUnavailable(f"the log's database failed: {type(error).__name__}") from error

    def newly_assigned(self) -> set[Partition]:
        """See `Consumer.newly_assigned`."""
        return self._assigned - self._positions.keys()

    def assignment(self) -> set[Partition]:
        """See `Consumer.assignment`."""
        return set(self._assigned)

    def seek(self, partition: Partition, position: int) -> None:
        """See `Consumer.seek`. A partition no longer assigned is passed over: another member has it."""
        if partition in self._assigned:
            self._positions[partition] = position

    def hint(self, positions: Mapping[Partition, int]) -> None:
        """Nothing to tell: the workers' positions are in the same database."""

    def close(self) -> None:
        """See `Consumer.close`."""
        self._membership.leave()
        self._disconnect()

    def _share(self) -> None:
        """Take what is ours by the members known now; after an absence everything is new again."""
        if self._life != self._membership.lives:
            self._life = self._membership.lives
            self._positions.clear()
        self._assigned = self._membership.share(self._partitions)
        for partition in self._positions.keys() - self._assigned:
            del self._positions[partition]

    def _listening(self) -> psycopg.Connection[Any]:
        if self._connection is None:
            self._connection = psycopg.connect(
                self._conninfo,
                autocommit=True,
                connect_timeout=10,
                application_name="earnest-log",
                tcp_user_timeout=30000,  # a server that is gone without a word is noticed while we only listen
            )
            self._connection.execute("set enable_seqscan = off")  # see postgres._prefer_indexes
            for channel in self._channels:
                self._connection.execute(sql.SQL("listen {}").format(sql.Identifier(channel)))
            self._membership.refresh()
        return self._connection

    def _notice(self, connection: psycopg.Connection[Any], seconds: float) -> None:
        """Take the notifications that are there, or wait for one; read the members again when the group changed."""
        if self._group_channel in {notice.channel for notice in connection.notifies(timeout=seconds, stop_after=1)}:
            self._membership.refresh()

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
