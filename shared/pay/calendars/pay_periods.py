"""The pay periods of a pay group, by date and by name: each day lies in exactly one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from shared.pay.calendars.business_days import ack_date, pay_date
from shared.pay.calendars.cycles import Span, first_of_year, span_of
from shared.pay.calendars.policy import PayGroup
from shared.periods import Month, last_day, next_period, period_of

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
    return _spans(group, first_of_year(group.calendar, year), last=following - timedelta(days=1))


def _spans(group: PayGroup, first: date, *, last: date) -> Iterator[Span]:
    """Pay periods that end from one day to another, before anybody asks when they are paid."""
    span = span_of(group.calendar, first)
    while span.end <= last:
        yield span
        span = span_of(group.calendar, span.end + timedelta(days=1))


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
