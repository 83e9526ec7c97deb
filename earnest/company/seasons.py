"""When deals close: on weekdays, towards the end of the month, and most of all towards the end of the quarter."""

from __future__ import annotations

from datetime import date, timedelta

from shared.periods import Month, first_day, last_day

WEEKDAYS = (95, 110, 110, 105, 80, 2, 1)
"""How likely a close is on each day of the week, Monday first."""
MONTHS = (84, 94, 124, 88, 98, 122, 86, 80, 122, 92, 98, 132)
"""How much is sold in each month of the year, in percent: quarters end strong, August is quiet."""
FIRST_MONTHS = (40, 65, 85)
"""How much a newcomer sells in the first months, in percent."""
RUN_IN_DAYS = 6
"""The last days of a month, in which what is due gets signed."""


def closing_days(period: Month) -> tuple[list[date], list[int]]:
    """The days of a month with how likely a deal closes on each."""
    last = last_day(period)
    days = [first_day(period) + timedelta(number) for number in range(last.day)]
    return days, [WEEKDAYS[day.weekday()] * _run_in(day, last) for day in days]


def _run_in(day: date, last: date) -> int:
    left = (last - day).days
    if left >= RUN_IN_DAYS:
        return 10
    return (34 if last.month % 3 == 0 else 22) - 2 * left


def closes(month: date, usual: int, *, since: date, founded: date, luck: int) -> int:
    """How many deals a seller brings to an end in the month that begins on `month`.

    Args:
        usual: what an experienced seller does in an average month.
        since: when the seller came; the first months are slow.
        founded: the company's first day; whoever was there from the beginning is no newcomer.
        luck: percent of the expected number.
    """
    months = max(0, (month - since).days // 30)  # about: nobody notices a day more or less
    ramp = 100 if since <= founded or months >= len(FIRST_MONTHS) else FIRST_MONTHS[months]
    return usual * MONTHS[month.month - 1] * ramp * luck // 1_000_000
