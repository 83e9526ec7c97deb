"""Comparing many values with a reference: against scipy, against published power, and why PSI is not used."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from shared.drift.distributions import (
    ValuesRefusedError,
    compare,
    false_discovery_rates,
    gini,
    smallest_shift,
    top_share,
)

VALUES = st.lists(st.integers(-5, 5).map(float), min_size=20, max_size=40)


def attainment(participants: int, *, seed: int, median: float = 1.0) -> np.ndarray:
    return np.random.default_rng(seed).lognormal(np.log(median), 0.3, participants)


@given(reference=VALUES, now=VALUES)
def test_statistics_are_those_of_scipy_also_with_ties(reference: list[float], now: list[float]) -> None:
    found = compare(reference, now, seed=1, permutations=9)
    assert found.higher == pytest.approx(stats.mannwhitneyu(now, reference).statistic / (len(now) * len(reference)))
    assert found.furthest == pytest.approx(stats.ks_2samp(now, reference, method="asymp").statistic)


@pytest.mark.parametrize("median", [1.0, 0.93, 0.8])
def test_p_values_by_permutation_agree_with_the_exact_and_asymptotic_ones(median: float) -> None:
    reference, now = attainment(60, seed=1), attainment(45, seed=2, median=median)
    found = [compare(reference, now, seed=seed, permutations=5000) for seed in range(40)]
    for name, exact in (
        ("shift_p", stats.mannwhitneyu(now, reference).pvalue),
        ("any_p", stats.ks_2samp(now, reference).pvalue),
    ):
        # One that is common is dealt only as often as it takes to see that.
        assert np.mean([getattr(each, name) for each in found]) == pytest.approx(exact, abs=0.02, rel=0.3)
    assert compare(reference, now, seed=3, permutations=5000) == found[3]


@given(reference=VALUES, now=VALUES)
def test_how_far_apart_two_samples_are_is_in_standard_deviations_of_chance(
    reference: list[float], now: list[float]
) -> None:
    found = compare(reference, now, seed=1, permutations=9)
    if found.apart:
        p = stats.mannwhitneyu(now, reference, method="asymptotic", use_continuity=False).pvalue
        assert 2 * stats.norm.sf(abs(found.apart)) == pytest.approx(p)
        assert (found.apart > 0) is (found.higher > 0.5)


def test_what_times_differ_by_as_a_whole_is_no_drift() -> None:
    reference, now = attainment(200, seed=1), attainment(100, seed=2, median=0.9)
    sure, doubted = (compare(reference, now, seed=1, dispersion=each).shift_p for each in (1.0, 6.0))
    assert sure is not None
    assert doubted is not None
    assert sure < 0.02 < 0.1 < doubted


def test_without_a_difference_one_in_twenty_comparisons_is_below_a_p_of_one_twentieth() -> None:
    found = [
        compare(attainment(30, seed=each), attainment(40, seed=1000 + each), seed=each, permutations=199)
        for each in range(400)
    ]
    shift, any_ = ([getattr(each, name) <= 0.05 for each in found] for name in ("shift_p", "any_p"))
    assert stats.binomtest(sum(shift), 400, 0.05).pvalue > 0.001
    assert stats.binomtest(sum(any_), 400, 0.05).pvalue > 0.001


def test_the_population_stability_index_would_cry_wolf_where_the_comparison_does_not() -> None:
    """Its rule of thumb (0.1 moderate, 0.25 large) is for many hundreds of values: its mean without drift is about
    9 (1/n + 1/m) for ten bins.
    """

    def index(reference: np.ndarray, now: np.ndarray) -> float:
        edges = np.quantile(reference, np.linspace(0, 1, 11)[1:-1])
        shares = [
            np.maximum(np.bincount(np.searchsorted(edges, each), minlength=10) / each.size, 1e-4)
            for each in (reference, now)
        ]
        return float(np.sum((shares[1] - shares[0]) * np.log(shares[1] / shares[0])))

    pairs = [(attainment(50, seed=each), attainment(50, seed=5000 + each)) for each in range(200)]
    indices = np.array([index(*pair) for pair in pairs])
    p_values = [compare(*pair, seed=1, permutations=199).shift_p for pair in pairs]
    assert np.mean(indices > 0.1) > 0.9
    assert np.mean(indices > 0.25) > 0.6
    assert sum(rate <= 0.05 for rate in false_discovery_rates([p for p in p_values if p is not None])) == 0


@pytest.mark.parametrize(("participants", "power"), [(30, 0.26), (60, 0.48), (100, 0.66), (200, 0.91)])
def test_the_shift_that_is_found_so_often_is_the_one_that_was_simulated(participants: int, power: float) -> None:
    """A ten point fall of the median, attainment lognormal with sd 0.3, Mann-Whitney at 5 %, by simulation."""
    quantiles = stats.norm.ppf((np.arange(participants) + 0.5) / participants) * 0.3
    assert smallest_shift(quantiles, participants, power=power) == pytest.approx(-np.log(0.9), rel=0.1)


def test_the_smallest_detectable_shift_is_the_one_found_in_80_of_100_cases() -> None:
    reference = attainment(80, seed=1)
    shift = smallest_shift(reference, 50)
    rng = np.random.default_rng(2)
    draws = [(rng.choice(reference, 80), rng.choice(reference, 50) - shift) for _ in range(300)]
    assert np.mean([stats.mannwhitneyu(*draw).pvalue <= 0.05 for draw in draws]) == pytest.approx(0.8, abs=0.08)
    assert smallest_shift(reference, 500) < shift < smallest_shift(reference, 20)


def test_quantiles_say_by_how_much_the_low_the_middle_and_the_high_moved() -> None:
    reference = np.linspace(0.5, 1.5, 101)
    found = compare(reference, np.where(reference > 1.2, reference + 0.3, reference), seed=1)
    assert found.quantiles == pytest.approx({0.1: 0.0, 0.5: 0.0, 0.9: 0.3})


def test_less_than_twenty_values_are_reported_and_not_judged() -> None:
    found = compare(attainment(19, seed=1), attainment(80, seed=2, median=0.2), seed=1)
    assert (found.shift_p, found.any_p) == (None, None)
    assert found.higher < 0.05


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_false_discovery_rates_are_those_of_scipy(p_values: list[float]) -> None:
    assert false_discovery_rates(p_values) == pytest.approx(list(stats.false_discovery_control(p_values)))
    assert false_discovery_rates([]) == []


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=40))
def test_gini_is_half_the_mean_difference_relative_to_the_mean(values: list[int]) -> None:
    amounts = np.array(values, dtype=float)
    mean = amounts.mean()
    differences = np.abs(amounts[:, None] - amounts[None, :]).mean()
    assert gini(amounts) == pytest.approx(differences / (2 * mean) if mean else 0.0)


def test_the_top_tenth_is_at_least_one_and_has_its_share() -> None:
    assert top_share([1, 1, 1, 7]) == 0.7
    assert top_share(np.arange(1, 101)) == pytest.approx(sum(range(91, 101)) / 5050)
    assert top_share([0, 0]) == 0


@pytest.mark.parametrize(
    ("reference", "now", "says"), [([], [1.0], "reference: no values"), ([1.0], [float("nan")], "now: a value")]
)
def test_values_that_are_missing_or_no_numbers_are_refused(reference: list[float], now: list[float], says: str) -> None:
    with pytest.raises(ValuesRefusedError, match=says):
        compare(reference, now, seed=1)


def test_concentration_is_refused_for_negative_amounts() -> None:
    for statistic in (gini, top_share):
        with pytest.raises(ValuesRefusedError, match="not negative"):
            statistic([3, -1])
