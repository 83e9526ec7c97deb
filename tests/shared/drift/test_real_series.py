"""Series as shops and companies have them: weak Sundays, closed days, years that grow."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from shared.drift.detection import assess
from shared.drift.series import Direction, series_of
from shared.drift.zeros import parts, without_closed_days

SHOP = np.array([1.0, 1.1, 1.1, 1.2, 1.4, 0.6, 0.2])
"""What a shop sells on each weekday, over what it sells on Mondays."""


def _days(count: int, first: date = date(2022, 1, 3)) -> list[date]:
    return [first + timedelta(day) for day in range(count)]


def _sales(days: list[date], *, seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    return np.array([8000 * SHOP[day.weekday()] for day in days]) * random.lognormal(0, 0.25, len(days))


def test_sales_are_never_expected_to_be_none_on_weak_sundays() -> None:
    for seed in range(5):
        days = _days(500)
        assessment = assess(series_of(days, _sales(days, seed=seed)))
        known = np.isfinite(assessment.expected)
        assert assessment.transform == "log"
        assert (assessment.expected[known] > 0).all()
        assert (assessment.low[known] > 0).all()


def test_a_closed_first_of_january_says_nothing_of_the_days_after_it() -> None:
    days = _days(400, date(2022, 7, 1))
    sales = _sales(days, seed=2)
    sales[days.index(date(2023, 1, 1))] *= 0.02
    assessment = assess(series_of(days, sales))
    third = days.index(date(2023, 1, 3))
    usual = 8000 * SHOP[days[third].weekday()]
    assert 0.75 * usual < assessment.expected[third] < 1.3 * usual
    assert not [alert for alert in assessment.alerts if alert.direction is Direction.UP]


def test_what_is_expected_lies_beyond_the_past_only_as_far_as_is_sure() -> None:
    for seed in range(5):
        days = [day for day in _days(780, date(2021, 3, 1)) if day.weekday() < 5]
        low = np.array([0.5 if day.month == 8 or (day.month, day.day) > (12, 20) else 1.0 for day in days])
        values = 1e4 * low * np.random.default_rng(seed).lognormal(0, 0.3, len(days))
        expected = assess(series_of(days, values)).expected
        most = np.maximum.accumulate(np.append(0.0, values))[:-1]
        known = np.isfinite(expected)
        assert (expected[known] <= 1.02 * most[known]).all()


def test_amounts_of_which_half_are_none_are_told_when_they_halve() -> None:
    found = 0
    for seed in range(6):
        random = np.random.default_rng(seed)
        days = [day for day in _days(980) if day.weekday() < 5]
        amounts = (random.random(len(days)) < 0.5) * random.lognormal(8, 0.6, len(days))
        amounts[450:] *= 0.5
        both = parts(series_of(days, amounts))
        assert both is not None
        alerts = assess(both.amount).alerts
        assert not [alert for alert in alerts if alert.detected_on < days[450]]
        found += any(alert.direction is Direction.DOWN for alert in alerts)
    assert found >= 5


def test_zeros_of_weekdays_without_business_are_no_values() -> None:
    days = _days(200)
    sales = _sales(days, seed=3) * [day.weekday() < 5 for day in days]
    series = without_closed_days(series_of(days, sales))
    assert np.isnan(series.values).tolist() == [day.weekday() >= 5 for day in days]
    assert parts(series) is None


def test_a_larger_spread_alone_is_told_as_a_change_of_the_level_less_often_than_by_its_size() -> None:
    told = 0
    for seed in range(10):
        random = np.random.default_rng([seed, 13])
        days = [day for day in _days(1092) if day.weekday() < 5]
        values = 100 + np.concatenate([random.normal(0, 10, 400), random.normal(0, 20, len(days) - 400)])
        told += len([each for each in assess(series_of(days, values)).alerts if each.detected_on >= days[400]])
    assert told <= 12
