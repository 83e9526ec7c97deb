"""Answers under idempotency keys, so that the same request twice is answered once; and publishing in turn."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Engine, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from services.ingest.tables import answer

KEPT = text("interval '32 days'")
"""A job that runs monthly may be run again with the key of its last run."""
GIVEN_UP = text("interval '1 minute'")
"""A request that has no answer for so long died with its process; merging makes doing it again harmless."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer: its status and its JSON."""

    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Claimed:
    """What a key was used for already: a request (its sha256), and its answer, None while it is being worked on."""

    request: bytes
    answer: Answer | None


class Answers:
    """The idempotency keys of this installation, per principal."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def claim(self, principal: str, key: str, *, request: bytes) -> Claimed | None:
        """Claim a key for a request (its sha256); None where it is ours now, otherwise what it was used for already."""
        ours = insert(answer).values(principal=principal, key=key, request=request).on_conflict_do_nothing()
        with self._engine.begin() as connection:
            # Whoever comes sweeps: there are as many old answers as new ones, so that nobody has much to do.
            connection.execute(delete(answer).where(answer.c.at < func.now() - KEPT))
            connection.execute(
                delete(answer)
                .where(answer.c.principal == principal, answer.c.key == key, answer.c.body.is_(None))
                .where(answer.c.at < func.now() - GIVEN_UP)
            )
            # Of two that insert at once the second waits here for the first to commit, and then finds its row.
            if connection.execute(ours.returning(answer.c.key)).first() is not None:
                return None
            query = select(answer.c.request, answer.c.status, answer.c.body)
            row = connection.execute(query.where(answer.c.principal == principal, answer.c.key == key)).one()
            return Claimed(row.request, None if row.body is None else Answer(row.status, row.body))

    def give(self, principal: str, key: str, *, given: Answer) -> None:
        """Keep the answer to the claimed request."""
        with self._engine.begin() as connection:
            claimed = update(answer).where(answer.c.principal == principal, answer.c.key == key)
            connection.execute(claimed.values(status=given.status, body=given.body))

    def release(self, principal: str, key: str) -> None:
        """Let go of a claim: its request came to nothing."""
        with self._engine.begin() as connection:
            mine = (answer.c.principal == principal) & (answer.c.key == key) & answer.c.body.is_(None)
            connection.execute(delete(answer).where(mine))

    @contextmanager
    def lock_publishing(self) -> Iterator[None]:
        """Keep all other processes that ask for this out until the block ends.

        An advisory lock, for there is no row to lock: what is published is in the log, which may be Kafka.
        """
        with self._engine.begin() as connection:
            connection.execute(text("select pg_advisory_xact_lock(hashtext('earnest.ingest.publish'))"))
            yield

    def reachable(self) -> None:
        """Ask the database something.

        Raises:
            sqlalchemy.exc.SQLAlchemyError: it does not answer.
        """
        with self._engine.connect() as connection:
            connection.execute(select(1))
