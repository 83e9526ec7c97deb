"""An episode ends when its values are back, and not by chance: with few events, outliers, gaps, and values elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import pytest

from shared.drift.detection import assess
from shared.drift.series import Assessment, Direction, Episode, Recovery, Series, series_of, series_of_ratios

CHANGED, COUNT = 400, 700
DAYS = [date(2022, 1, 3) + timedelta(days=day) for day in range(COUNT)]
PLACE = np.arange(COUNT)
SEEDS = range(12)


def events(seed: int, before: float, after: float, *, until: int = COUNT) -> Series:
    """Of each day, from a day on at another rate, until one."""
    rate = np.where((PLACE >= CHANGED) & (until > PLACE), after, before)
    return series_of(DAYS, np.random.default_rng(seed).poisson(rate))


def shares(seed: int, before: float, after: float, *, until: int = COUNT) -> Series:
    """Of about eight trials of each day."""
    rng = np.random.default_rng(seed)
    tried = rng.poisson(8, COUNT)
    share = np.where((PLACE >= CHANGED) & (until > PLACE), after, before)
    return series_of_ratios(DAYS, rng.binomial(tried, share), denominators=tried)


def levels(seed: int, *steps: tuple[int, float]) -> Series:
    """Of noise of a standard deviation of 10, from each place on at a level."""
    moved = np.zeros(COUNT)
    for place, level in steps:
        moved[place:] = level
    return series_of(DAYS, 100 + 10 * (np.random.default_rng(seed).normal(size=COUNT) + moved))


def changed(found: Assessment) -> Sequence[Episode]:
    """The episodes that were told after the change."""
    return [each for each in found.episodes if each.alerts[0].detected_on >= DAYS[CHANGED]]


@pytest.mark.parametrize(("before", "after"), [(0.3, 0.9), (0.2, 0.6), (1.0, 3.0), (3.0, 1.5)])
def test_few_events_at_a_new_rate_are_not_told_to_be_back_by_days_without_one(before: float, after: float) -> None:
    found = [changed(assess(events(seed, before, after))) for seed in SEEDS]
    assert sum(map(bool, found)) >= 11
    assert sum(each.recovery is Recovery.BACK for episodes in found for each in episodes) <= 2
    assert sum(len(each.alerts) - 1 for episodes in found for each in episodes) <= 2


@pytest.mark.parametrize(
    ("of", "before", "after", "within"),
    [(events, 0.3, 0.9, 90), (events, 1.0, 3.0, 40), (events, 8.0, 12.0, 50), (shares, 0.1, 0.4, 25)],
)
def test_few_events_that_are_back_are_told_so(
    of: Callable[..., Series], before: float, after: float, within: int
) -> None:
    back = 0
    for seed in SEEDS:
        [*_, last] = changed(assess(of(seed, before, after, until=CHANGED + 60)))
        ended = last.recovered_on
        back += ended is not None and DAYS[CHANGED + 60] <= ended <= DAYS[CHANGED + 60 + within]
    assert back >= 10


def test_a_level_that_holds_is_not_told_to_be_back_and_one_that_is_back_is_told_within_weeks() -> None:
    stays = [changed(assess(levels(seed, (CHANGED, 2.0)))) for seed in SEEDS]
    assert [(len(episodes), episodes[0].recovery) for episodes in stays] == [(1, None)] * len(SEEDS)
    end = DAYS[CHANGED + 60]
    ended = [changed(assess(levels(seed, (CHANGED, 2.0), (CHANGED + 60, 0.0))))[0].recovered_on for seed in SEEDS]
    assert sum(each is not None and end <= each <= end + timedelta(days=20) for each in ended) >= 11


@pytest.mark.parametrize("second", [3.5, 6.0])
def test_a_second_change_within_an_episode_is_told_with_its_own_onset(second: float) -> None:
    told = 0
    for seed in SEEDS:
        [episode, *_] = changed(assess(levels(seed, (CHANGED, 1.7), (CHANGED + 100, second))))
        told += any(
            abs((each.onset - DAYS[CHANGED + 100]).days) <= 3 and each.detected_on <= DAYS[CHANGED + 130]
            for each in episode.alerts[1:]
        )
    assert told >= 11


def test_a_change_to_the_other_side_ends_an_episode_and_opens_another() -> None:
    for seed in SEEDS:
        found = changed(assess(levels(seed, (CHANGED, 2.0), (CHANGED + 60, -2.0))))
        assert [each.alerts[0].direction for each in found] == [Direction.UP, Direction.DOWN]
        assert found[0].recovery is Recovery.BACK
        assert abs((found[1].alerts[0].onset - DAYS[CHANGED + 60]).days) <= 2


@pytest.mark.parametrize("of", [events, shares])
def test_dates_without_a_value_are_neither_a_return_nor_a_new_normal(of: Callable[..., Series]) -> None:
    whole = of(4, 0.3, 0.9) if of is events else of(4, 0.1, 0.4)
    [alert] = changed(assess(whole))[0].alerts
    known = DAYS.index(alert.detected_on) + 1
    dates = [DAYS[0] + timedelta(days=day) for day in range(known + 500)]
    gap = np.full(500, np.nan)
    if whole.numerators is None or whole.denominators is None:
        series = series_of(dates, [*whole.values[:known], *gap])
    else:
        tried = [*whole.denominators[:known], *np.zeros(500)]
        series = series_of_ratios(dates, [*whole.numerators[:known], *np.zeros(500)], denominators=tried)
    [episode] = changed(assess(series))
    [told] = episode.alerts
    assert (told.detected_on, told.onset, episode.recovered_on) == (alert.detected_on, alert.onset, None)


@pytest.mark.parametrize("rate", [0.0, 0.02])
def test_few_events_that_fall_to_none_are_told_again_at_most_once_and_are_normal_after_a_year(rate: float) -> None:
    days = business_days(700)
    again = 0
    for seed in range(4):
        rng = np.random.default_rng(seed)
        events = rng.poisson(np.where(np.arange(len(days)) < 300, 3.0, rate))
        [episode] = assess(series_of(days, events)).episodes
        again += len(episode.alerts) - 1
        assert episode.recovery is Recovery.NEW_NORMAL
        assert episode.recovered_on is not None
        assert timedelta(days=350) <= episode.recovered_on - episode.alerts[-1].onset <= timedelta(days=400)
    assert again <= 1


def test_events_that_fall_little_by_little_to_none_are_told_a_few_times_each_from_after_the_telling_before() -> None:
    days = business_days(700)
    rate = np.interp(np.arange(len(days)), [300, 365], [3.0, 0.0])
    [episode] = assess(series_of(days, np.random.default_rng(0).poisson(rate))).episodes
    assert 2 <= len(episode.alerts) <= 4
    for before, after in pairwise(episode.alerts):
        assert after.onset > before.detected_on
        assert after.value < before.value


@pytest.mark.parametrize(("months", "values"), [(1, 60), (0, 110)])
def test_a_value_that_is_far_out_on_its_own_has_ended_after_two_or_three_ordinary_ones(
    months: int, values: int
) -> None:
    if months:
        days = [date(2020 + place // 12, place % 12 + 1, 1) for place in range(values)]
    else:
        days = [date(2020, 1, 6) + timedelta(weeks=place) for place in range(values)]
    shocked, soon = values * 3 // 4, 0
    for seed in range(8):
        seen = 100 + np.random.default_rng(seed).normal(size=values)
        seen[shocked] += 10
        for episode in assess(series_of(days, seen)).episodes:
            if episode.alerts[0].detected_on == days[shocked]:
                assert episode.recovered_on is not None
                soon += episode.recovered_on <= days[shocked + 3]
    assert soon >= 6


def test_a_level_that_the_season_of_each_year_carries_farther_is_not_told_again_and_is_normal_after_a_year() -> None:
    days = business_days(760)
    rng = np.random.default_rng(0)
    season = np.array([0.7 * (day.month == 12 and day.day < 24) for day in days])
    changed = np.array([day >= date(2020, 3, 2) for day in days])
    seen = 1000 * np.exp(season + 0.3 * changed + 0.12 * rng.normal(size=len(days)))
    episodes = [each for each in assess(series_of(days, seen)).episodes if each.alerts[0].onset >= date(2020, 2, 20)]
    assert [len(each.alerts) for each in episodes] == [1] * len(episodes)
    assert episodes[0].recovery is Recovery.NEW_NORMAL


def business_days(count: int) -> list[date]:
    """From the beginning of 2019 on."""
    every = (date(2019, 1, 1) + timedelta(days=day) for day in range(2 * count))
    return [day for day in every if day.weekday() < 5][:count]
