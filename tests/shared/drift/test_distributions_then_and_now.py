"""Comparing many values with a reference: against scipy, against published power, and why PSI is not used."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from shared.drift.distributions import (
    ATTAINMENT_BANDS,
    ValuesRefusedError,
    bootstrap,
    compare,
    compare_bands,
    false_discovery_rates,
    gini,
    persists,
    power_of_shift,
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
    found = compare(reference, now, seed=3, permutations=20_000)
    assert found.shift_p == pytest.approx(stats.mannwhitneyu(now, reference).pvalue, abs=0.02, rel=0.3)
    assert found.any_p == pytest.approx(stats.ks_2samp(now, reference).pvalue, abs=0.02, rel=0.3)
    assert compare(reference, now, seed=3, permutations=20_000) == found


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
def test_the_power_of_a_ten_point_fall_of_median_attainment_is_the_simulated_one(
    participants: int, power: float
) -> None:
    """Simulated: attainment lognormal with sd 0.3, Mann-Whitney at 5 %. On the scale on which the fall is a shift."""
    quantiles = stats.norm.ppf((np.arange(participants) + 0.5) / participants) * 0.3
    assert power_of_shift(quantiles, participants, shift=np.log(0.9)) == pytest.approx(power, abs=0.04)


def test_the_smallest_detectable_shift_is_the_one_found_in_80_of_100_cases() -> None:
    reference = attainment(80, seed=1)
    shift = smallest_shift(reference, 50)
    assert power_of_shift(reference, 50, shift=shift) == pytest.approx(0.8, abs=0.02)
    rng = np.random.default_rng(2)
    draws = [(rng.choice(reference, 80), rng.choice(reference, 50) - shift) for _ in range(300)]
    assert np.mean([stats.mannwhitneyu(*draw).pvalue <= 0.05 for draw in draws]) == pytest.approx(0.8, abs=0.08)
    assert smallest_shift(reference, 500) < shift < smallest_shift(reference, 20)


def test_quantiles_say_by_how_much_the_low_the_middle_and_the_high_moved() -> None:
    reference = np.linspace(0.5, 1.5, 101)
    found = compare(reference, np.where(reference > 1.2, reference + 0.3, reference), seed=1)
    assert found.quantiles == pytest.approx({0.1: 0.0, 0.5: 0.0, 0.9: 0.3})
    assert found.is_judged


def test_less_than_twenty_values_are_reported_and_not_judged() -> None:
    found = compare(attainment(19, seed=1), attainment(80, seed=2, median=0.2), seed=1)
    assert (found.shift_p, found.any_p, found.detectable, found.is_judged) == (None, None, None, False)
    assert found.higher < 0.05
    assert compare_bands([1.0] * 19, [0.1] * 50, seed=1).p is None
    assert bootstrap([1.0] * 19, gini, seed=1).low is None


def test_shares_of_bands_are_told_apart_with_the_p_value_of_chi_squared() -> None:
    reference, now = attainment(200, seed=1), attainment(150, seed=2, median=0.93)
    found = compare_bands(reference, now, seed=1, permutations=9999)
    table = [np.histogram(each, [0, *ATTAINMENT_BANDS, np.inf])[0] for each in (reference, now)]
    assert found.reference == pytest.approx(tuple(table[0] / 200))
    assert found.now == pytest.approx(tuple(table[1] / 150))
    assert found.p == pytest.approx(stats.chi2_contingency(table).pvalue, rel=0.15, abs=0.005)
    assert compare_bands(reference, reference, seed=1).p == 1
    assert compare_bands([1.0] * 20, [0.99] * 20, seed=1).now == (0, 0, 1, 0, 0)  # at quota is not below it


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_false_discovery_rates_are_those_of_scipy(p_values: list[float]) -> None:
    assert false_discovery_rates(p_values) == pytest.approx(list(stats.false_discovery_control(p_values)))
    assert false_discovery_rates([]) == []


def test_something_persists_when_two_of_the_last_three_looks_found_it() -> None:
    seen = [True, False, True, True, False, False, True, False, False, True]
    assert persists(seen) == [False, False, True, True, False, False, False, False, False, False]


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


def test_the_bootstrap_interval_of_a_gini_covers_it_and_is_that_of_scipy() -> None:
    pay = attainment(60, seed=3)
    found = bootstrap(pay, gini, seed=1)
    oracle = stats.bootstrap((pay,), gini, method="percentile", rng=1, vectorized=False, n_resamples=2000)
    assert found.low is not None
    assert found.high is not None
    assert found.low < found.value < found.high
    assert found.low == pytest.approx(oracle.confidence_interval.low, rel=0.03)
    assert found.high == pytest.approx(oracle.confidence_interval.high, rel=0.03)


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
