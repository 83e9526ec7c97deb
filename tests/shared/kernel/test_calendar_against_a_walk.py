"""Fiscal calendars agree with a walk from day to day, long years among them."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest

from shared.kernel.calendar import bounds, last_of_window, period_of, place_in_year, window_of
from shared.kernel.conventions import CalendarTerms, Reset
from tests.judge import dates

CALENDARS: list[dict[str, Any]] = [
    {},
    *({"year_starts": month} for month in (2, 4, 7, 10, 12)),
    *(
        {"weeks": weeks, "first_day": first, "long_years": long_years}
        for weeks in ("4-4-5", "4-5-4", "5-4-4")
        for first, long_years in (
            (date(2023, 1, 29), [2023]),
            (date(2022, 12, 26), [2024, 2025]),
            (date(2022, 9, 25), []),
        )
    ),
]
DAYS = [date(2023, 2, 1) + timedelta(days=number) for number in range(3 * 366)]
RESETS: list[Reset] = ["month", "quarter", "half_year", "year"]


@pytest.mark.parametrize("terms", CALENDARS, ids=str)
def test_periods_windows_and_bounds_are_those_of_a_walk(terms: dict[str, Any]) -> None:
    calendar, plan = CalendarTerms.model_validate(terms), {"calendar": terms}
    found = pl.DataFrame({"day": DAYS}).with_columns(period=period_of(pl.col("day"), calendar))
    assert found["period"].to_list() == [dates.period(plan, day) for day in DAYS]
    periods = found["period"].unique(maintain_order=True)
    limits = bounds(periods, calendar)
    assert limits.rows() == [(period, *dates.days(plan, period)) for period in sorted(periods)]
    assert [place_in_year(period, calendar) for period in periods] == [dates.fiscal(plan, p)[1] for p in periods]
    for reset in RESETS:
        frame = pl.DataFrame({"period": periods}).with_columns(
            window=window_of(pl.col("period"), reset, calendar), last=last_of_window(pl.col("period"), reset, calendar)
        )
        walked = [dates.window(plan, period, reset) for period in periods]
        order = {window: number for number, window in enumerate(dict.fromkeys(walked))}
        ours = {window: number for number, window in enumerate(dict.fromkeys(frame["window"]))}
        assert [ours[window] for window in frame["window"]] == [order[window] for window in walked]
        if reset != "month":
            assert frame["last"].to_list() == [dates.periods_of(plan, period, reset)[-1] for period in periods]
