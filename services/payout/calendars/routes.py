"""The HTTP interface of pay calendars: the pay periods of a pay group."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Self

from fastapi import Depends, FastAPI, Path, Query
from pydantic import BaseModel, Field
from sqlalchemy import Engine

from services.payout.policies.store_pay_groups import pay_group
from shared.auth import Principal, require
from shared.contracts.base import YEARS
from shared.pay.calendars.pay_periods import NoSuchPayPeriod, PayPeriod
from shared.pay.calendars.timeline import pay_period_named, pay_periods_between
from shared.pay.policy import POLICY_ID
from shared.problems import NotFound, Unprocessable

Reader = Annotated[Principal, Depends(require("earnings:read"))]
GroupId = Annotated[str, Path(pattern=POLICY_ID, examples=["us-sales"])]
LONGEST_DAYS = 20 * 366


class PayPeriodView(BaseModel):
    """A pay period. `closes` are the accounting months that end in it; payroll acknowledges its file by `cut_off`."""

    name: str = Field(examples=["2026-06-A"])
    start: date
    end: date
    pay_date: date
    cut_off: date
    closes: list[str] = Field(examples=[["2026-06"]])

    @classmethod
    def of(cls, period: PayPeriod) -> Self:
        """A pay period as it is shown."""
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


def add_calendars(app: FastAPI, snapshot: Engine) -> None:
    """Add the routes of pay calendars."""

    @app.get("/v1/pay-groups/{group_id}/periods")
    def pay_periods(
        _: Reader,
        group_id: GroupId,
        first: Annotated[date, Query(description="Pay periods that end on this day or later", examples=["2026-01-01"])],
        last: Annotated[date, Query(description="Pay periods that end on this day or before", examples=["2026-12-31"])],
    ) -> PayPeriods:
        """The pay periods that end from one day to another: when each begins, ends, is paid, and which months it closes."""
        if not (first.year in YEARS and last.year in YEARS and (last - first).days <= LONGEST_DAYS):
            raise Unprocessable(f"ask for 20 years at most, between {YEARS[0]} and {YEARS[-1]}")
        with snapshot.connect() as connection:
            groups = pay_group(connection, group_id)
        found = pay_periods_between(groups, first, last)
        return PayPeriods(pay_group=group_id, periods=[PayPeriodView.of(each) for each in found])

    @app.get("/v1/pay-groups/{group_id}/periods/{name}")
    def pay_period(
        _: Reader, group_id: GroupId, name: Annotated[str, Path(max_length=20, examples=["2026-06-A"])]
    ) -> PayPeriodView:
        """One pay period by its name."""
        with snapshot.connect() as connection:
            groups = pay_group(connection, group_id)
        try:
            return PayPeriodView.of(pay_period_named(groups, name)[1])
        except NoSuchPayPeriod as error:
            raise NotFound(str(error)) from None
