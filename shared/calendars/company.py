"""A company's calendar: where its business days are those of, and its fiscal year; and where in it many dates lie."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt
from pydantic import field_validator, model_validator

from shared.calendars.business_days import BusinessDays, business_days
from shared.calendars.days import Counts, Days, as_days
from shared.calendars.fiscal import (
    PERIODS_IN_QUARTER,
    PERIODS_IN_YEAR,
    CalendarPart,
    FiscalCalendar,
    FiscalMonths,
    fiscal_periods,
)
from shared.periods import month_number

Span = Literal["month", "period", "quarter", "year"]
"""A calendar month, or what a fiscal calendar is made of: period, quarter, year. Of a fiscal year of months a period
is a month."""

_PERIODS: Final[dict[Span, int]] = {"period": 1, "quarter": PERIODS_IN_QUARTER, "year": PERIODS_IN_YEAR}
_EPOCH: Final = month_number(date(1970, 1, 1))
_DAY: Final = np.timedelta64(1, "D")

Dates = Sequence[date] | npt.NDArray[Any]


class CompanyCalendar(CalendarPart):
    """The days on which a company works, and its fiscal year.

    What is asked of dates takes many at once and gives an array of as many whole numbers or days.
    """

    country: str | None = None
    """ISO 3166 code of the country whose public holidays and weekends are no business days, such as US. Without it
    Saturday and Sunday are no business days, and there are no holidays."""
    subdivision: str | None = None
    """ISO 3166-2 code of the country's part with holidays of its own, without the country: CA, BY."""
    fiscal: FiscalCalendar = FiscalMonths()
    """The fiscal year, of calendar months or of weeks."""

    @field_validator("country")
    @classmethod
    def _is_known(cls, country: str | None) -> str | None:
        business_days(country)
        return country

    @model_validator(mode="after")
    def _has_the_part(self) -> CompanyCalendar:
        business_days(self.country, self.subdivision)
        return self

    @property
    def business_days(self) -> BusinessDays:
        """The business days of the place."""
        return business_days(self.country, self.subdivision)

    def numbers(self, dates: Dates, span: Span) -> Counts:
        """Of each date the number of the span in which it lies; the span that follows has the next number."""
        days = as_days(dates)
        if span == "month":
            return _EPOCH + days.astype("datetime64[M]").astype(np.int64)
        return fiscal_periods(self.fiscal).of(days) // _PERIODS[span]

    def bounds(self, dates: Dates, span: Span) -> tuple[Days, Days]:
        """Of each date the first and the last day of the span in which it lies."""
        numbers = self.numbers(dates, span)
        return self._first_days(numbers, span), self._first_days(numbers + 1, span) - _DAY

    def day_of(self, dates: Dates, span: Span) -> Counts:
        """Of each date the how manieth day of its span it is, from 1."""
        first, _ = self.bounds(dates, span)
        return (as_days(dates) - first).astype(np.int64) + 1

    def business_days_passed(self, dates: Dates, span: Span) -> Counts:
        """How many business days of its span have passed with each date, the date included."""
        first, _ = self.bounds(dates, span)
        return self.business_days.count(first, as_days(dates))

    def business_days_left(self, dates: Dates, span: Span) -> Counts:
        """How many business days of its span come after each date: none after the last business day."""
        days = as_days(dates)
        _, last = self.bounds(days, span)
        return self.business_days.count(days + _DAY, last)

    def turns(self, dates: Dates) -> tuple[Days, Counts]:
        """Of each date the last day of the fiscal quarter whose end is nearest, and how many business days after it the
        date lies: from 1 on in the quarter that has begun, 0 and less in the one that ends.
        """
        days = as_days(dates)
        first, last = self.bounds(days, "quarter")
        begins = days - first < last - days
        after = np.maximum(self.business_days_passed(days, "quarter"), 1)  # nothing has passed on its first weekend
        return np.where(begins, first - 1, last), np.where(begins, after, -self.business_days_left(days, "quarter"))

    def _first_days(self, numbers: Counts, span: Span) -> Days:
        """The first day of each span of a number."""
        if span == "month":
            days: Days = (numbers - _EPOCH).astype("datetime64[M]").astype("datetime64[D]")
            return days
        return fiscal_periods(self.fiscal).first_days(numbers * _PERIODS[span])
