"""The payroll profile that a pay group's files are written by."""

from __future__ import annotations

from datetime import date
from typing import Final

from sqlalchemy import Connection

from services.payout.errors import NoSuchProfile
from services.payout.payroll.policy import DEFAULT, PayrollProfile
from services.payout.policies.store import versions
from shared.pay.calendars.policy import PayGroup
from shared.pay.policy import in_force

_PLAIN: Final = f"{DEFAULT.id}/0"
"""The name of the plain CSV, which nobody published; versions that somebody did begin with 1."""


def profile_in_force(connection: Connection, group: PayGroup, *, day: date) -> tuple[str, PayrollProfile]:
    """The payroll profile of a pay group on a day with its version, as `adp-us/3`; the plain CSV where it names none.

    A day before the first version has that one: a company that publishes its profile late pays earlier months by it as
    well.

    Raises:
        NoSuchProfile: the group names one that nobody published.
    """
    if group.payroll_profile is None:
        return _PLAIN, DEFAULT
    published = versions(connection, "payroll_profile", policy_id=group.payroll_profile)
    if not published:
        raise NoSuchProfile(group.id, group.payroll_profile)
    version = in_force(published, day) or min(published, key=lambda each: (each.policy.valid_from, -each.version))
    assert isinstance(version.policy, PayrollProfile)
    return f"{version.policy.id}/{version.version}", version.policy


def profile_named(connection: Connection, name: str) -> PayrollProfile:
    """A version of a payroll profile, as `adp-us/3`: what a run was approved with stays what its files are written by."""
    if name == _PLAIN:
        return DEFAULT
    policy_id, _, number = name.partition("/")
    (profile,) = (
        version.policy
        for version in versions(connection, "payroll_profile", policy_id=policy_id)
        if version.version == int(number)
    )
    assert isinstance(profile, PayrollProfile)
    return profile
