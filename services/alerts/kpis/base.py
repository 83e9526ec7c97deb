"""What a KPI is, and what its formula looks at: sums from one point of view, or the pipeline's health."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import ClassVar, Final, Literal, NamedTuple

from services.alerts.kpis.sums import DealSum, EarningSum, Totals
from shared.periods import Month, first_day, last_day, period_of, previous_period

WINDOW_DAYS: Final = 30
"""Deals are looked at over a month's length: a month so far has too few of them, for much of a month closes in its last
days.
"""

QUARTER: Final = 3
"""Months: what is earned follows what is won by up to a pay period, and over a quarter that evens out."""

_DIGITS: Final = Decimal("0.000001")
_SATURDAY: Final = 5


class Measurement(NamedTuple):
    """What a formula gives: the value, None where there is nothing to divide by, and how many observations it rests
    on.
    """

    value: Decimal | None
    observations: int


@dataclass(frozen=True, slots=True)
class Viewpoint:
    """The sums, looked at for a currency (empty: the whole company) on a business date."""

    totals: Totals
    currency: str
    as_of: date

    def closed(self, measured: DealSum, first: date, *, last: date) -> int:
        """A sum over the deals that closed from the first to the last day."""
        return sum(
            sums.get(measured.name, 0)
            for (day, currency), sums in self.totals.days.items()
            if first <= day <= last and self.currency in ("", currency)
        )

    def closed_lately(self, measured: DealSum) -> int:
        """A sum over the deals that closed in the last 30 days."""
        return self.closed(measured, self.as_of - timedelta(days=WINDOW_DAYS - 1), last=self.as_of)

    def earned(self, measured: EarningSum, *periods: Month) -> int:
        """A sum over the earnings of some months. Whole companies earn in several currencies, which are never added
        up.
        """
        return sum(self.totals.months.get((period, self.currency), {}).get(measured.name, 0) for period in periods)

    @property
    def period(self) -> Month:
        """The month of the date."""
        return period_of(self.as_of)


class PipelineHealth(NamedTuple):
    """How far events get: the age of the oldest that waits to be counted, how many wait, and dead letters of all
    workers.
    """

    lag_seconds: Decimal
    waiting: int
    dead_letters_open: int
    dead_letters_ever: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Kpi:
    """A figure that is watched, with one static threshold.

    `position` orders KPIs on pages and in lists; gaps leave room. `bad` says on which side of the threshold there is
    trouble. Fewer observations than `minimum` give no value; `observed` says what they are. A breach opens an alert
    when it lasts for `patience` business dates in a row. `meaning` and `action` go with it: how it is calculated, and
    what to do.
    """

    about: ClassVar[Literal["plan", "road"]]
    """Whom an alert calls: those who design the plan, or those who keep events flowing. Alertmanager routes by it."""

    name: str
    position: int
    title: str
    unit: Literal["ratio", "seconds", "records"]
    bad: Literal["above", "below"]
    threshold: Decimal
    observed: str
    meaning: str
    action: str
    by_currency: bool = True
    minimum: int = 0
    patience: int = 1
    severity: Literal["warning", "critical"] = "warning"

    def breached(self, value: Decimal) -> bool:
        """Whether the value lies on the bad side of the threshold; the threshold itself is good."""
        return value > self.threshold if self.bad == "above" else value < self.threshold


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanKpi(Kpi):
    """A KPI of the plan: a formula over sums. `sums` are all that it looks at, `months` how far back from its date, the
    date's included.
    """

    about = "plan"

    sums: tuple[DealSum | EarningSum, ...]
    formula: Callable[[Viewpoint], Measurement]
    months: int = QUARTER


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineKpi(Kpi):
    """A KPI of the pipeline of events."""

    about = "road"

    formula: Callable[[PipelineHealth], Measurement]
    by_currency: bool = False
    severity: Literal["warning", "critical"] = "critical"


def ratio(numerator: int, denominator: int) -> Decimal | None:
    """A quotient of sums, to six decimals for people; None where there is nothing to divide by."""
    return (Decimal(numerator) / Decimal(denominator)).quantize(_DIGITS) if denominator > 0 else None


def trailing_months(as_of: date, count: int) -> list[Month]:
    """The last so many months of a date, its own last."""
    months = [period_of(as_of)]
    while len(months) < count:
        months.insert(0, previous_period(months[0]))
    return months


def is_business_day(day: date) -> bool:
    """Monday to Friday. A company sells in many countries with holidays of their own: over a month they matter
    little.
    """
    return day.weekday() < _SATURDAY


def business_days(first: date, last: date) -> int:
    """How many business days there are from the first to the last date."""
    return sum(is_business_day(first + timedelta(days=offset)) for offset in range((last - first).days + 1))


def business_days_of(period: Month) -> int:
    """How many business days a month has."""
    return business_days(first_day(period), last_day(period))
