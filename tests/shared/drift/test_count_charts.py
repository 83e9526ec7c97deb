"""Charts of small numbers: run lengths against published ones, closed forms and simulation."""

from __future__ import annotations

from collections.abc import Callable
from math import inf, log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.drift.counts import (
    Binomial,
    CountChart,
    CountsRefusedError,
    Law,
    Poisson,
    binomial,
    chart_of_counts,
    cusum,
    detectable_ratio,
    dispersion_of,
    one_sided_run_length,
    poisson,
    run_length_of_counts,
    statistic_of_counts,
)


def ratio_of(law: Law, allowance: float) -> float:
    """The ratio above 1 to which an allowance belongs, for one observation."""
    low, high = 1 + 1e-9, 1e6
    for _ in range(200):
        middle = (low * high) ** 0.5
        low, high = (middle, high) if law.allowance(middle)[0] < allowance else (low, middle)
    return high


def simulated(law: Poisson | Binomial, chart: CountChart, *, changed: float, spread: float = 0.0) -> np.ndarray:
    """Run lengths of 2000 series, each observation with the exposure of one that the law has; `spread` is the variance
    of the rate or share from week to week, relative to its square.
    """
    rng = np.random.default_rng(20261130)
    up, down, lengths = np.zeros(2000), np.zeros(2000), np.zeros(2000)
    for week in range(1, 20_000):
        rows = rng.integers(0, law.mean().size, 2000)
        lift = rng.gamma(1 / spread, spread, 2000) if spread else np.ones(2000)
        if isinstance(law, Poisson):
            counts = rng.poisson(law.expected[rows] * changed * lift)
        else:
            odds = law.share[rows] / (1 - law.share[rows]) * changed * lift
            counts = rng.binomial(law.trials[rows].astype(int), odds / (1 + odds))
        up = np.maximum(0, up + (counts - law.allowance(chart.ratio)[rows]) / chart.dispersion)
        down = np.maximum(0, down + (law.allowance(1 / chart.ratio)[rows] - counts) / chart.dispersion)
        lengths[(lengths == 0) & ((up >= chart.upper - 1e-9) | (down >= chart.lower - 1e-9))] = week
        if np.all(lengths):
            return lengths
    raise AssertionError("a chart that gives no alarm")


@pytest.mark.parametrize(
    ("mean", "changed_to", "k", "h", "printed", "with_head_start"),
    [
        # Lawson, An Introduction to Acceptance Sampling and SPC with R, function `arl` after Lucas (1985).
        (1.88, 1.88, 2, 6, 37.2, 29.19),
        (1.88, 1.88 + 0.9627 * 1.88**0.5, 2, 6, 5.49, 3.33),
    ],
)
def test_run_lengths_of_a_poisson_cusum_are_those_that_are_published(
    mean: float, changed_to: float, k: float, h: float, printed: float, with_head_start: float
) -> None:
    law = poisson(mean)
    ratio = ratio_of(law, k)
    changed = changed_to / mean
    assert round(one_sided_run_length(law, ratio=ratio, limit=h, changed=changed), 2) == printed
    found = one_sided_run_length(law, ratio=ratio, limit=h, changed=changed, head_start=h / 2)
    assert round(found, 2) == with_head_start


@pytest.mark.parametrize(("share", "m"), [(0.01, 60), (0.05, 12), (0.2, 5)])
def test_a_bernoulli_cusum_that_two_events_close_together_set_off_has_the_run_length_of_the_closed_form(
    share: float, m: int
) -> None:
    """With an allowance of 1/m and a limit of 1 an alarm is a second event within m - 1 trials: a sets method."""
    law = binomial([1], share)
    within = 1 - (1 - share) ** (m - 1)
    assert one_sided_run_length(law, ratio=ratio_of(law, 1 / m), limit=1) == pytest.approx((1 + 1 / within) / share)


def test_the_allowance_lies_between_the_rate_before_and_the_one_to_be_detected() -> None:
    assert poisson([4]).allowance(7 / 4)[0] == pytest.approx(3 / log(7 / 4))
    assert 4 < poisson([4]).allowance(7 / 4)[0] < 7
    won = binomial([30], 0.25)
    assert 7.5 < won.allowance(2)[0] < 30 * 0.4
    assert 30 / 7 < won.allowance(0.5)[0] < 7.5


LAWS = [poisson([0.7]), poisson([0.2, 1.9, 0.8]), binomial([3, 40, 11], 0.3), binomial([20, 30], [0.1, 0.6])]


@pytest.mark.parametrize("law", LAWS, ids=["even counts", "uneven counts", "uneven shares", "shares of their own"])
@pytest.mark.parametrize("changed", [1.0, 1.6, 0.5])
def test_simulated_run_lengths_agree_with_the_exact_ones(law: Poisson | Binomial, changed: float) -> None:
    chart = chart_of_counts(law, run_length=40)
    lengths = simulated(law, chart, changed=changed)
    error = 3.5 * np.std(lengths) / len(lengths) ** 0.5
    assert run_length_of_counts(law, chart=chart, changed=changed) == pytest.approx(
        np.mean(lengths), abs=error, rel=0.02
    )


@settings(max_examples=20)
@given(expected=st.floats(0.05, 30), ratio=st.floats(1.2, 4), wanted=st.floats(20, 5000), dispersion=st.floats(1, 3))
def test_a_chart_runs_at_least_as_long_as_was_asked_for_and_shorter_after_a_change(
    expected: float, ratio: float, wanted: float, dispersion: float
) -> None:
    law = poisson(expected)
    chart = chart_of_counts(law, run_length=wanted, ratio=ratio, dispersion=dispersion)
    assert wanted <= chart.run_length * (1 + 1e-9)
    # Sums that can be reached are discrete: where the limit lies beside one, another grid finds it on the other side.
    assert run_length_of_counts(law, chart=chart) > 0.93 * wanted
    assert run_length_of_counts(law, chart=chart, changed=2 * ratio) < chart.run_length


def test_counts_that_vary_more_than_their_law_says_give_no_more_alarms_once_their_dispersion_is_known() -> None:
    law, rng = poisson([6.0]), np.random.default_rng(4)
    past = rng.poisson(6 * rng.gamma(1 / 0.3, 0.3, 400))
    dispersion = dispersion_of(past, poisson([6.0] * 400))
    assert dispersion == pytest.approx(1 + 6 * 0.3, rel=0.25)
    naive, informed = (chart_of_counts(law, run_length=100, dispersion=each) for each in (1.0, dispersion))
    assert np.mean(simulated(law, naive, changed=1, spread=0.3)) < 45
    assert np.mean(simulated(law, informed, changed=1, spread=0.3)) > 75


def test_counts_that_vary_as_their_law_says_are_not_taken_for_overdispersed() -> None:
    counts = np.random.default_rng(5).binomial(30, 0.2, 300)
    assert dispersion_of(counts, binomial([30] * 300, 0.2)) == pytest.approx(1, abs=0.15)
    assert dispersion_of([1, 2], poisson([1, 1])) == 1
    rising = np.repeat([3, 30], 150)
    assert dispersion_of(rising, poisson([16.5] * 300)) == 1  # a step is a change of the level, not dispersion


def test_a_win_rate_that_falls_is_found_with_the_side_that_it_falls_to() -> None:
    rng = np.random.default_rng(7)
    trials = rng.integers(15, 40, 60)
    won = rng.binomial(trials, np.where(np.arange(60) < 40, 0.35, 0.2))
    law = binomial(trials, 0.35)
    score = statistic_of_counts(won, law, chart=chart_of_counts(law, run_length=500)).score
    alarm = int(np.argmax(np.abs(score) >= 1))
    assert 40 <= alarm <= 44
    assert score[alarm] <= -1
    assert np.all(np.abs(score[:40]) < 1)


def test_weeks_without_deals_leave_the_sums_as_they_are() -> None:
    law = binomial([20, 0, 0, 20], 0.3)
    chart = chart_of_counts(law, run_length=100)
    up = statistic_of_counts([9, 0, 0, 9], law, chart=chart).up
    assert up[0] > 0
    assert up[0] == up[1] == up[2]
    assert up[3] == pytest.approx(2 * up[0])


def test_the_smallest_change_that_is_found_in_time_is_said() -> None:
    law = poisson([2.0])
    chart = chart_of_counts(law, run_length=300)
    soon, later = detectable_ratio(law, chart=chart, within=4), detectable_ratio(law, chart=chart, within=13)
    assert 1 < later < soon
    assert run_length_of_counts(law, chart=chart, changed=later) == pytest.approx(13, rel=0.02)
    assert detectable_ratio(poisson([0.001]), chart=chart_of_counts(poisson([0.001]), run_length=300), within=2) == inf


@given(st.lists(st.floats(-5, 5), max_size=30))
def test_a_cusum_is_the_recursion_that_textbooks_have(increments: list[float]) -> None:
    total, sums = 0.0, []
    for each in increments:
        total = max(0.0, total + each)
        sums.append(total)
    assert cusum(np.array(increments, dtype=float)) == pytest.approx(np.array(sums), abs=1e-9)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (lambda: poisson([-1]), "not negative"),
        (lambda: poisson([0, 0]), "above zero"),
        (lambda: binomial([10], 1), "between 0 and 1"),
        (lambda: binomial([0], 0.5), "above zero"),
        (lambda: chart_of_counts(poisson([1]), run_length=100, ratio=1), "above 1"),
        (lambda: chart_of_counts(poisson([1]), run_length=0), "run length"),
        (lambda: chart_of_counts(poisson([1]), run_length=9, dispersion=0.5), "dispersion"),
        (
            lambda: statistic_of_counts([1, 2], poisson([1]), chart=chart_of_counts(poisson([1]), run_length=9)),
            "2 counts",
        ),
        (lambda: statistic_of_counts([-1], poisson([1]), chart=chart_of_counts(poisson([1]), run_length=9)), "counts"),
    ],
)
def test_what_is_no_count_is_refused_with_the_reason(wrong: Callable[[], object], says: str) -> None:
    with pytest.raises(CountsRefusedError, match=says):
        wrong()
