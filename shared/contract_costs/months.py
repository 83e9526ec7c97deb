"""Months as whole numbers, and how much of a benefit period has gone by at their ends.

Time is counted in half months, or in days by the convention `days`, so that all of it stays in whole numbers: what has
gone by and how long it is are the numerator and denominator of `asset x g / n` in docs/contract-costs.md.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta

from shared.contract_costs.policy import Convention
from shared.periods import month_number

MID_MONTH = 15
"""The last day on which a start still counts its month whole, by the convention `mid_month`."""


def month_end(month: int) -> date:
    """The last day of a month by its number: `shared.periods.last_day` without making a name of it first."""
    year, index = divmod(month, 12)
    return date(year, index + 1, monthrange(year, index + 1)[1])


def plus(start: date, months: int) -> date:
    """The same day some months later, or the last of its month where that has fewer days."""
    end = month_end(month_number(start) + months)
    return end.replace(day=min(start.day, end.day))


def gone(convention: Convention, start: date, *, month: int) -> int:
    """How much has gone by at the end of a month, from the start on: half months, or days."""
    if convention == "days":
        return max(0, (month_end(month) - start).days + 1)
    # Never less than nothing: what is capitalised before its service starts is carried whole until then.
    whole = month - month_number(start)
    if convention == "half":
        return max(0, 2 * whole + 1)  # half of the first month; the other half falls in a month more at the end
    counts = convention == "full" or (convention == "mid_month" and start.day <= MID_MONTH)
    return max(0, 2 * (whole + 1 if counts else whole))


def length(convention: Convention, start: date, *, months: int) -> int:
    """How long a period of some months from the start is, in the same units."""
    return (plus(start, months) - start).days if convention == "days" else 2 * months


def until(convention: Convention, start: date, *, end: date) -> int:
    """How long it is from the start up to and including a day; a month begun counts whole unless days are counted."""
    if end < start:
        return 0
    if convention == "days":
        return (end - start).days + 1
    after = end + timedelta(days=1)  # from the 31st through the 30th of a month later is one month, not two begun
    months = month_number(after) - month_number(start)
    return 2 * (months + 1 if plus(start, months) < after else months)
