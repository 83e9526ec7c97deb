"""The policies that hold on a date, of the kinds that runs need."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Final, TypeVar

from sqlalchemy import Connection

from services.payout.errors import NoSuchProfile
from services.payout.payroll.policy import DEFAULT as PLAIN
from services.payout.payroll.policy import PayrollProfile
from services.payout.policies.store import versions
from shared.pay.approval import ApprovalPolicy
from shared.pay.calendars.policy import PayGroup
from shared.pay.policy import Policy, Version, in_force
from shared.pay.terms.policy import PaymentTerms

Kind = TypeVar("Kind", bound=Policy)


def terms(connection: Connection) -> Callable[[date], list[PaymentTerms]]:
    """The payment terms that hold on a date, whichever is asked for: all versions are read once."""
    every = by_id(connection, "payment_terms")
    return lambda day: _held(every, day, kind=PaymentTerms)


def approvals(connection: Connection, day: date) -> list[ApprovalPolicy]:
    """The approvals that runs need on a date."""
    return _held(by_id(connection, "approval"), day, kind=ApprovalPolicy)


def profile(connection: Connection, group: PayGroup, *, day: date) -> tuple[str, PayrollProfile]:
    """The payroll profile of a pay group on a day with its version, as `adp-us/3`: the first one before there was any, the plain CSV
    where the group names none.

    Raises:
        NoSuchProfile: the group names one that nobody published.
    """
    if group.payroll_profile is None:
        return _PLAIN, PLAIN
    published = versions(connection, "payroll_profile", policy_id=group.payroll_profile)
    if not published:
        raise NoSuchProfile(group.id, group.payroll_profile)
    found = in_force(published, day) or min(published, key=lambda each: (each.policy.valid_from, -each.version))
    assert isinstance(found.policy, PayrollProfile)
    return f"{found.policy.id}/{found.version}", found.policy


def profile_named(connection: Connection, name: str) -> PayrollProfile:
    """A version of a payroll profile, as `adp-us/3`."""
    if name == _PLAIN:
        return PLAIN
    policy_id, _, number = name.partition("/")
    (found,) = (
        each.policy
        for each in versions(connection, "payroll_profile", policy_id=policy_id)
        if each.version == int(number)
    )
    assert isinstance(found, PayrollProfile)
    return found


_PLAIN: Final = f"{PLAIN.id}/0"
"""The plain CSV, which nobody published."""


def by_id(connection: Connection, kind: str) -> dict[str, list[Version]]:
    """The versions of every policy of a kind, in the order of their publication."""
    found: dict[str, list[Version]] = {}
    for each in versions(connection, kind):
        found.setdefault(each.policy.id, []).append(each)
    return found


def _held(every: dict[str, list[Version]], day: date, *, kind: type[Kind]) -> list[Kind]:
    held = [found.policy for each in every.values() if (found := in_force(each, day)) is not None]
    return [policy for policy in held if isinstance(policy, kind)]
