"""The pay groups that policies say there are."""

from __future__ import annotations

from sqlalchemy import Connection

from services.payout.errors import NoSuchPayGroup
from services.payout.policies import store as policies
from shared.pay.calendars.policy import DEFAULT, PayGroup

KIND = "pay_group"


def pay_group(connection: Connection, group_id: str) -> list[PayGroup]:
    """The versions of a pay group in the order of their publication; `default` is there also unpublished.

    Raises:
        NoSuchPayGroup: no policy says how it is paid.
    """
    found = pay_groups(connection).get(group_id)
    if not found:
        raise NoSuchPayGroup(group_id)
    return found


def pay_groups(connection: Connection) -> dict[str, list[PayGroup]]:
    """The same of every pay group, by id."""
    found = {DEFAULT.id: [DEFAULT]}
    for each in policies.versions(connection, KIND):
        assert isinstance(each.policy, PayGroup)
        found.setdefault(each.policy.id, []).append(each.policy)
    return found
