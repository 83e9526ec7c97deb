"""Published policies: only ever added to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, Row, insert, select, text

from services.payout.policies import tables as schema
from services.payout.policies.kinds import kinds, model_of
from shared.pay.policy import Policy, Version


def lock(connection: Connection) -> None:
    """Let nobody else publish a policy until the transaction ends; who reads goes on."""
    connection.execute(text("select pg_advisory_xact_lock(hashtextextended('earnest.policies', 0))"))


def versions(connection: Connection, kind: str, *, policy_id: str | None = None) -> list[Version]:
    """The versions of a policy, or of all policies of a kind, by id and in the order of their publication."""
    columns = schema.policy.c
    found = select(schema.policy).where(columns.kind == kind).order_by(columns.id, columns.version)
    rows = connection.execute(found if policy_id is None else found.where(columns.id == policy_id))
    return [_version(row) for row in rows]


def every(connection: Connection) -> list[Version]:
    """All versions of all policies of the kinds that there are, by kind, id and version."""
    return [each for kind in kinds() for each in versions(connection, kind)]


def add(
    connection: Connection, policy: Policy, *, author: str, reason: str, now: datetime, before: Sequence[Version]
) -> Version:
    """Write the next version of a policy, after `before`; the caller has called `lock`."""
    added = Version(policy=policy, version=len(before) + 1, author=author, reason=reason, recorded_at=now)
    connection.execute(
        insert(schema.policy).values(
            kind=policy.kind,
            id=policy.id,
            version=added.version,
            valid_from=policy.valid_from,
            body=policy.body(),
            author=author,
            reason=reason,
            recorded_at=now,
        )
    )
    return added


def _version(row: Row[tuple[object, ...]]) -> Version:
    return Version(
        policy=model_of(row.kind).of(row.body),
        version=row.version,
        author=row.author,
        reason=row.reason,
        recorded_at=row.recorded_at,
    )
