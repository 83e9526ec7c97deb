"""Published policies: only ever added to. Which hold on a day, and the pay groups that they say there are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import TypeVar

from sqlalchemy import Connection, Row, insert, select, text

from services.payout.errors import NoSuchPayGroup
from services.payout.policies.kinds import kind_of, model_of, policy_kinds
from services.payout.policies.tables import policy as table
from shared.pay import policy as published
from shared.pay.calendars.policy import DEFAULT, PayGroup
from shared.pay.policy import Policy, Version

Kind = TypeVar("Kind", bound=Policy)


def lock(connection: Connection) -> None:
    """Let nobody else publish a policy until the transaction ends; who reads goes on.

    Versions are numbered without a gap, after a look at those that there are: one lock for all policies, since people
    publish by hand.
    """
    connection.execute(text("select pg_advisory_xact_lock(hashtextextended('earnest.policies', 0))"))


def versions(connection: Connection, kind: str, *, policy_id: str | None = None) -> list[Version]:
    """The versions of a policy, or of all policies of a kind, by id and in the order of their publication."""
    wanted = select(table).where(table.c.kind == kind).order_by(table.c.id, table.c.version)
    rows = connection.execute(wanted if policy_id is None else wanted.where(table.c.id == policy_id))
    return [_version(row) for row in rows]


def every(connection: Connection) -> list[Version]:
    """All versions of all policies of the kinds that there are, by kind, id and version."""
    return [version for kind in policy_kinds() for version in versions(connection, kind)]


def by_id(connection: Connection, kind: str) -> dict[str, list[Version]]:
    """The versions of every policy of a kind, in the order of their publication."""
    policies: dict[str, list[Version]] = {}
    for version in versions(connection, kind):
        policies.setdefault(version.policy.id, []).append(version)
    return policies


def over_time(connection: Connection, model: type[Kind]) -> Callable[[date], list[Kind]]:
    """The policies of a kind that hold on a day, whichever is asked for: all versions are read once."""
    policies = by_id(connection, kind_of(model)).values()

    def on(day: date) -> list[Kind]:
        held = [version.policy for each in policies if (version := published.in_force(each, day)) is not None]
        return [policy for policy in held if isinstance(policy, model)]

    return on


def in_force(connection: Connection, model: type[Kind], *, day: date) -> list[Kind]:
    """The policies of a kind that hold on a day: `in_force(connection, ApprovalPolicy, day=day)`."""
    return over_time(connection, model)(day)


def pay_groups(connection: Connection) -> dict[str, list[PayGroup]]:
    """The versions of every pay group by id, in the order of their publication; `default` is there also unpublished, as
    the first version, which those that are published replace from their day on.
    """
    groups = {DEFAULT.id: [DEFAULT]}
    for version in versions(connection, kind_of(PayGroup)):
        assert isinstance(version.policy, PayGroup)
        groups.setdefault(version.policy.id, []).append(version.policy)
    return groups


def pay_group(connection: Connection, group_id: str) -> list[PayGroup]:
    """The versions of one pay group.

    Raises:
        NoSuchPayGroup: no policy says how it is paid.
    """
    group = pay_groups(connection).get(group_id)
    if not group:
        raise NoSuchPayGroup(group_id)
    return group


def add(
    connection: Connection, policy: Policy, *, author: str, reason: str, now: datetime, before: Sequence[Version]
) -> Version:
    """Write the next version of a policy, after `before`; the caller has called `lock`."""
    added = Version(policy=policy, version=len(before) + 1, author=author, reason=reason, recorded_at=now)
    connection.execute(
        insert(table).values(
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
