"""Answers under idempotency keys, so that the same request twice is answered once; and publishing in turn."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Engine, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from services.ingest.schema import answer

KEPT = text("interval '32 days'")
GIVEN_UP = text("interval '1 minute'")
"""A request that has no answer for so long died with its process; merging makes doing it again harmless."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A stored answer, or with status None a request that is being worked on."""

    request: bytes
    status: int | None
    body: bytes | None


class Answers:
    """The idempotency keys of this installation, per principal."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def claim(self, principal: str, key: str, request: bytes) -> Answer | None:
        """Claim a key for a request (its sha256); None where it is ours now, otherwise what it was used for already."""
        ours = insert(answer).values(principal=principal, key=key, request=request).on_conflict_do_nothing()
        with self._engine.begin() as connection:
            connection.execute(delete(answer).where(answer.c.at < func.now() - KEPT))
            connection.execute(
                delete(answer)
                .where(answer.c.principal == principal, answer.c.key == key, answer.c.body.is_(None))
                .where(answer.c.at < func.now() - GIVEN_UP)
            )
            if connection.execute(ours.returning(answer.c.key)).first() is not None:
                return None
            found = select(answer.c.request, answer.c.status, answer.c.body)
            row = connection.execute(found.where(answer.c.principal == principal, answer.c.key == key)).one()
            return Answer(*row)

    def give(self, principal: str, key: str, status: int, body: bytes) -> None:
        """Keep the answer to the claimed request."""
        with self._engine.begin() as connection:
            held = update(answer).where(answer.c.principal == principal, answer.c.key == key)
            connection.execute(held.values(status=status, body=body))

    def release(self, principal: str, key: str) -> None:
        """Let go of a claim whose request came to nothing."""
        with self._engine.begin() as connection:
            mine = (answer.c.principal == principal) & (answer.c.key == key) & answer.c.body.is_(None)
            connection.execute(delete(answer).where(mine))

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep all other processes that ask for this out until the block ends."""
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
