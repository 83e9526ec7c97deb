"""Charts of small numbers: run lengths against published ones, closed forms and simulation."""

from __future__ import annotations

from collections.abc import Callable
from math import inf, log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.drift.counts import (
    LONGEST,
    Binomial,
    CountChart,
    CountsRefusedError,
    Law,
    Poisson,
    chart_of_counts,
    one_sided_run_length,
    run_length_of_counts,
)


def ratio_of(law: Law, allowance: float) -> float:
    """The ratio above 1 to which an allowance belongs."""
    low, high = 1 + 1e-9, 1e6
    for _ in range(200):
        middle = (low * high) ** 0.5
        low, high = (middle, high) if law.allowance(middle) < allowance else (low, middle)
    return high


def simulated(law: Law, chart: CountChart, *, changed: float) -> np.ndarray:
    """Run lengths of 2000 series."""
    rng = np.random.default_rng(20261130)
    up, down, lengths = np.zeros(2000), np.zeros(2000), np.zeros(2000)
    for week in range(1, 20_000):
        if isinstance(law, Poisson):
            counts = rng.poisson(law.expected * changed, 2000)
        else:
            odds = law.share / (1 - law.share) * changed
            counts = rng.binomial(law.trials, odds / (1 + odds), 2000)
        up = np.maximum(0, up + counts - law.allowance(chart.ratio))
        down = np.maximum(0, down + law.allowance(1 / chart.ratio) - counts)
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
    law = Poisson(expected=mean)
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
    law = Binomial(trials=1, share=share)
    within = 1 - (1 - share) ** (m - 1)
    assert one_sided_run_length(law, ratio=ratio_of(law, 1 / m), limit=1) == pytest.approx((1 + 1 / within) / share)


def test_the_allowance_lies_between_the_rate_before_and_the_one_to_be_detected() -> None:
    assert Poisson(expected=4).allowance(7 / 4) == pytest.approx(3 / log(7 / 4))
    assert 4 < Poisson(expected=4).allowance(7 / 4) < 7
    won = Binomial(trials=30, share=0.25)
    assert 7.5 < won.allowance(2) < 30 * 0.4
    assert 30 / 7 < won.allowance(0.5) < 7.5


LAWS = [Poisson(expected=0.1), Poisson(expected=1.9), Binomial(trials=3, share=0.3), Binomial(trials=30, share=0.6)]


@pytest.mark.parametrize("law", LAWS, ids=["rare counts", "counts", "a share of few", "a share"])
@pytest.mark.parametrize("changed", [1.0, 1.6, 0.5])
def test_simulated_run_lengths_agree_with_the_exact_ones(law: Law, changed: float) -> None:
    chart = chart_of_counts(law, run_length=40, ratio=1.5)
    lengths = simulated(law, chart, changed=changed)
    error = 3.5 * np.std(lengths) / len(lengths) ** 0.5
    assert run_length_of_counts(law, chart=chart, changed=changed) == pytest.approx(
        np.mean(lengths), abs=error, rel=0.02
    )


def test_a_chart_that_never_gives_an_alarm_has_the_longest_run() -> None:
    for expected in (12.0, 28.0, 29.9):
        assert one_sided_run_length(Poisson(expected=expected), ratio=4, limit=300) == LONGEST


@settings(max_examples=20)
@given(expected=st.floats(0.05, 30), ratio=st.floats(1.2, 4), wanted=st.floats(20, 5000))
def test_a_chart_runs_at_least_as_long_as_was_asked_for_and_shorter_after_a_change(
    expected: float, ratio: float, wanted: float
) -> None:
    law = Poisson(expected=expected)
    chart = chart_of_counts(law, run_length=wanted, ratio=ratio)
    assert wanted <= chart.run_length * (1 + 1e-9)
    # Sums that can be reached are discrete: where the limit lies beside one, another grid finds it on the other side.
    assert run_length_of_counts(law, chart=chart) > 0.85 * wanted
    assert run_length_of_counts(law, chart=chart, changed=2 * ratio) < chart.run_length


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (lambda: Poisson(expected=-1), "above zero"),
        (lambda: Poisson(expected=inf), "finite"),
        (lambda: Binomial(trials=10, share=1), "between 0 and 1"),
        (lambda: Binomial(trials=0, share=0.5), "a trial"),
        (lambda: chart_of_counts(Poisson(expected=1), run_length=100, ratio=1), "above 1"),
        (lambda: chart_of_counts(Poisson(expected=1), run_length=0, ratio=2), "run length"),
    ],
)
def test_what_is_no_count_is_refused_with_the_reason(wrong: Callable[[], object], says: str) -> None:
    with pytest.raises(CountsRefusedError, match=says):
        wrong()
