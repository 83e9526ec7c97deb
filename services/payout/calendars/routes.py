"""The HTTP interface of pay calendars: the pay periods of a pay group."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Final

from fastapi import APIRouter, Path, Query

from services.payout.calendars.schemas import PayPeriods, PayPeriodView
from services.payout.deps import SettingsReader
from services.payout.policies.store import pay_group
from shared.contracts.base import YEARS
from shared.deps import SnapshotDep
from shared.pay.calendars.pay_periods import NoSuchPayPeriod, pay_period_named, pay_periods_between
from shared.pay.policy import POLICY_ID
from shared.problems import NotFound, Unprocessable

router = APIRouter(tags=["pay calendars"])

GroupId = Annotated[str, Path(pattern=POLICY_ID, examples=["us-sales"])]
LONGEST_DAYS: Final = 20 * 366
"""About 1,000 weekly pay periods: what fits an answer. A calendar has no end, so somebody has to set one."""


@router.get("/v1/pay-groups/{group_id}/periods", summary="Pay periods of a pay group")
def list_pay_periods(
    _: SettingsReader,
    snapshot: SnapshotDep,
    group_id: GroupId,
    first: Annotated[date, Query(description="Pay periods that end on this day or later", examples=["2026-01-01"])],
    last: Annotated[date, Query(description="Pay periods that end on this day or before", examples=["2026-12-31"])],
) -> PayPeriods:
    """The pay periods that end from one day to another: when each begins, ends, is paid, and which months it closes."""
    if not (first.year in YEARS and last.year in YEARS and (last - first).days <= LONGEST_DAYS):
        raise Unprocessable(f"ask for 20 years at most, between {YEARS[0]} and {YEARS[-1]}")
    with snapshot.connect() as connection:
        groups = pay_group(connection, group_id)
    periods = pay_periods_between(groups, first, last=last)
    return PayPeriods(pay_group=group_id, periods=[PayPeriodView.of(period) for period in periods])


@router.get("/v1/pay-groups/{group_id}/periods/{name}", summary="A pay period by its name")
def show_pay_period(
    _: SettingsReader,
    snapshot: SnapshotDep,
    group_id: GroupId,
    name: Annotated[str, Path(max_length=20, examples=["2026-06-A"])],
) -> PayPeriodView:
    """One pay period by its name."""
    with snapshot.connect() as connection:
        groups = pay_group(connection, group_id)
    try:
        return PayPeriodView.of(pay_period_named(groups, name)[1])
    except NoSuchPayPeriod as error:
        raise NotFound(str(error)) from None
