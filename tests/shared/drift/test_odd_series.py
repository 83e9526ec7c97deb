"""Series without noise, without size, and far out: nothing is said by the machinery below, and no return is made up."""

from __future__ import annotations

import warnings
from datetime import date, timedelta

import numpy as np
import pytest

from shared.drift.detection import assess
from shared.drift.series import DriftSettings, Transform, series_of
from shared.drift.words import Naming, headline, smallest_change

DAYS = [date(2024, 1, 1) + timedelta(days=day) for day in range(200)]
WEEKS = [date(2024, 1, 1) + timedelta(weeks=week) for week in range(130)]
RNG = np.random.default_rng(2)


def step(before: float, after: float) -> np.ndarray:
    return np.where(np.arange(200) < 150, before, after)


ODD = {
    "zero": np.zeros(200),
    "a constant that changes": step(5, 6),
    "a share that changes": step(0.1, 0.15),
    "all of them": step(1, 0.9),
    "none, then some": step(0, 3),
    "below zero": step(-5, 5),
    "as large as numbers are": step(1e300, 2e300),
    "as small as numbers are": step(5e-324, 1e-323),
    "no values": np.full(200, np.nan),
    "money that stops": np.where(np.arange(200) < 150, np.exp(RNG.normal(3, 0.1, 200)), 0.0),
}


@pytest.mark.parametrize("values", ODD.values(), ids=ODD)
@pytest.mark.parametrize("transform", ["auto", "none", "log"])
def test_no_odd_series_ends_in_a_warning(values: np.ndarray, transform: Transform) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = assess(series_of(DAYS, values), DriftSettings(transform=transform))
        assert "nan" not in headline(found, Naming(title="x")) + str(smallest_change(found))


@pytest.mark.parametrize(("before", "after"), [(5, 6), (100, 50), (5, 500), (0.1, 0.15)])
def test_a_constant_that_changes_and_stays_is_found_after_a_few_values(before: float, after: float) -> None:
    found = assess(series_of(DAYS, step(before, after)))
    [alert] = found.alerts
    assert alert.onset == DAYS[150]
    assert alert.detected_on <= DAYS[155]
    assert (alert.value, alert.expected) == (pytest.approx(after), pytest.approx(before))
    assert str(smallest_change(found)).startswith("Any lasting change is found within")


def test_what_never_differed_may_change_within_its_tolerance_and_is_found_beyond_it() -> None:
    def found(rise: float, tolerance: float) -> list[date]:
        months = [date(2022 + number // 12, number % 12 + 1, 1) for number in range(30)]
        values = [42_000 * (1 + rise * (number >= 24)) for number in range(30)]
        settings = DriftSettings(transform="log", bad="up", tolerance=tolerance)
        return [alert.detected_on for alert in assess(series_of(months, values), settings).alerts]

    assert found(0.05, 0.0) != []
    assert found(0.05, 0.08) == []
    assert found(0.30, 0.08)[0] <= date(2024, 4, 1)


def test_a_value_beyond_the_band_of_what_is_expected_is_no_return_however_far_out_others_are() -> None:
    risen = [0.04, 0.128, 0.067, 0.031, 0.092, 0.243, 0.03, 0.035, 0.028, 0.03, *[0.3] * 16]
    usual = 0.0005 * np.abs(np.random.default_rng(1).normal(size=104))
    found = assess(series_of(WEEKS, [*usual, *risen]), DriftSettings(transform="none"))
    [episode] = found.episodes
    assert episode.alerts[0].detected_on == WEEKS[104]
    assert episode.recovered_on is None
