"""The pay periods of a pay group, by date and by name, also where its policy changes: each day lies in exactly one, and
no name is given twice.

First those of one version of the group, with the business days on which they are paid; then those of all its versions.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from dateutil.relativedelta import relativedelta

from shared.calendars import business_days
from shared.calendars.fiscal import DAY
from shared.pay.calendars.cycles import Span, first_of_year, span_of
from shared.pay.calendars.policy import PayGroup
from shared.periods import Month, last_day, next_period, period_of

_A_YEAR_AND_MORE: Final = timedelta(days=400)
"""Names bear the number of a year, so that names further apart cannot be the same."""
_NAME: Final = re.compile(r"(?:FY)?([0-9]{4})-[A-Z0-9-]{1,6}")


class NoSuchPayPeriod(LookupError):
    """The pay group has no pay period of this name."""

    def __init__(self, group: PayGroup, name: str, *, example: str) -> None:
        super().__init__(f"the pay group {group.id} has no pay period {name!r}; they are named as {example}")
        self.group, self.name, self.example = group.id, name, example


@dataclass(frozen=True, slots=True, kw_only=True)
class PayPeriod:
    """A pay period: both days are part of it. `cut_off` is the last day on which payroll can acknowledge its file."""

    name: str
    start: date
    end: date
    pay_date: date
    cut_off: date

    @property
    def months(self) -> tuple[Month, ...]:
        """The accounting months that the pay period closes: those whose last day lies in it."""
        return tuple(_months_ending(self.start, self.end))


def pay_period_at(group: PayGroup, day: date) -> PayPeriod:
    """The pay period in which a day lies."""
    return _with_dates(group, span_of(group.calendar, day))


def pay_periods(group: PayGroup, first: date, *, last: date) -> Iterator[PayPeriod]:
    """The pay periods that end from one day to another, both included, in order."""
    return (_with_dates(group, span) for span in _spans(group, first, last=last))


def pay_period(group: PayGroup, name: str) -> PayPeriod:
    """The pay period of a name.

    Raises:
        NoSuchPayPeriod: there is none.
    """
    form = _NAME.fullmatch(name)
    year = int(form[1]) if form else 0
    if 1900 < year < 2199:
        for span in _spans_of_year(group, year):
            if span.name == name:
                return _with_dates(group, span)
    raise NoSuchPayPeriod(group, name, example=span_of(group.calendar, date(2026, 6, 15)).name)


def _spans_of_year(group: PayGroup, year: int) -> Iterator[Span]:
    following = first_of_year(group.calendar, year + 1)
    return _spans(group, first_of_year(group.calendar, year), last=following - DAY)


def _spans(group: PayGroup, first: date, *, last: date) -> Iterator[Span]:
    """Pay periods that end from one day to another, before anybody asks when they are paid."""
    span = span_of(group.calendar, first)
    while span.end <= last:
        yield span
        span = span_of(group.calendar, span.end + DAY)


def _with_dates(group: PayGroup, span: Span) -> PayPeriod:
    paid = pay_date(group, span.end)
    return PayPeriod(
        name=span.name, start=span.start, end=span.end, pay_date=paid, cut_off=ack_date(group, span.end, paid=paid)
    )


def _months_ending(start: date, end: date) -> Iterator[Month]:
    month = period_of(start)
    while last_day(month) <= end:
        yield month
        month = next_period(month)


def pay_date(group: PayGroup, end: date) -> date:
    """The day on which the pay period that ends on `end` is paid."""
    earliest = end + timedelta(days=group.arrears_days)
    wanted = earliest if group.pay_day is None else _day_of_month(group.pay_day, earliest)
    days = business_days(group.country, group.subdivision)
    if days.is_business_day(wanted):
        return wanted
    moved = days.moved(wanted, -1 if group.business_day == "before" else 1)
    # Moved before the end, pay would be paid before it is earned.
    return moved if moved >= end else days.moved(wanted, 1)


def off_cycle_pay_date(group: PayGroup, earliest: date) -> date:
    """The day on which a run outside the calendar is paid: the first business day from a day on."""
    days = business_days(group.country, group.subdivision)
    return earliest if days.is_business_day(earliest) else days.moved(earliest, 1)


def ack_date(group: PayGroup, end: date, *, paid: date) -> date:
    """The last day on which payroll can acknowledge the file of a pay period; not before its end."""
    if group.acknowledge_days == 0:
        return paid
    days = business_days(group.country, group.subdivision)
    return max(end, days.moved(paid, -group.acknowledge_days))


def _day_of_month(day: int, earliest: date) -> date:
    """The first such day of a month that is not before `earliest`; the last day of a month that has no such day."""
    of_month = earliest + relativedelta(day=day)
    return of_month if of_month >= earliest else earliest + relativedelta(months=1, day=day)


def group_on(groups: Sequence[PayGroup], day: date) -> PayGroup | None:
    """The version of a pay group that holds on a day; `groups` are its versions in the order of their publication."""
    return next((group for group in reversed(groups) if group.valid_from <= day), None)


def ruling(groups: Sequence[PayGroup], day: date) -> PayGroup:
    """The version that rules a day: the one that holds on it, the first one before there was any."""
    return group_on(groups, day) or min(groups, key=lambda group: group.valid_from)


def pay_period_on(groups: Sequence[PayGroup], day: date) -> PayPeriod:
    """The pay period in which a day lies, by the version that rules the day."""
    return pay_period_at(ruling(groups, day), day)


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
        holder = group_on(groups, end)
        if holder is not None and holder.calendar == group.calendar:
            return holder, pay_period(holder, name)
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
