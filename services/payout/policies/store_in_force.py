"""The policies that hold on a date, of the kinds that runs need."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import TypeVar

from sqlalchemy import Connection

from services.payout.policies.store import versions
from shared.pay.approval import ApprovalPolicy
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


def by_id(connection: Connection, kind: str) -> dict[str, list[Version]]:
    """The versions of every policy of a kind, in the order of their publication."""
    found: dict[str, list[Version]] = {}
    for each in versions(connection, kind):
        found.setdefault(each.policy.id, []).append(each)
    return found


def _held(every: dict[str, list[Version]], day: date, *, kind: type[Kind]) -> list[Kind]:
    held = [found.policy for each in every.values() if (found := in_force(each, day)) is not None]
    return [policy for policy in held if isinstance(policy, kind)]
