"""When pay is paid: the pay date of a pay period, moved to a business day of the pay group's country."""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache

from dateutil.relativedelta import relativedelta
from holidays import HolidayBase, country_holidays

from shared.pay.calendars.policy import PayGroup


def pay_date(group: PayGroup, end: date) -> date:
    """The day on which the pay period that ends on `end` is paid."""
    earliest = end + timedelta(days=group.arrears_days)
    wanted = earliest if group.pay_day is None else _day_of_month(group.pay_day, earliest)
    days = _business_days(group.country, group.subdivision)
    if days.is_working_day(wanted):
        return wanted
    moved: date = days.get_nth_working_day(wanted, -1 if group.business_day == "before" else 1)
    # Moved before the end, pay would be paid before it is earned.
    return moved if moved >= end else days.get_nth_working_day(wanted, 1)


def ack_date(group: PayGroup, end: date, *, paid: date) -> date:
    """The last day on which payroll can acknowledge the file of a pay period; not before its end."""
    if group.acknowledge_days == 0:
        return paid
    days = _business_days(group.country, group.subdivision)
    return max(end, days.get_nth_working_day(paid, -group.acknowledge_days))


def _day_of_month(day: int, earliest: date) -> date:
    """The first such day of a month that is not before `earliest`; the last day of a month that has no such day."""
    of_month = earliest + relativedelta(day=day)
    return of_month if of_month >= earliest else earliest + relativedelta(months=1, day=day)


@lru_cache(maxsize=64)
def _business_days(country: str | None, subdivision: str | None) -> HolidayBase:
    """What knows the business days. It computes the years that it is asked about once, and keeps them."""
    return HolidayBase() if country is None else country_holidays(country, subdivision)
