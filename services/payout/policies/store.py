"""Published policies: only ever added to. Which hold on a day, the pay groups that they say there are, and what
settings can name.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import date, datetime
from typing import Any, TypeVar

from sqlalchemy import Connection, Row, insert, select, text

from services.payout.errors import NoSuchPayGroup
from services.payout.ledger.store_views import not_on_roster
from services.payout.policies.kinds import kind_of, model_of, policy_kinds
from services.payout.policies.references import Known
from services.payout.policies.tables import policy as table
from services.payout.roster.store import people
from services.payout.tables import change_decision
from shared.changes import Change
from shared.pay.calendars.policy import DEFAULT, PayGroup
from shared.pay.deal_facts import DealSource
from shared.pay.policy import Policy, Version, in_force

PolicyT = TypeVar("PolicyT", bound=Policy)


def lock(connection: Connection) -> None:
    """Let nobody else publish a policy until the transaction ends; who reads goes on.

    Versions are numbered without a gap, after a look at those that there are: one lock for all policies, since people
    publish by hand.
    """
    connection.execute(text("select pg_advisory_xact_lock(hashtextextended('earnest.policies', 0))"))


def versions(connection: Connection, model: type[PolicyT], *, policy_id: str | None = None) -> list[Version[PolicyT]]:
    """The versions of a policy, or of all policies of a kind, by id and in the order of their publication."""
    approved = table.outerjoin(change_decision, change_decision.c.change == table.c.change)
    wanted = select(table, change_decision.c.decided_by).select_from(approved).where(table.c.kind == kind_of(model))
    wanted = wanted.order_by(table.c.id, table.c.version)
    rows = connection.execute(wanted if policy_id is None else wanted.where(table.c.id == policy_id))
    return [_version(row, model) for row in rows]


def every(connection: Connection) -> list[Version[Policy]]:
    """All versions of all policies of the kinds that there are, by kind, id and version."""
    return [version for model in policy_kinds().values() for version in versions(connection, model)]


def by_id(connection: Connection, model: type[PolicyT]) -> dict[str, list[Version[PolicyT]]]:
    """The versions of every policy of a kind, in the order of their publication."""
    policies: dict[str, list[Version[PolicyT]]] = {}
    for version in versions(connection, model):
        policies.setdefault(version.policy.id, []).append(version)
    return policies


def over_time(connection: Connection, model: type[PolicyT]) -> Callable[[date], list[PolicyT]]:
    """The policies of a kind that hold on a day, whichever is asked for: all versions are read once."""
    policies = by_id(connection, model).values()

    def on(day: date) -> list[PolicyT]:
        return [version.policy for published in policies if (version := in_force(published, day)) is not None]

    return on


def pay_groups(connection: Connection) -> dict[str, list[PayGroup]]:
    """The versions of every pay group by id, in the order of their publication; `default` is there also unpublished, as
    the first version, which those that are published replace from their day on.
    """
    groups = {DEFAULT.id: [DEFAULT]}
    for version in versions(connection, PayGroup):
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
    connection: Connection,
    policy: PolicyT,
    *,
    author: str,
    reason: str,
    now: datetime,
    before: Sequence[Version[Any]],
    change: Change | None = None,
) -> Version[PolicyT]:
    """Write the next version of a policy, after `before`, by an approved `change` where it takes two people; the caller
    has called `lock`.
    """
    added = Version(
        policy=policy,
        version=len(before) + 1,
        author=author,
        reason=reason,
        recorded_at=now,
        change=change.id if change else None,
        approved_by=change.decision.by if change and change.decision else None,
    )
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
            change=added.change,
        )
    )
    return added


def _version(row: Row[tuple[object, ...]], model: type[PolicyT]) -> Version[PolicyT]:
    return Version(
        policy=model.of(row.body),
        version=row.version,
        author=row.author,
        reason=row.reason,
        recorded_at=row.recorded_at,
        change=row.change,
        approved_by=row.decided_by,
    )


def referents(
    connection: Connection,
    deals: DealSource,
    *,
    roles: Callable[[], Collection[str]],
    hosts: Callable[[Collection[str]], Collection[str]],
) -> Known:
    """By what settings can name, which there are, as the database, the keys (`roles`), scoring (`deals`) and the
    installation's list of hosts know it.

    Legal entities and cost centers are what the roster and pay groups call so; where these name none yet, whatever is
    named is there.
    """

    def published(kind: str) -> Callable[[Collection[str]], Collection[str]]:
        return lambda _: by_id(connection, model_of(kind)).keys()

    return {
        "payroll_profile": published("payroll_profile"),
        "delivery": published("delivery"),
        "delivery host": hosts,
        "pay_group": lambda _: pay_groups(connection).keys(),
        "plan": lambda _: deals.plans(),
        "participant": lambda _: people(connection).keys() | {*not_on_roster(connection)},
        "deal": lambda named: deals.known(sorted(named)),
        "role": lambda _: roles(),
        "legal entity": lambda named: legal_entities(connection) or named,
        "cost center": lambda named: _of_roster(connection, "cost_center") or named,
    }


def legal_entities(connection: Connection) -> set[str]:
    """The legal entities that the roster puts people in, and pay groups."""
    groups = (group for versions in pay_groups(connection).values() for group in versions)
    return _of_roster(connection, "entity") | {group.entity for group in groups if group.entity}


def _of_roster(connection: Connection, attribute: str) -> set[str]:
    settings = (setting for person in people(connection).values() for setting in person.settings())
    return {str(setting.value) for setting in settings if setting.attribute == attribute and setting.value}
