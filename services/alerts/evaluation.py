"""From sums to readings: the value of every KPI as of a business date, and whether it is in breach.

Evaluation looks at facts and dates only, never at a clock: the same facts give the same readings at any time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

from services.alerts import kpis
from services.alerts.kpis import Kpi
from services.alerts.totals import DaySums, PeriodSums, Totals
from shared.periods import first_day, last_day, period_of

WINDOW = timedelta(days=30)
QUARTER = 3
"""Months in a trailing quarter."""

FIRST_PACE_DAY = 10
"""Business days a month must have seen before its pace means something: much of a month closes in its last days."""

_DIGITS = Decimal("0.000001")


class Reading(NamedTuple):
    """A KPI in one currency (empty: of the whole company). `value` is None where there are too few observations.

    `breached` is None where nothing can be said.
    """

    kpi: str
    currency: str
    value: Decimal | None
    observations: int
    breached: bool | None


class Operations(NamedTuple):
    """How the road itself is doing: the age of the oldest waiting event, how many wait, and dead letters."""

    lag_seconds: Decimal
    waiting: int
    dead_letters_open: int
    dead_letters_ever: int


Value = tuple[Decimal | None, int]
Measured = Callable[[Totals, str, date], Value]


def evaluate_plan(totals: Totals, as_of: date) -> list[Reading]:
    """Readings of the KPIs of the plan; `totals` reach from `needed_from(as_of)` to the end of the month of `as_of`."""
    currencies = sorted(
        ({currency for _, currency in totals.days} | {currency for _, currency in totals.months}) - {""}
    )
    readings = [_read(kpi, of, totals, currency, as_of) for kpi, of in _BY_CURRENCY for currency in currencies]
    return [*readings, _read(kpis.WIN_RATE, _win_rate, totals, "", as_of)]


def evaluate_operations(operations: Operations) -> list[Reading]:
    """Readings of the KPIs of the road."""
    lag, letters = operations.lag_seconds, Decimal(operations.dead_letters_open)
    return [
        Reading(kpis.EVENT_LAG.name, "", lag, operations.waiting, kpis.EVENT_LAG.breached(lag)),
        Reading(kpis.DEAD_LETTERS.name, "", letters, operations.dead_letters_ever, kpis.DEAD_LETTERS.breached(letters)),
    ]


def quarter(as_of: date) -> list[str]:
    """The periods of the trailing quarter, the current one last."""
    last = as_of.year * 12 + as_of.month - 1
    return [period_of(date(month // 12, month % 12 + 1, 1)) for month in range(last - QUARTER + 1, last + 1)]


def needed_from(as_of: date) -> date:
    """The first business date that a reading as of this date looks at: a quarter reaches further back than any window."""
    return first_day(quarter(as_of)[0])


def _read(kpi: Kpi, measured: Measured, totals: Totals, currency: str, as_of: date) -> Reading:
    value, observations = measured(totals, currency, as_of)
    return Reading(kpi.name, currency, value, observations, _lasting(kpi, measured, totals, currency, as_of))


def _lasting(kpi: Kpi, measured: Measured, totals: Totals, currency: str, as_of: date) -> bool | None:
    """Whether the breach has lasted for the KPI's patience, looking back over business dates on what is known now."""
    unknown = False
    for day in _business_dates(as_of, kpi.patience):
        value, _ = measured(totals, currency, day)
        if value is None:
            unknown = True
        elif not kpi.breached(value):
            return False
    return None if unknown else True


def _business_dates(as_of: date, count: int) -> list[date]:
    """The date itself, then the business days before it, newest first."""
    dates = [as_of]
    while len(dates) < count:
        day = dates[-1] - timedelta(days=1)
        while day.weekday() >= 5:
            day -= timedelta(days=1)
        dates.append(day)
    return dates


def _attainment_pace(totals: Totals, currency: str, as_of: date) -> Value:
    period = period_of(as_of)
    sums = totals.months.get((period, currency), PeriodSums())
    passed = _business_days(first_day(period), as_of)
    if sums.with_quota < kpis.ATTAINMENT_PACE.minimum or passed < FIRST_PACE_DAY:
        return None, sums.with_quota
    whole = _business_days(first_day(period), last_day(period))
    return _ratio(sums.measure * whole, sums.quota * passed), sums.with_quota


def _cost_of_sales(totals: Totals, currency: str, as_of: date) -> Value:
    periods = quarter(as_of)
    earned = sum(totals.months.get((period, currency), PeriodSums()).amount for period in periods)
    closed = list(_closed(totals, first_day(periods[0]), last_day(periods[-1]), currency))
    won, revenue = sum(sums.won for sums in closed), sum(sums.revenue for sums in closed)
    return (_ratio(earned, revenue) if won >= kpis.COST_OF_SALES.minimum else None), won


def _average_discount(totals: Totals, currency: str, as_of: date) -> Value:
    closed = list(_closed(totals, as_of - WINDOW + timedelta(days=1), as_of, currency))
    listed, price = sum(sums.listed for sums in closed), sum(sums.list_amount for sums in closed)
    given = price - sum(sums.net_amount for sums in closed)
    return (_ratio(given, price) if listed >= kpis.AVERAGE_DISCOUNT.minimum else None), listed


def _win_rate(totals: Totals, currency: str, as_of: date) -> Value:
    closed = list(_closed(totals, as_of - WINDOW + timedelta(days=1), as_of, currency))
    won = sum(sums.won for sums in closed)
    count = won + sum(sums.lost for sums in closed)
    return (_ratio(won, count) if count >= kpis.WIN_RATE.minimum else None), count


def _closed(totals: Totals, first: date, last: date, currency: str) -> Iterator[DaySums]:
    """The sums of the days from first to last in a currency, or in all of them where it is empty."""
    for (day, held_in), sums in totals.days.items():
        if first <= day <= last and currency in ("", held_in):
            yield sums


def _business_days(first: date, last: date) -> int:
    days = (first + timedelta(days=offset) for offset in range((last - first).days + 1))
    return sum(day.weekday() < 5 for day in days)


def _ratio(numerator: int, denominator: int) -> Decimal | None:
    return (Decimal(numerator) / Decimal(denominator)).quantize(_DIGITS) if denominator > 0 else None


_BY_CURRENCY: tuple[tuple[Kpi, Measured], ...] = (
    (kpis.ATTAINMENT_PACE, _attainment_pace),
    (kpis.COST_OF_SALES, _cost_of_sales),
    (kpis.AVERAGE_DISCOUNT, _average_discount),
)
