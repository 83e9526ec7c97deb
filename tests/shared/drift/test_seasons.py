"""Seasons with edges, which no wave describes, and levels that were learned as normal."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from shared.calendars import CompanyCalendar, FiscalMonths
from shared.drift.detection import assess
from shared.drift.series import Assessment, DriftSettings, Excluded, Series, series_of

FIRST = np.datetime64("2020-01-06")
CALM = DriftSettings(false_alarms_per_year=0.02)


def year_by_month(dates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of each date the year and the month from 1."""
    months = dates.astype("datetime64[M]").astype(np.int64)
    return 1970 + months // 12, months % 12 + 1


def business_days(years: float) -> np.ndarray:
    dates = FIRST + np.arange(round(years * 365.25))
    return dates[(dates.astype(np.int64) + 3) % 7 < 5]


def series(dates: np.ndarray, level: np.ndarray, *, seed: int = 2, noise: float = 0.08) -> Series:
    """Values around 100 whose logarithm has a level and a noise."""
    return series_of(dates, 100 * np.exp(level + noise * np.random.default_rng(seed).normal(size=len(dates))))


def alarms(found: Assessment) -> list[tuple[date, str]]:
    return [(alert.detected_on, str(alert.direction)) for alert in found.alerts]


AUGUST = (-0.35, (8,))
LAST_QUARTER = (0.27, (10, 11, 12))
ENDS_OF_QUARTERS = (0.35, (3, 6, 9, 12))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("size", "months"), [AUGUST, LAST_QUARTER, ENDS_OF_QUARTERS])
def test_a_season_with_edges_is_told_when_nobody_can_know_it_and_expected_from_the_next_year_on(
    size: float, months: tuple[int, ...], seed: int
) -> None:
    dates = business_days(4)
    _, month = year_by_month(dates)
    found = assess(series(dates, size * np.isin(month, months), seed=seed), CALM)
    assert [day for day, _ in alarms(found) if day.year > 2020 and day.month in months] == []
    inside = np.isin(month, months) & (dates > np.datetime64("2022-02-01"))
    assert found.expected[inside].mean() == pytest.approx(100 * np.exp(size), rel=0.05)


def test_a_season_between_other_days_than_the_first_of_months_is_learned_too() -> None:
    dates = business_days(4)
    year, _ = year_by_month(dates)
    day = (dates - (year - 1970).astype("datetime64[Y]").astype("datetime64[D]")).astype(np.int64)
    found = assess(series(dates, -0.3 * ((day >= 195) & (day <= 236))), CALM)
    assert {day.year for day, _ in alarms(found)} <= {2020}


def test_a_season_of_weeks_and_one_of_a_fiscal_year_are_learned_too() -> None:
    dates = FIRST + 7 * np.arange(210)
    month = year_by_month(dates + 3)[1]
    weekly = series(dates, 0.3 * np.isin(month, (11, 12)), noise=0.04)
    assert {day.year for day, _ in alarms(assess(weekly, CALM))} <= {2020}
    dates = business_days(4)
    first_quarter = np.isin(year_by_month(dates)[1], (2, 3, 4))
    fiscal = CompanyCalendar(fiscal=FiscalMonths(year_starts=2))
    found = assess(series(dates, 0.3 * first_quarter), CALM, calendar=fiscal)
    assert {day.year for day, _ in alarms(found)} <= {2020}


@pytest.mark.parametrize(("size", "direction"), [(-0.16, "down"), (0.16, "up")])
def test_a_drift_that_begins_in_a_known_season_is_found(size: float, direction: str) -> None:
    dates = business_days(3.9)
    _, month = year_by_month(dates)
    onset = np.searchsorted(dates, np.datetime64("2022-08-03"))
    drift = size * (np.arange(len(dates)) >= onset)
    found = alarms(assess(series(dates, -0.35 * (month == 8) + drift), CALM))
    [first, *_] = [each for each in found if each[0].year > 2020]
    assert first[1] == direction
    assert dates[onset] <= np.datetime64(first[0]) <= dates[onset + 15]


def test_a_step_that_lasts_is_not_hidden_by_a_drift_of_the_last_year() -> None:
    dates = business_days(3.5)
    place = np.arange(len(dates))
    then, now, over = (np.searchsorted(dates, np.datetime64(day)) for day in ("2021-05-03", "2022-05-02", "2021-06-28"))
    level = 0.2 * ((place >= then) & (place < over)) + 0.2 * (place >= now)
    [found] = [day for day, _ in alarms(assess(series(dates, level))) if day.year == 2022]
    assert found <= date(2022, 7, 31)


def test_an_incident_that_is_acknowledged_is_no_season() -> None:
    dates = business_days(2.5)
    year, month = year_by_month(dates)
    both = series(dates, -0.35 * ((month == 8) & (year < 2022)))
    incident = Excluded(first=date(2020, 8, 1), last=date(2020, 8, 31))
    assert [day.year for day, _ in alarms(assess(both, CALM))] == [2020]
    excluded = alarms(assess(both, replace(CALM, excluded=[incident])))
    assert [(day.year, day.month) for day, _ in excluded if day.year == 2021] == [(2021, 8)]


@pytest.mark.parametrize("size", [1.5, -1.5])
@pytest.mark.parametrize("seed", range(6))
def test_a_step_in_a_first_year_is_found_or_becomes_normal_and_is_never_told_as_the_contrary(
    size: float, seed: int
) -> None:
    dates = FIRST + np.arange(730)
    noise = np.random.default_rng(577 + seed).normal(size=730)
    found = assess(series_of(dates, 100 + 5 * (noise + size * (np.arange(730) >= 70))))
    assert {direction for _, direction in alarms(found)} <= {"up" if size > 0 else "down"}


@pytest.mark.parametrize(("second", "direction"), [(3.0, "up"), (-2.0, "down")])
def test_a_change_that_is_clearly_another_than_the_open_one_is_told_with_its_own_onset(
    second: float, direction: str
) -> None:
    dates = business_days(2.4)
    place = np.arange(len(dates))
    level = 1.0 * ((place >= 400) & (place < 480)) + second * (place >= 480)
    told = 0
    for seed in range(900, 908):
        noise = np.random.default_rng(seed).normal(size=len(dates))
        alerts = assess(series_of(dates, 100 + 5 * (noise + level))).alerts
        told += (
            len(alerts) == 2
            and [each.direction for each in alerts] == ["up", direction]
            and np.datetime64(alerts[0].detected_on) < dates[480] <= np.datetime64(alerts[1].detected_on) <= dates[492]
            and abs(int(np.searchsorted(dates, np.datetime64(alerts[1].onset))) - 480) <= 3
        )
    assert told >= 6


def test_what_is_expected_in_a_long_episode_stays_where_values_were() -> None:
    dates = business_days(3)
    place = np.arange(len(dates))
    grown = 0.25 * (place / 261) ** 2
    values = series(dates, np.minimum(grown, grown[400]) - 0.9 * (place >= 430), noise=0.05)
    found = assess(values)
    assert np.nanmax(found.expected) <= 1.3 * np.nanmax(values.values)


def test_a_season_is_known_from_its_second_year_and_no_day_sooner() -> None:
    """Cutting a series after any day changes nothing that was said up to it."""
    dates = business_days(2.8)
    _, month = year_by_month(dates)
    whole = series(dates, -0.35 * (month == 8))
    now = assess(whole)
    for cut in ("2021-07-30", "2021-08-05", "2021-08-12", "2021-09-10"):
        then = assess(whole.until(np.datetime64(cut).item()))
        known = len(then.series)
        assert alarms(then) == [each for each in alarms(now) if each[0] <= date.fromisoformat(cut)]
        np.testing.assert_allclose(then.scores, now.scores[:known], atol=1e-6)
        np.testing.assert_allclose(then.expected, now.expected[:known], rtol=1e-6)
    assert timedelta(0) < now.alerts[0].detected_on - date(2020, 8, 1) < timedelta(days=30)
