"""What the API says of pay calendars."""

from __future__ import annotations

from datetime import date
from typing import Self

from pydantic import BaseModel, Field

from shared.pay.calendars.pay_periods import PayPeriod
from shared.periods import Month


class PayPeriodView(BaseModel):
    """A pay period. `closes` are the accounting months that end in it; payroll acknowledges its file by `cut_off`."""

    name: str = Field(examples=["2026-06-A"])
    start: date
    end: date
    pay_date: date
    cut_off: date
    closes: list[Month] = Field(examples=[["2026-06"]])

    @classmethod
    def of(cls, period: PayPeriod) -> Self:
        """The period with the months that it closes, which follow from its days."""
        return cls(
            name=period.name,
            start=period.start,
            end=period.end,
            pay_date=period.pay_date,
            cut_off=period.cut_off,
            closes=list(period.months),
        )


class PayPeriods(BaseModel):
    """The pay periods of a pay group, in order."""

    pay_group: str
    periods: list[PayPeriodView]
