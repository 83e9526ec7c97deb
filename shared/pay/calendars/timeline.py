"""The pay periods of a pay group whose policy changes: every day still lies in one, and no name is given twice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Final

from shared.pay.calendars.pay_periods import NoSuchPayPeriod, PayPeriod, pay_period, pay_period_at, pay_periods
from shared.pay.calendars.policy import PayGroup

DAY: Final = timedelta(days=1)
_A_YEAR_AND_MORE: Final = timedelta(days=400)
"""Names bear the number of a year, so that names further apart cannot be the same."""


def group_on(groups: Sequence[PayGroup], day: date) -> PayGroup | None:
    """The version of a pay group that holds on a day; `groups` are its versions in the order of their publication."""
    return next((group for group in reversed(groups) if group.valid_from <= day), None)


def ruling(groups: Sequence[PayGroup], day: date) -> PayGroup:
    """The version that rules a day: the one that holds on it, the first one before there was any."""
    return group_on(groups, day) or min(groups, key=lambda group: group.valid_from)


def pay_period_named(groups: Sequence[PayGroup], name: str) -> tuple[PayGroup, PayPeriod]:
    """The pay period of a name, and the version that rules it: the one that holds on its last day.

    Raises:
        NoSuchPayPeriod: there is none of this name, or another version held when it would have been.
    """
    refused: NoSuchPayPeriod | None = None
    # The newest version first: where two would name a pay period alike, the one that holds on its last day is meant.
    for group in reversed(groups):
        try:
            end = pay_period(group, name).end
        except NoSuchPayPeriod as error:
            refused = refused or error
            continue
        ruling = group_on(groups, end)
        if ruling is not None and ruling.calendar == group.calendar:
            return ruling, pay_period(ruling, name)
    raise refused or NoSuchPayPeriod(groups[-1], name, example=pay_period_at(groups[-1], groups[-1].valid_from).name)


def pay_periods_between(groups: Sequence[PayGroup], first: date, *, last: date) -> Iterator[PayPeriod]:
    """The pay periods that end from one day to another, both included, each by the version that rules it."""
    day = max(first, min(group.valid_from for group in groups))
    while day <= last:
        group = group_on(groups, day)
        assert group is not None
        end = pay_period_at(group, day).end
        # The version that holds on the last day rules it: a version that begins within the pay period sets its pay
        # date.
        period = pay_period_at(group_on(groups, end) or group, end)
        if period.end <= last:
            yield period
        day = period.end + DAY


def misfit(new: PayGroup, groups: Sequence[PayGroup]) -> str | None:
    """Why a new version cannot follow the ones that there are, as a sentence; None where it can.

    Another calendar begins where a pay period of both the old and the new one begins, and gives no name again that the
    old one gave.
    """
    before = group_on(groups, new.valid_from - DAY)
    if before is None or before.calendar == new.calendar:
        return None
    for calendar, group in (("calendar until then", before), ("new calendar", new)):
        holds = pay_period_at(group, new.valid_from)
        if holds.start != new.valid_from:
            return (
                f"another calendar begins with a pay period of both; {new.valid_from} lies inside {holds.name} of the "
                f"{calendar}, which is from {holds.start} to {holds.end}"
            )
    starts = new.valid_from
    given = {period.name for period in pay_periods(before, starts - _A_YEAR_AND_MORE, last=starts - DAY)}
    following = pay_periods(new, starts, last=starts + _A_YEAR_AND_MORE)
    if again := next((period.name for period in following if period.name in given), None):
        return f"the new calendar would name a second pay period {again}; let it begin with another year"
    return None
