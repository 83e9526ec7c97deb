"""A series of a KPI: what is one, its grain, and a first assessment of it."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from shared.drift.detection import assess
from shared.drift.series import Grain, State, UnusableSeriesError, series_of, series_of_ratios

MONDAY = date(2024, 1, 1)


def days(count: int, *, apart: int = 1) -> list[date]:
    return [MONDAY + timedelta(days=apart * number) for number in range(count)]


@pytest.mark.parametrize(
    ("dates", "grain"),
    [
        (days(30), Grain.DAY),
        ([day for day in days(30) if day.weekday() < 5], Grain.DAY),
        (days(30, apart=7), Grain.WEEK),
        ([date(2024, month, 1) for month in range(1, 13)], Grain.MONTH),
        ([date(2020 + number // 4, 1 + number % 4 * 3, 1) for number in range(12)], Grain.QUARTER),
        ([MONDAY], Grain.DAY),
    ],
)
def test_the_grain_of_dates_is_recognised(dates: list[date], grain: Grain) -> None:
    assert series_of(dates, [1.0] * len(dates)).grain is grain


def test_a_series_has_each_date_once_and_in_order() -> None:
    with pytest.raises(UnusableSeriesError, match="2024-01-01"):
        series_of([MONDAY, MONDAY], [1.0, 2.0])
    with pytest.raises(UnusableSeriesError, match="different lengths"):
        series_of([MONDAY], [1.0, 2.0])


def test_a_ratio_over_nothing_is_missing() -> None:
    ratios = series_of_ratios(days(2), [1.0, 1.0], denominators=[4.0, 0.0])
    assert ratios.values[0] == 0.25
    assert np.isnan(ratios.values[1])


def test_a_series_that_changes_its_level_drifts_and_one_that_does_not_is_steady() -> None:
    noise = np.random.default_rng(1).normal(size=300)
    steady = assess(series_of(days(300), 100 + noise))
    stepped = assess(series_of(days(300), 100 + noise + 2 * (np.arange(300) >= 200)))
    assert (steady.state, steady.alerts) == (State.STEADY, [])
    (alert,) = stepped.alerts
    assert days(300)[200] < alert.detected_on < days(300)[220]


def test_what_comes_later_changes_nothing_that_was_said() -> None:
    values = 100 + np.random.default_rng(2).normal(size=200) + 2 * (np.arange(200) >= 120)
    whole = assess(series_of(days(200), values))
    for known in (100, 130, 160):
        part = assess(whole.series.until(days(200)[known - 1]))
        assert part.alerts == [alert for alert in whole.alerts if alert.detected_on <= days(200)[known - 1]]
        np.testing.assert_allclose(part.scores, whole.scores[:known], atol=1e-9)
