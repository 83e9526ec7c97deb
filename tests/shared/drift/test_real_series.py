"""Series as shops and companies have them: weak Sundays, closed days, years that grow."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from shared.drift.detection import assess
from shared.drift.series import Direction, series_of

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
