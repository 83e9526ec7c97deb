"""Fiscal calendars agree with a walk from day to day, long years among them."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest

from shared.kernel.calendar import (
    FISCAL,
    Fiscal,
    bounds,
    end_of_segment,
    fiscal_of,
    fiscal_of_month,
    goes_on,
    last_of_window,
    month_of,
    month_of_end,
    name_of,
    window_of,
)
from shared.kernel.language.conventions import CalendarTerms, Reset
from tests.reference_model import dates

CALENDARS: list[dict[str, Any]] = [
    {},
    *({"year_starts": month, **named} for month in (2, 4, 7, 10, 12) for named in ({}, {"named_after": "end"})),
    {"year_starts": 10, "named_after": "start"},
    *(
        {"weeks": weeks, "first_day": first, "long_years": long_years}
        for weeks in ("4-4-5", "4-5-4", "5-4-4")
        for first, long_years in (
            (date(2023, 1, 29), [2023]),
            (date(2022, 12, 26), [2024, 2025]),
            (date(2022, 9, 25), []),
        )
    ),
    {"weeks": "5-4-4", "first_day": date(2022, 7, 2), "named_after": "end", "long_years": [2024], "long_period": 1},
    {"weeks": "5-4-4", "first_day": date(2022, 7, 2), "named_after": "start", "long_years": [2024], "long_period": 6},
]
DAYS = [date(2023, 2, 1) + timedelta(days=number) for number in range(3 * 366)]
RESETS: list[Reset] = ["month", "quarter", "half_year", "year"]


@pytest.mark.parametrize("terms", CALENDARS, ids=str)
def test_periods_windows_and_bounds_are_those_of_a_walk(terms: dict[str, Any]) -> None:
    calendar, plan = CalendarTerms.model_validate(terms), {"calendar": terms}
    found = pl.DataFrame({"day": DAYS}).with_columns(
        fiscal=fiscal_of(pl.col("day"), calendar), month=month_of(pl.col("day"))
    )
    walked = [dates.fiscal(plan, day) for day in DAYS]
    assert found["fiscal"].to_list() == [12 * year + place for year, place in walked]
    assert found["month"].to_list() == [dates.month(day) for day in DAYS]
    periods = list(dict.fromkeys(walked))
    fiscals = pl.Series("fiscal", [12 * year + place for year, place in periods], dtype=FISCAL)
    limits = bounds(fiscals, calendar)
    assert limits.rows() == [(12 * p[0] + p[1], *dates.days(plan, p)) for p in periods]
    ends = limits.select(
        month=month_of_end(pl.col("fiscal"), calendar),
        last=end_of_segment(month_of(pl.col("last")), pl.col("fiscal"), calendar=calendar),
    )
    assert ends.rows() == [(dates.ends_in(plan, period), dates.days(plan, period)[1]) for period in periods]
    for reset in RESETS:
        frame = pl.DataFrame({"fiscal": fiscals}).with_columns(
            window=window_of(pl.col("fiscal"), reset), last=last_of_window(pl.col("fiscal"), reset)
        )
        windows = [dates.window(period, reset) for period in periods]
        order = {window: number for number, window in enumerate(dict.fromkeys(windows))}
        ours = {window: number for number, window in enumerate(dict.fromkeys(frame["window"]))}
        assert [ours[window] for window in frame["window"]] == [order[window] for window in windows]
        lasts = [dates.periods_of(period, reset)[-1] for period in periods]
        assert frame["last"].to_list() == [12 * year + place for year, place in lasts]


def test_sums_go_on_in_another_calendar_only_where_their_windows_are_the_same_days() -> None:
    weeks = {"weeks": "4-4-5", "first_day": date(2022, 12, 26)}
    calendars = [CalendarTerms.model_validate(terms) for terms in [*CALENDARS, weeks, weeks | {"long_years": [2028]}]]
    changes = [date(2024, 1, 1), date(2024, 1, 29), date(2024, 7, 1), date(2024, 7, 10), date(2024, 12, 30)]
    fiscals = [
        pl.DataFrame({"day": DAYS}).select(fiscal_of(pl.col("day"), calendar)).to_series().to_list()
        for calendar in calendars
    ]
    found: dict[bool, int] = {True: 0, False: 0}
    for before, was in zip(calendars, fiscals, strict=True):
        for after, now in zip(calendars, fiscals, strict=True):
            for change in changes:
                at = DAYS.index(change)
                same = all(
                    [number // months for number in was[:at] if number // months >= now[at] // months]
                    == [number // months for number in now[:at] if number // months == now[at] // months]
                    for months in (1, 3, 6, 12)
                )
                goes = goes_on(before, after, day=change)
                assert same or not goes, (before, after, change)
                found[goes] += before != after
    assert min(found.values()) > 50
    assert goes_on(*calendars[-2:], day=date(2024, 7, 10))  # a long year that is yet to come changes nothing
    assert not goes_on(CalendarTerms(), CalendarTerms(year_starts=2), day=date(2024, 3, 1))


def test_a_month_is_a_fiscal_period_only_in_a_calendar_of_months() -> None:
    july = pl.DataFrame({"month": ["2025-07"]})
    by_end = CalendarTerms(year_starts=7, named_after="end")
    assert name_of(Fiscal(july.select(fiscal_of_month(pl.col("month"), by_end)).item())) == "FY2026 P01"
    by_start = CalendarTerms(year_starts=7)
    assert name_of(Fiscal(july.select(fiscal_of_month(pl.col("month"), by_start)).item())) == "FY2025 P01"
