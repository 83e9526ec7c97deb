"""Detection: what holds of every series, and what becomes of a drift from its onset to its end."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.drift.bench_series import SORTS, Drift, Sort
from shared.drift.detection import assess
from shared.drift.series import (
    Assessment,
    Direction,
    DriftSettings,
    Excluded,
    Grain,
    Recovery,
    Rule,
    Series,
    State,
    series_of,
    series_of_ratios,
)

MONDAY = date(2024, 1, 1)


def days(count: int) -> list[date]:
    return [MONDAY + timedelta(days=number) for number in range(count)]


def drift_at(sort: Sort, place: int, *, size: float) -> Drift:
    return Drift(size=size, onset=sort.seeded(0).dates[place])


def noise(count: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=count)


def stepped(size: float, *, first: int, last: int, count: int = 400, seed: int = 1) -> Series:
    """Daily values around 100 with a noise of 1, moved from a place to before another."""
    place = np.arange(count)
    return series_of(days(count), 100 + noise(count, seed) + size * ((place >= first) & (place < last)))


def told(assessment: Assessment) -> list[tuple[date, date, str, str]]:
    return [(alert.detected_on, alert.onset, alert.direction, alert.rule) for alert in assessment.alerts]


@settings(max_examples=25, deadline=None)
@given(
    sort=st.sampled_from(sorted(SORTS)),
    seed=st.integers(0, 10_000),
    size=st.sampled_from([0.0, 1.0, -2.0, 4.0]),
    known=st.floats(0.05, 1.0),
)
def test_what_comes_later_changes_nothing_that_was_said(sort: str, seed: int, size: float, known: float) -> None:
    whole = SORTS[sort].seeded(seed, drift_at(SORTS[sort], 60 if SORTS[sort].grain is Grain.DAY else 20, size=size))
    last = whole.dates[int(known * (len(whole) - 1))].item()
    then, now = assess(whole.until(last)), assess(whole)
    assert told(then) == [each for each in told(now) if each[0] <= last]
    np.testing.assert_allclose(then.scores, now.scores[: len(then.series)], atol=1e-6)
    np.testing.assert_allclose(then.expected, now.expected[: len(then.series)], rtol=1e-6)
    assert list(then.states) == list(now.states[: len(then.series)])


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 1000), scale=st.sampled_from([1e-9, 0.37, 1e12]), size=st.sampled_from([0.0, 2.0]))
def test_the_unit_of_a_series_makes_no_difference(seed: int, scale: float, size: float) -> None:
    series = SORTS["incentive, one year"].seeded(seed, drift_at(SORTS["plain"], 300, size=size))
    scaled = replace(series, values=series.values * scale)
    assert told(assess(scaled)) == told(assess(series))
    np.testing.assert_allclose(assess(scaled).scores, assess(series).scores, atol=1e-5)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 1000), offset=st.sampled_from([-1e4, 50.0]), size=st.sampled_from([0.0, -2.0]))
def test_where_the_zero_of_a_series_is_makes_no_difference(seed: int, offset: float, size: float) -> None:
    series = SORTS["plain"].seeded(seed, drift_at(SORTS["plain"], 300, size=size))
    as_it_is = DriftSettings(transform="none")
    moved = replace(series, values=series.values + offset)
    assert told(assess(moved, as_it_is)) == told(assess(series, as_it_is))
    np.testing.assert_allclose(assess(moved, as_it_is).scores, assess(series, as_it_is).scores, atol=1e-5)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 1000))
def test_a_series_upside_down_gives_the_same_alerts_in_the_other_direction(seed: int) -> None:
    series = SORTS["plain"].seeded(seed, drift_at(SORTS["plain"], 300, size=2))
    as_it_is = DriftSettings(transform="none")
    found, turned = assess(series, as_it_is), assess(replace(series, values=-series.values), as_it_is)
    np.testing.assert_allclose(turned.scores, -found.scores, atol=1e-6)
    assert [each[:2] for each in told(turned)] == [each[:2] for each in told(found)]


def test_a_drift_is_one_episode_with_its_onset_and_its_recovery() -> None:
    found = assess(stepped(2, first=200, last=260))
    [episode] = found.episodes
    [alert] = episode.alerts
    assert alert.direction is Direction.UP
    assert alert.score >= 1
    assert days(400)[200] <= alert.detected_on <= days(400)[212]
    assert abs(alert.onset - days(400)[200]) <= timedelta(days=2)
    assert alert.expected == pytest.approx(100, abs=0.5)
    assert alert.value == pytest.approx(102, abs=1)
    assert episode.recovery is Recovery.BACK
    assert episode.recovered_on is not None
    assert days(400)[260] <= episode.recovered_on <= days(400)[272]
    at = found.states.index(State.RECOVERED)
    assert found.series.dates[at].item() == episode.recovered_on
    assert found.states[-1] is State.STEADY


def test_what_is_expected_does_not_follow_a_drift() -> None:
    found = assess(stepped(3, first=200, last=330))
    assert found.expected[205:325].mean() == pytest.approx(100, abs=0.3)
    assert ((found.low < found.expected) & (found.expected < found.high))[200:].all()


def test_a_band_goes_no_farther_than_values_can() -> None:
    weeks = np.arange("2023-01-02", "2025-01-06", 7, dtype="datetime64[D]")
    values = np.abs(np.random.default_rng(3).normal(0.02, 0.05, weeks.size))
    plain = DriftSettings(transform="none")
    found = assess(series_of(weeks, values), plain)
    assert np.nanmin(found.low) == 0
    below = values.copy()
    below[20] = -0.01
    told_apart = assess(series_of(weeks, below), plain)
    assert np.nanmin(told_apart.low[:21]) == 0
    assert np.nanmin(told_apart.low[21:]) < 0
    trials = np.full(weeks.size, 40.0)
    nearly_all = np.minimum(np.round(trials * (0.97 + 0.02 * np.sin(np.arange(weeks.size)))), 40)
    shares = series_of_ratios(weeks, nearly_all, denominators=trials)
    assert np.nanmax(assess(shares, DriftSettings(kind="shares")).high) == 1


def test_a_level_that_holds_for_a_year_is_normal_and_the_next_change_is_found() -> None:
    place = np.arange(1100)
    values = 100 + noise(1100) + 3.0 * (place >= 300) - 3.0 * (place >= 900)
    found = assess(series_of(days(1100), values), DriftSettings(false_alarms_per_year=0.02))
    up, down = found.episodes
    assert [alert.direction for alert in up.alerts] == [Direction.UP]
    assert found.states[640] is State.DRIFTING
    assert up.recovery is Recovery.NEW_NORMAL
    assert up.recovered_on is not None
    assert days(1100)[660] <= up.recovered_on <= days(1100)[680]
    assert down.alerts[0].direction is Direction.DOWN
    assert days(1100)[900] <= down.alerts[0].detected_on <= days(1100)[912]


def test_what_is_smallest_to_be_found_does_not_grow_by_a_drift() -> None:
    before, during = (assess(stepped(size, first=225, last=260, count=260)).smallest_change for size in (0.0, 4.0))
    assert before is not None
    assert during == pytest.approx(before, rel=0.35)


def test_an_episode_that_becomes_much_worse_is_told_of_again() -> None:
    place = np.arange(400)
    values = 100 + noise(400) + 1.5 * (place >= 200) + 12.0 * (place >= 260)
    [episode] = assess(series_of(days(400), values)).episodes
    first, second = episode.alerts
    assert first.detected_on < days(400)[260] <= second.detected_on <= days(400)[275]
    assert second.score > first.score


def test_one_value_far_out_is_a_shock_that_is_soon_over() -> None:
    values = 100 + noise(400)
    values[300] = 140
    [episode] = assess(series_of(days(400), values)).episodes
    [alert] = episode.alerts
    assert (alert.detected_on, alert.onset, alert.rule) == (days(400)[300], days(400)[300], Rule.SHEWHART)
    assert episode.recovered_on is not None
    assert episode.recovered_on <= days(400)[310]


def test_a_shock_of_a_size_that_was_seen_before_is_none() -> None:
    values = 100 + noise(400)
    values[[200, 260, 320]] = 130, 128, 129
    alerts = assess(series_of(days(400), values)).alerts
    assert [alert.detected_on for alert in alerts if alert.rule is Rule.SHEWHART] == [days(400)[200]]


def test_only_the_bad_direction_is_an_alarm() -> None:
    series = stepped(3, first=200, last=400)
    assert assess(series, DriftSettings(bad="down")).alerts == []
    assert assess(series, DriftSettings(bad="up")).alerts != []


def test_fewer_accepted_false_alarms_are_paid_for_with_days() -> None:
    series = stepped(1.2, first=600, last=800, count=800)
    dates = [
        assess(series, DriftSettings(false_alarms_per_year=accepted, judged_since=[date.min] * watched))
        .alerts[0]
        .detected_on
        for accepted, watched in ((1.0, 1), (0.1, 1), (0.1, 100))
    ]
    assert dates[0] < dates[1] < dates[2]


def test_a_series_that_comes_later_moves_no_alarm_that_was_told_before() -> None:
    series = stepped(1.2, first=600, last=800, count=800)
    told_on = assess(series).alerts[0].detected_on
    alone, later, earlier = (
        told(assess(series, DriftSettings(judged_since=[date.min, *[day] * 99])))
        for day in (date.max, told_on + timedelta(days=30), told_on - timedelta(days=60))
    )
    assert alone == told(assess(series))
    assert later == alone
    assert earlier[0][0] > told_on


def test_an_acknowledged_incident_is_no_part_of_what_is_normal() -> None:
    place = np.arange(500)
    values = 100 + noise(500) + 4.0 * ((place >= 60) & (place < 110)) + 2.0 * (place >= 300)
    series = series_of(days(500), values)
    incident = DriftSettings(excluded=[Excluded(first=days(500)[60], last=days(500)[109])])
    found = assess(series, incident)
    assert found.expected[115:145].mean() == pytest.approx(100, abs=0.5)


@pytest.mark.parametrize("known", [215, 230, 262, 300])
def test_what_was_told_before_somebody_explained_an_incident_stays_as_it_was_told(known: int) -> None:
    series = stepped(2, first=200, last=260)
    before = assess(series.until(days(400)[known]))
    # From days that were ordinary to others: noise that is measured without them is another one.
    incident = Excluded(first=days(400)[150], last=days(400)[280], known_on=days(400)[known])
    after = assess(series, DriftSettings(excluded=[incident]))
    assert told(after)[: len(before.alerts)] == told(before) != []
    np.testing.assert_array_equal(after.scores[: known + 1], before.scores)
    assert list(after.states[: known + 1]) == list(before.states)


def test_a_level_that_became_normal_is_learned_from_also_where_somebody_explained_how_it_came() -> None:
    place = np.arange(1100)
    series = series_of(days(1100), 100 + noise(1100) + 3.0 * (place >= 300))
    explained = Excluded(first=days(1100)[300], last=days(1100)[1099], known_on=days(1100)[320])
    found = assess(series, DriftSettings(excluded=[explained]))
    assert [episode.recovery for episode in found.episodes] == [Recovery.NEW_NORMAL]
    assert found.expected[800:].mean() == pytest.approx(103, abs=0.5)


@pytest.mark.parametrize("each", [1, 7], ids=["days", "weeks"])
@pytest.mark.parametrize("wider", [1.0, 5.0, 20.0])
@pytest.mark.parametrize("seed", range(3))
def test_a_drift_is_one_episode_also_where_the_ends_of_quarters_are_noisier(each: int, wider: float, seed: int) -> None:
    dates = [MONDAY + timedelta(days=each * number) for number in range(1065 // each)]
    moved = np.array([day >= date(2026, 4, 15) for day in dates])
    last_week = np.array([(day + timedelta(days=6)).month in (1, 4, 7, 10) and day.day > 24 for day in dates])
    random = np.random.default_rng(seed).normal(0, 0.02, size=len(dates))
    found = assess(series_of(dates, 0.1 + 0.3 * moved + random * np.where(last_week, wider, 1.0)))
    [episode] = [each for each in found.episodes if each.alerts[0].detected_on >= date(2026, 4, 1)]
    assert abs(episode.alerts[0].onset - date(2026, 4, 15)) <= timedelta(days=8)
    assert episode.recovered_on is None


def test_one_value_ends_no_episode() -> None:
    series = stepped(10, first=200, last=400)
    series.values[[230, 260, 300]] = 100.0
    [episode] = assess(series).episodes
    assert episode.recovery is None


def test_little_is_known_of_a_short_series() -> None:
    found = assess(series_of(days(30), 100 + noise(30)))
    assert found.state is State.LEARNING
    assert np.isnan(found.expected).all()
    assert (found.alerts, found.smallest_change) == ([], None)
    assert assess(series_of([], [])).state is State.LEARNING


@pytest.mark.parametrize(("before", "gap"), [(28, 300), (28, 2500), (28, 70_000), (200, 2500)])
def test_values_after_a_long_gap_are_no_trouble(before: int, gap: int) -> None:
    numbers = np.concatenate([np.arange(before), before + gap + np.arange(60)])
    days = np.datetime64("1999-01-04", "D") + numbers
    values = np.random.default_rng(5).normal(10, 1, len(days))
    found = assess(series_of(days, values))
    assert found.series.grain is Grain.DAY
    assert found.alerts == []


def test_values_of_too_few_observations_are_not_judged() -> None:
    series = stepped(5, first=300, last=400)
    few = replace(series, observations=np.where(np.arange(400) >= 300, 3.0, 50.0))
    assert assess(few, DriftSettings(minimum_observations=10)).alerts == []
    assert assess(few, DriftSettings(minimum_observations=2)).alerts != []


@pytest.mark.parametrize(
    "values",
    [
        np.zeros(400),
        np.full(400, 1e15),
        np.full(400, np.nan),
        np.where(np.arange(400) % 3 == 0, 1.0, np.nan),
        np.where(np.arange(400) < 200, np.nan, 7.0),
        np.r_[np.ones(399), 2.0],
    ],
    ids=["zeros", "constant", "missing", "one in three", "late", "a last one"],
)
def test_series_without_noise_are_no_trouble(values: np.ndarray) -> None:
    found = assess(series_of(days(400), values))
    assert all(alert.detected_on == days(400)[-1] for alert in found.alerts)


def test_the_smallest_change_that_is_found_is_the_one_that_is_shown() -> None:
    """Drifts of that size are found within so many values about every other time."""
    found = 0
    for seed in range(40):
        series = stepped(0, first=0, last=0, count=500, seed=seed)
        known = assess(series.until(days(500)[449]))
        assert known.smallest_change is not None
        place = np.arange(500)
        moved = replace(series, values=series.values * (1 + known.smallest_change * (place >= 450)))
        alerts = [alert for alert in assess(moved).alerts if alert.detected_on >= days(500)[450]]
        found += bool(alerts) and alerts[0].detected_on < days(500)[450 + known.within]
    assert 12 <= found <= 32


@pytest.mark.parametrize("sort", sorted(SORTS))
def test_a_drift_of_four_standard_deviations_is_found_in_every_sort_of_series(sort: str) -> None:
    kind = SORTS[sort]
    before = assess(kind.seeded(3))
    series = kind.seeded(3, drift_at(kind, int(len(before.series) * 0.85), size=4))
    alerts = [alert for alert in assess(series).alerts if alert not in before.alerts]
    assert alerts
    assert alerts[0].direction is Direction.UP


def test_a_season_that_is_not_known_yet_is_no_drift_and_a_step_in_a_first_year_is_one() -> None:
    dates = [MONDAY + timedelta(weeks=week) for week in range(80)]
    turn = 2 * np.pi * np.arange(80) / 52.18
    season = series_of(dates, 100 * np.exp(0.2 * np.sin(turn) + 0.05 * noise(80)))
    step = series_of(dates[:50], 100 * np.exp(0.15 * (np.arange(50) >= 35) + 0.05 * noise(50)))
    assert assess(season).alerts == []
    [alert] = assess(step).alerts
    assert dates[35] <= alert.detected_on <= dates[42]
