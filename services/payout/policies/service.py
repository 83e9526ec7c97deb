"""Publishing a policy, within the caller's transaction: at once, or as a change that somebody else approves where it
controls money.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple, TypedDict

from sqlalchemy import Connection

from services.payout.deps import Dependencies
from services.payout.ledger import store_closings as closings
from services.payout.ledger.store_views import not_on_roster
from services.payout.policies import store
from services.payout.policies.kinds import policy_of
from services.payout.policies.publishing import is_new
from services.payout.roster.store import people
from shared.changes import Change
from shared.changes import store as changes
from shared.pay.calendars.policy import PayGroup
from shared.pay.policy import Policy, Version
from shared.pay.terms.policy import Member, PaymentTerms, names_without_anybody
from shared.periods import Month

CHANGE: Final = "policy"
"""The kind of changes by which policies that control money come."""


class Said(TypedDict):
    """Who says so, why and when."""

    author: str
    reason: str
    now: datetime


class Found(NamedTuple):
    """The versions of a policy that there are, and whether it would be a new one."""

    before: Sequence[Version[Any]]
    is_new: bool


def look(connection: Connection, policy: Policy) -> Found:
    """Whether the policy may be the next version, and is one. Until the transaction ends nobody else publishes, and
    months stay as open as they are.

    Raises:
        BeginsInClosedMonth, DoesNotFollow: see `publishing.is_new`.
    """
    # Months before policies: while a run closes one this waits, and who publishes for another group need not wait with
    # it.
    groups = _pay_groups_of(policy)
    _lock_months(connection, policy, groups=groups)
    store.lock(connection)
    before = store.versions(connection, type(policy), policy_id=policy.id)
    # A version for other people ends for them here, too: all that any of them is for has to be open.
    closed = _closed_through(connection, [groups, *(_pay_groups_of(version.policy) for version in before)])
    return Found(before, is_new(policy, before, closed_through=closed if policy.rules_pay else None))


def propose(
    connection: Connection, policy: Policy, *, expected: bool, author: str, reason: str, now: datetime
) -> Change:
    """Propose a version of a policy that controls money.

    Raises:
        ChangePending: another change of it waits.
    """
    return changes.propose(
        connection,
        kind=CHANGE,
        subject=f"{policy.kind}/{policy.id}",
        body={"policy": policy.body(), "expected": expected},
        reason=reason,
        by=[author],
        at=now,
    )


def publish_approved(deps: Dependencies, connection: Connection, change: Change) -> None:
    """Publish what an approved change says, if it still may be the next version.

    Raises:
        BeginsInClosedMonth, DoesNotFollow: since it was proposed a month was closed, or the calendar changed.
    """
    policy = policy_of(change.body["policy"])
    found = look(connection, policy)
    if found.is_new:
        (author,) = change.proposed_by
        said: Said = {"author": author, "reason": change.reason, "now": deps.now()}
        store.add(connection, policy, before=found.before, change=change, **said)


def _pay_groups_of(policy: Policy) -> tuple[str, ...]:
    """The pay groups outside of which a policy rules nobody's pay; empty where it may be anybody's."""
    if isinstance(policy, PayGroup):
        return (policy.id,)
    if isinstance(policy, PaymentTerms) and not (policy.applies_to.participants or policy.applies_to.plans):
        return policy.applies_to.pay_groups
    return ()


def _lock_months(connection: Connection, policy: Policy, *, groups: Sequence[str]) -> None:
    """Keep every month as open or closed as it is, for whom the policy may apply to, until the transaction ends."""
    if isinstance(policy, PayGroup):
        closings.lock_for_booking(connection, groups)
    else:
        closings.lock_all_for_booking(connection, groups)


def _closed_through(connection: Connection, ruled: Sequence[Sequence[str]]) -> Month | None:
    """The last month that any of the pay groups has closed for good; of all groups, where one of these is for
    anybody.
    """
    groups = {group for each in ruled for group in each} if all(ruled) else None
    closed = closings.last_closed(connection)
    return max((month for group, month in closed.items() if groups is None or group in groups), default=None)


def names_nobody(connection: Connection, policy: Policy) -> list[str]:
    """Whom payment terms name, and nobody is from their first day on, as far as is known."""
    if not isinstance(policy, PaymentTerms):
        return []
    first = policy.valid_from
    everybody = people(connection) | people(connection, not_on_roster(connection))
    members = [
        Member(who, home.plan, home.pay_group)
        for who, person in everybody.items()
        for day in {first, *(setting.day for setting in person.settings() if setting.day > first)}
        if person.days_there(day, day) and (home := person.at(day))
    ]
    return [
        f"{reference.field}: nobody is {_BEING[reference.what]} {reference.name} from {first} on"
        for reference in names_without_anybody(policy, members)
    ]


_BEING: Final = {"participant": "there as", "plan": "on the plan", "pay_group": "in the pay group"}
