"""What a plan may leave open and people read in two ways. Each has a default; `earnest plan check` names those left
unsaid."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Literal, cast

from pydantic import Field, model_validator

from shared.contracts.base import YEARS, CurrencyCode, PlausibleDate
from shared.kernel.arithmetic.exact_column import Mode
from shared.kernel.language.values import CurrencyRate, PlanPart


class Conventions(PlanPart):
    """How a plan is to be read where its words allow two readings."""

    boundary: Literal["lower", "upper"] = "lower"
    """Which tier a value exactly on a boundary belongs to: the one that ends there (`lower`) or the one that begins
    there."""
    rounding: Mode = "half_up"
    """How pay is rounded to the currency's smallest unit."""
    round_on: Literal["total", "deal"] = "total"
    """`total` rounds once, the pay of the window so far; `deal` rounds what each deal pays at a flat rate, and sums
    that."""
    order: Literal["date", "smallest_first", "largest_first"] = "date"
    """In which order the deals of a period climb the tiers; it moves pay between deals, never the sum."""
    zero_quota: Literal["refuse", "nothing", "full"] = "refuse"
    """Without a quota above zero: name it as a problem and pay nothing, take the attainment as 0%, or as 100%."""
    negative: Literal["pays_back", "nothing"] = "pays_back"
    """A measure below zero pays back at the first rate, or counts as zero."""
    leavers: Literal["paid_to_the_last_day", "nothing_in_the_last_period"] = "paid_to_the_last_day"
    """Who left within a period is paid for the deals until then, or nothing of that period."""
    versions: Literal["restart", "continue"] = "restart"
    """When a new version begins within a window, sums begin anew, or go on and only what is added is paid by the new
    version."""


class ExchangeRate(PlanPart):
    """What one unit of a currency is worth in the plan's currency, from a date on."""

    currency: CurrencyCode
    """The currency that is converted."""
    effective_from: PlausibleDate = Field(alias="from", default=date(1900, 1, 1))
    """The day from which the rate holds."""
    rate: CurrencyRate | None = None
    """What one unit of it is worth in the plan's currency: 0.00003929, where 1 VND is that many USD."""
    units: CurrencyRate | None = None
    """Or how many units of it one unit of the plan's currency is worth: 25450, where 1 USD is that many VND."""

    @model_validator(mode="after")
    def _in_one_way(self) -> ExchangeRate:
        if (self.rate is None) == (self.units is None):
            raise ValueError(
                f"{self.currency} has either a rate, what one of it is worth, or units, how many of it one of the"
                " plan's"
                " currency is worth"
            )
        return self

    @property
    def worth(self) -> Fraction:
        """What one unit of it is worth in the plan's currency, exactly."""
        return 1 / Fraction(self.units) if self.units is not None else Fraction(cast(Decimal, self.rate))


class Exchange(PlanPart):
    """How deals in other currencies are credited: at the latest rate on or before the credit date, kept with the
    credit."""

    source: str = Field(min_length=1, max_length=200)
    """Where the rates come from, for people."""
    rates: tuple[ExchangeRate, ...] = Field(min_length=1, max_length=20_000)
    """The rates, by currency and day."""


class CalendarTerms(PlanPart):
    """The fiscal calendar: the month in which the year begins, or weeks (`4-4-5`) from a first day of the year."""

    year_starts: int = Field(default=1, ge=1, le=12)
    """The month in which the fiscal year begins, 1 to 12."""
    weeks: Literal["4-4-5", "4-5-4", "5-4-4"] | None = None
    """How the weeks of a quarter are divided among its periods, instead of calendar months."""
    first_day: PlausibleDate | None = None
    """With `weeks`: the first day of some fiscal year; every year has 52 weeks, and those in `long_years` 53."""
    long_years: tuple[Annotated[int, Field(ge=YEARS[0], le=YEARS[-1])], ...] = ()
    """The fiscal years of 53 weeks, by their numbers."""
    long_period: int = Field(default=12, ge=1, le=12)
    """With `long_years`: which period of such a year is a week longer, 1 to 12."""
    named_after: Literal["start", "end"] | None = None
    """Whether a fiscal year bears the number of the calendar year in which it starts or ends; without it, where most of
    it lies."""

    @model_validator(mode="after")
    def _weeks_begin_somewhere(self) -> CalendarTerms:
        if (self.weeks is None) != (self.first_day is None):
            raise ValueError(
                "a calendar of weeks has a first_day, the first day of some fiscal year; one of months has none"
            )
        return self


Reset = Literal["month", "quarter", "half_year", "year", "never"]
"""After which time a sum begins anew."""
RESETS: tuple[Reset, ...] = ("month", "quarter", "half_year", "year", "never")
"""From the shortest to the longest."""
Window = Reset | int
"""Over which time a sum adds up: until it begins anew, or over so many fiscal periods, the last of which is the one at
which it is looked at."""

__all__ = ["RESETS", "CalendarTerms", "Conventions", "Exchange", "ExchangeRate", "Reset", "Window"]
