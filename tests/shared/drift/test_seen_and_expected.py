"""The figures of an alert: what was really seen and what was expected of the same dates, in the unit of the series."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from shared.drift.detection import assess
from shared.drift.series import Assessment, series_of, series_of_ratios
from shared.drift.words import change

DAYS = [date(2024, 1, 1) + timedelta(days=day) for day in range(360)]
AFTER = np.arange(360) >= 300


def seen_by_the_alarm(assessment: Assessment) -> tuple[float, float, np.ndarray]:
    """What the first alert says was seen and expected, and the values from its onset to its day."""
    alert, dates = assessment.alerts[0], assessment.series.dates
    over = (dates >= np.datetime64(alert.onset)) & (dates <= np.datetime64(alert.detected_on))
    return alert.value, alert.expected, over


@pytest.mark.parametrize("left", [0.05, 0.001, 0.0, -0.2])
def test_what_was_seen_is_not_cut_off_where_a_logarithm_is(left: float) -> None:
    values = 1_000 * np.exp(np.random.default_rng(3).normal(0, 0.05, 360))
    found = assess(series_of(DAYS, np.where(AFTER, left * values, values)))
    assert found.transform == "log"
    value, expected, over = seen_by_the_alarm(found)
    assert value == pytest.approx(found.series.values[over].mean(), rel=1e-9, abs=1e-9)
    assert expected == pytest.approx(1_000, rel=0.03)
    now = change(found, found.episodes[0])
    assert now.value == pytest.approx(found.series.values[found.series.dates >= np.datetime64(now.onset)].mean())


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_of_values_that_scatter_far_upward_the_mean_is_expected_and_not_the_middle(seed: int) -> None:
    """A change reads as it is, though the mean of such values is two thirds above their middle."""
    values = np.exp(np.random.default_rng(seed).normal(0, 1, 360))
    found = assess(series_of(DAYS, np.where(AFTER, 0.25 * values, values)))
    value, expected, over = seen_by_the_alarm(found)
    assert value == pytest.approx(found.series.values[over].mean())
    assert expected == pytest.approx(values[:300].mean(), rel=0.15)


def test_of_shares_all_trials_count_alike() -> None:
    rng = np.random.default_rng(7)
    trials = rng.integers(5, 200, 360)
    won = rng.binomial(trials, np.where(AFTER, 0.06, 0.6))
    found = assess(series_of_ratios(DAYS, won, denominators=trials))
    value, expected, over = seen_by_the_alarm(found)
    assert value == pytest.approx(won[over].sum() / trials[over].sum())
    assert expected == pytest.approx(0.6, abs=0.03)
