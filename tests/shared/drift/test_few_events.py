"""Small numbers as a live system sees them: rare events, shares of few trials, and whole numbers that are no counts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import numpy as np
import pytest

from shared.drift.detection import assess
from shared.drift.events import chance_of
from shared.drift.series import Direction, DriftSettings, Series, series_of, series_of_ratios

COUNT, CHANGED = 730, 500
DAYS = [date(2022, 1, 1) + timedelta(days=day) for day in range(COUNT)]
AFTER = np.arange(COUNT) >= CHANGED
BY_WEEKDAY = np.array([1.33 if day.weekday() < 5 else 0.17 for day in DAYS])


def counts(mean: float, changed: float, seed: int) -> Series:
    """Of each day, fewer at weekends, from a day on so many times as many."""
    return series_of(DAYS, np.random.default_rng(seed).poisson(mean * BY_WEEKDAY * np.where(AFTER, changed, 1.0)))


def shares(share: float, changed: float, trials: float, seed: int) -> Series:
    """Of about so many trials on each day."""
    rng = np.random.default_rng(seed)
    tried = rng.poisson(trials, COUNT)
    return series_of_ratios(DAYS, rng.binomial(tried, np.where(AFTER, changed, share)), denominators=tried)


def delays(of: Callable[[int], Series], direction: Direction, seeds: int = 10) -> list[int]:
    """Days from a change to the first alert that says so, of those series that have one."""
    found = []
    for seed in range(seeds):
        alerts = [each for each in assess(of(seed)).alerts if each.detected_on >= DAYS[CHANGED]]
        found += [(each.detected_on - DAYS[CHANGED]).days for each in alerts if each.direction is direction][:1]
    return found


@pytest.mark.parametrize(
    ("mean", "changed", "within"),
    # With the rate known beforehand exact charts take 99, 82, 43, 34, 56, 36 and 12 days on average.
    [
        (0.1, 2.0, 200),
        (0.1, 0.0, 165),
        (0.3, 2.0, 120),
        (0.3, 0.0, 55),
        (0.3, 0.3, 120),
        (1.0, 0.5, 75),
        (1.0, 0.0, 25),
    ],
)
def test_a_change_of_rare_counts_is_found_in_the_time_that_the_numbers_allow(
    mean: float, changed: float, within: int
) -> None:
    direction = Direction.UP if changed > 1 else Direction.DOWN
    found = delays(lambda seed: counts(mean, changed, seed), direction)
    assert sum(each <= within for each in found) >= 7


@pytest.mark.parametrize(
    ("share", "changed", "trials", "within"),
    [(3 / 12, 1 / 12, 12, 16), (0.3, 0.1, 1, 120), (0.95, 0.85, 20, 12)],
)
def test_a_fall_of_a_share_of_few_is_found(share: float, changed: float, trials: float, within: int) -> None:
    found = delays(lambda seed: shares(share, changed, trials, seed), Direction.DOWN)
    assert sum(each <= within for each in found) >= 8


@pytest.mark.parametrize("mean", [0.1, 0.3, 1.0, 3.0])
def test_small_numbers_give_no_more_false_alarms_than_are_accepted(mean: float) -> None:
    """0.2 a year are accepted: 4 in 20 years."""
    assert sum(len(assess(counts(mean, 1.0, seed)).episodes) for seed in range(10)) <= 4


def test_whole_numbers_that_vary_less_than_counts_are_none() -> None:
    def is_count(values: np.ndarray) -> bool:
        return chance_of(series_of(DAYS, values), DriftSettings(), first=40) is not None

    rng = np.random.default_rng(3)
    assert sum(is_count(rng.poisson(mean * BY_WEEKDAY)) for mean in (0.05, 0.3, 1.0, 4.0, 7.0) for _ in range(40)) > 195
    assert not any(is_count(rng.integers(3, 6, COUNT)) for _ in range(40))
    assert not is_count(np.full(COUNT, 5.0))
    assert is_count(np.zeros(COUNT))


def test_a_change_of_scores_is_found_as_soon_as_that_of_other_values() -> None:
    def scores(seed: int) -> Series:
        return series_of(DAYS, np.random.default_rng(seed).integers(3, 6, COUNT) + AFTER)

    assert sum(each <= 25 for each in delays(scores, Direction.UP)) >= 9
    assert delays(lambda _: series_of(DAYS, np.where(AFTER, 6.0, 5.0)), Direction.UP, seeds=1)[0] <= 5


def test_counts_per_exposure_are_judged_by_how_many_events_they_are_of() -> None:
    """Adjustments per 100 statements, of 300 to 900 statements a month."""

    def per_hundred(seed: int, changed: float) -> Series:
        rng = np.random.default_rng(seed)
        months = [date(2019 + month // 12, month % 12 + 1, 1) for month in range(60)]
        hundreds = rng.integers(3, 10, 60)
        events = rng.poisson(hundreds * 0.5 * np.where(np.arange(60) >= 48, changed, 1.0))
        return series_of_ratios(months, events, denominators=hundreds)

    settings = DriftSettings(kind="counts")
    assert sum(len(assess(per_hundred(seed, 1.0), settings).episodes) for seed in range(10)) <= 4
    found = [assess(per_hundred(seed, 3.0), settings).alerts for seed in range(10)]
    assert (
        sum(any(date(2023, 1, 1) <= each.detected_on <= date(2023, 6, 1) for each in alerts) for alerts in found) >= 8
    )


@pytest.mark.parametrize("sign", [1, -1], ids=["rise", "fall"])
@pytest.mark.parametrize(
    ("mean", "trials"), [(0.3, 0.0), (3.0, 0.0), (0.25, 12.0)], ids=["rare counts", "counts", "shares"]
)
def test_the_smallest_change_of_few_events_is_found_half_of_the_times(mean: float, trials: float, sign: int) -> None:
    found = tried = 0
    for seed in range(30):
        before = np.random.default_rng(seed)
        exposure = before.poisson(trials, COUNT) if trials else np.ones(COUNT, dtype=np.int64)
        events = before.binomial(exposure, mean) if trials else before.poisson(mean, COUNT)
        known = assess(_of(events[:CHANGED], exposure[:CHANGED], is_share=trials > 0))
        part = known.smallest_change if sign > 0 else known.smallest_fall
        if part is None or known.episodes:
            continue
        after, moved = np.random.default_rng(1000 + seed), mean * (1 + sign * part)
        changed = after.binomial(exposure, min(moved, 1.0)) if trials else after.poisson(moved, COUNT)
        end = CHANGED + known.within
        series = _of(np.where(AFTER, changed, events)[:end], exposure[:end], is_share=trials > 0)
        tried += 1
        found += any(each.detected_on >= DAYS[CHANGED] for each in assess(series).alerts)
    assert tried >= 20
    assert 0.3 <= found / tried <= 0.8


def _of(events: np.ndarray, exposure: np.ndarray, *, is_share: bool) -> Series:
    days = DAYS[: len(events)]
    return series_of_ratios(days, events, denominators=exposure) if is_share else series_of(days, events)
