"""Series with a season in their second and third year, which are compared with the year before."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from shared.drift.detection import assess
from shared.drift.series import Assessment, Grain, Recovery, Series, series_of

MONDAY = np.datetime64("2021-03-01")
FALL = -0.22


def dates(grain: Grain, count: int) -> np.ndarray:
    if grain is Grain.MONTH:
        return (np.datetime64("2020-01") + np.arange(count)).astype("datetime64[D]")
    return MONDAY + np.arange(count) * (7 if grain is Grain.WEEK else 1)


def usual(days: np.ndarray) -> np.ndarray:
    """The logarithm of what a year looks like: high in November and December, low in July and August."""
    month = days.astype("datetime64[M]").astype(np.int64) % 12 + 1
    return np.select([month >= 11, np.isin(month, (7, 8))], [0.45, -0.3], default=0.0)


def seasonal(grain: Grain, *, known: int, after: int, seed: int, growth: float = 0.0, fall: float = FALL) -> Series:
    days = dates(grain, known + after)
    spread = {Grain.DAY: 0.2, Grain.WEEK: 0.1, Grain.MONTH: 0.06}[grain]
    noise = spread * np.random.default_rng(seed).normal(size=len(days))
    level = usual(days) + growth * (days - days[0]).astype(np.float64) / 365.25
    return series_of(days, 1000 * np.exp(level + noise + fall * (np.arange(len(days)) >= known)))


def told(found: Assessment) -> list[tuple[date, date, str]]:
    return [(alert.detected_on, alert.onset, alert.direction) for alert in found.alerts]


@pytest.mark.parametrize(("grain", "known"), [(Grain.DAY, 460), (Grain.WEEK, 78), (Grain.WEEK, 104), (Grain.MONTH, 30)])
def test_a_fall_in_the_second_or_third_year_of_a_series_with_a_season_is_found(grain: Grain, known: int) -> None:
    after, within = {Grain.DAY: (190, 182), Grain.WEEK: (40, 26), Grain.MONTH: (12, 9)}[grain]
    found, seeds = 0, 3 if grain is Grain.DAY else 6
    for seed in range(seeds):
        series = seasonal(grain, known=known, after=after, seed=seed)
        assessment = assess(series)
        first, last = series.dates[known], series.dates[known + within]
        found += any(first <= day <= last and way == "down" for day, _, way in told(assessment))
    assert found >= 2 / 3 * seeds


@pytest.mark.parametrize("growth", [0.2, -0.2])
def test_growth_that_goes_on_is_no_change_against_the_year_before(growth: float) -> None:
    later = 0
    for seed in range(6):
        series = seasonal(Grain.WEEK, known=156, after=0, seed=seed, growth=growth)
        later += sum(day > series.dates[65] for day, _, _ in told(assess(series)))
    assert later <= 1


def test_after_a_fall_that_the_year_before_shows_the_season_is_expected_as_it_was() -> None:
    """So that it is not over at once."""
    series = seasonal(Grain.WEEK, known=104, after=40, seed=3)
    found = assess(series)
    [episode] = [each for each in found.episodes if np.datetime64(each.alerts[0].detected_on) >= series.dates[104]]
    assert episode.recovery is not Recovery.BACK
    began = int(np.searchsorted(series.dates, np.datetime64(episode.alerts[0].detected_on))) + 1
    assert abs(np.mean(np.log(found.expected[began:] / 1000) - usual(series.dates[began:]))) < -FALL / 2


@pytest.mark.parametrize(
    ("grain", "known", "after"), [(Grain.WEEK, 90, 50), (Grain.MONTH, 30, 14), (Grain.DAY, 470, 60)]
)
def test_what_the_year_before_shows_rests_on_no_later_value(grain: Grain, known: int, after: int) -> None:
    whole = seasonal(grain, known=known, after=after, seed=1)
    now = assess(whole)
    for length in (known - 3, known + 2, known + after // 2):
        then = assess(whole.until(whole.dates[length - 1].item()))
        last = whole.dates[length - 1].item()
        assert told(then) == [each for each in told(now) if each[0] <= last]
        np.testing.assert_allclose(then.scores, now.scores[:length], atol=1e-6)
        np.testing.assert_allclose(then.expected, now.expected[:length], rtol=1e-6)


@pytest.mark.parametrize(("change", "least"), [(0.4, 5), (-0.45, 4)])
def test_a_large_change_in_the_middle_of_the_second_year_of_months_with_a_season_is_found(
    change: float, least: int
) -> None:
    """By comparing few months, of whose noise what varied around the waves says more."""
    found = 0
    for seed in range(8):
        days = dates(Grain.MONTH, 30)
        years = (days - days[0]).astype(np.float64) / 365.25
        level = 0.1 * years + 0.2 * np.sin(2 * np.pi * years + 1 + seed) + change * (np.arange(30) >= 18)
        alerts = assess(series_of(days, np.exp(level + 0.06 * np.random.default_rng(seed).normal(size=30)))).alerts
        assert all(np.datetime64(alert.detected_on) >= days[18] for alert in alerts)
        found += any(alert.direction == ("up" if change > 0 else "down") for alert in alerts)
    assert found >= least
