"""Run lengths of control charts: the tables of the textbooks, simulation, and limits that give a wanted run length."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.drift.charts import MOST_RATIO, SHOCKS, limits_of
from shared.drift.counts import Poisson, one_sided_run_length
from shared.drift.normal import student, student_as_normal
from shared.drift.run_lengths import (
    arl_of_budget,
    cusum_arl,
    cusum_limit,
    ewma_arl,
    shewhart_arl,
    shewhart_limit,
    two_sided_cusum_arl,
)
from shared.drift.series import DriftSettings, Grain

SHIFTS = (0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0)
CUSUMS = {
    # Montgomery, Introduction to Statistical Quality Control: ARL performance of the tabular CUSUM; and designs of ARL0 370
    (0.5, 4): (167.68, 74.22, 26.63, 13.29, 8.38, 4.75, 3.34, 2.62, 2.19, 1.71),
    (0.5, 5): (465.44, 139.49, 38.00, 17.05, 10.38, 5.75, 4.01, 3.11, 2.57, 2.01),
    (0.5, 4.77): (368.56, 121.31, 35.21, 16.17, 9.92, 5.52, 3.86, 3.00, 2.48, 1.96),
    (0.25, 8.01): (370.33, 83.82, 28.80, 16.39, 11.41, 7.12, 5.22, 4.15, 3.48, 2.67),
    (1, 2.52): (372.82, 197.76, 69.30, 27.68, 13.58, 5.46, 3.27, 2.35, 1.86, 1.32),
}
SHEWHART = (370.40, 281.15, 155.22, 81.22, 43.89, 14.97, 6.30, 3.24, 2.00, 1.19)
EWMA_SHIFTS = (0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0)
EWMAS = {
    # Lucas and Saccucci 1990, ARL0 about 500
    (0.40, 3.054): (499.95, 223.73, 71.20, 28.42, 14.26, 5.87, 3.52, 2.02, 1.44),
    (0.25, 2.998): (499.84, 170.30, 48.29, 20.11, 11.14, 5.46, 3.61, 2.26, 1.73),
    (0.20, 2.962): (499.74, 150.22, 41.76, 18.15, 10.54, 5.50, 3.74, 2.38, 1.86),
    (0.10, 2.814): (499.58, 106.32, 31.30, 15.85, 10.33, 6.08, 4.36, 2.87, 2.19),
    (0.05, 2.615): (499.93, 84.01, 28.76, 16.37, 11.38, 7.11, 5.22, 3.50, 2.69),
}


@pytest.mark.parametrize(("slack", "limit"), CUSUMS)
def test_the_table_of_two_sided_cusums_to_its_last_digit(slack: float, limit: float) -> None:
    ours = [two_sided_cusum_arl(limit, slack=slack, shift=shift) for shift in SHIFTS]
    assert [f"{arl:.2f}" for arl in ours] == [f"{arl:.2f}" for arl in CUSUMS[slack, limit]]


@pytest.mark.parametrize(("weight", "limit"), EWMAS)
def test_the_table_of_ewmas_to_its_last_digit(weight: float, limit: float) -> None:
    ours = [ewma_arl(limit, weight=weight, shift=shift) for shift in EWMA_SHIFTS]
    assert [f"{arl:.2f}" for arl in ours] == [f"{arl:.2f}" for arl in EWMAS[weight, limit]]


def test_the_table_of_shewhart_charts_to_its_last_digit() -> None:
    assert [f"{shewhart_arl(3, shift=shift):.2f}" for shift in SHIFTS] == [f"{arl:.2f}" for arl in SHEWHART]


@pytest.mark.parametrize(("limit", "arl"), [(4, "335.37"), (5, "930.89")])
def test_one_sided_cusums_run_as_long_as_published(limit: float, arl: str) -> None:
    assert f"{cusum_arl(limit, slack=0.5):.2f}" == arl


@pytest.mark.parametrize(
    ("slack", "limit", "arl"),
    [
        (0.25, 8.01, "370.3"),
        (0.5, 4.77, "368.6"),
        (0.75, 3.34, "370.6"),
        (1.0, 2.52, "372.8"),
        (1.25, 1.99, "373.5"),
        (1.5, 1.61, "376.3"),
    ],
)
def test_designs_of_about_370_values(slack: float, limit: float, arl: str) -> None:
    assert f"{two_sided_cusum_arl(limit, slack=slack):.1f}" == arl


@pytest.mark.parametrize(
    ("slack", "limit", "without", "after"),
    [(0.5, 6, 1277, 12.4), (0.5, 7, 3483, 14.4), (0.5, 8, 9483, 16.4), (0.25, 10, 1036, 14.1), (0.25, 12, 2857, 16.7)],
)
def test_patient_limits(slack: float, limit: float, without: int, after: float) -> None:
    assert round(two_sided_cusum_arl(limit, slack=slack)) == without
    assert round(two_sided_cusum_arl(limit, slack=slack, shift=1), 1) == after


@pytest.mark.parametrize("shift", [0.0, 0.5, 1.0])
def test_simulated_cusums_run_as_long(shift: float) -> None:
    slack, limit, charts = 0.5, 4.0, 4000
    noise = np.random.default_rng(7)
    up, down, runs = np.zeros(charts), np.zeros(charts), np.zeros(charts)
    running = np.ones(charts, dtype=bool)
    while running.any():
        values = noise.normal(shift, size=charts)
        up, down = np.maximum(0, up + values - slack), np.maximum(0, down - values - slack)
        runs += running
        running &= np.maximum(up, down) <= limit
    exact = two_sided_cusum_arl(limit, slack=slack, shift=shift)
    assert abs(runs.mean() - exact) < 4 * runs.std() / np.sqrt(charts)


@pytest.mark.parametrize("shift", [0.0, 1.0])
def test_simulated_ewmas_run_as_long(shift: float) -> None:
    weight, limit, charts = 0.2, 2.5, 4000
    noise = np.random.default_rng(8)
    reach = limit * np.sqrt(weight / (2 - weight))
    smooth, runs, running = np.zeros(charts), np.zeros(charts), np.ones(charts, dtype=bool)
    while running.any():
        smooth = (1 - weight) * smooth + weight * noise.normal(shift, size=charts)
        runs += running
        running &= np.abs(smooth) <= reach
    assert abs(runs.mean() - ewma_arl(limit, weight=weight, shift=shift)) < 4 * runs.std() / np.sqrt(charts)


@settings(max_examples=25)
@given(st.sampled_from([0.125, 0.25, 0.5, 1.0]), st.floats(20, 1e7))
def test_a_limit_gives_the_run_length_that_it_was_solved_for(slack: float, arl: float) -> None:
    assert two_sided_cusum_arl(cusum_limit(arl, slack=slack), slack=slack) == pytest.approx(arl, rel=1e-6)


def test_the_limit_of_a_shewhart_chart_gives_its_run_length() -> None:
    assert shewhart_limit(370.398) == pytest.approx(3.0, abs=1e-6)
    assert shewhart_arl(shewhart_limit(1e6)) == pytest.approx(1e6, rel=1e-9)


def test_false_alarms_are_shared_by_all_series() -> None:
    """20 KPIs of 10 plans by the week: with a limit of 5 there are 22 false alarms a year, with 7 there are 3."""
    weekly = 52.0
    for limit, expected in ((5, 22), (7, 3)):
        arl = two_sided_cusum_arl(limit, slack=0.5)
        assert round(200 * weekly / arl) == expected
        assert arl_of_budget(200 * weekly / arl, values_per_year=weekly, series=200) == pytest.approx(arl)
    with pytest.raises(ValueError, match="more than zero"):
        arl_of_budget(0.0, values_per_year=weekly)


def test_a_limit_that_no_chart_has_is_refused() -> None:
    with pytest.raises(ValueError, match="runs longer"):
        cusum_limit(1.5, slack=0.5)


@pytest.mark.parametrize(("freedom", "t"), [(5, 2.5706), (10, 2.2281), (30, 2.0423), (120, 1.9799)])
def test_students_t_is_exceeded_as_seldom_as_a_normal_value(freedom: int, t: float) -> None:
    assert student(1.959964, freedom) == pytest.approx(t, rel=3e-3)
    assert student_as_normal(student(3.1, freedom), freedom) == pytest.approx(3.1)


def test_where_one_side_is_bad_it_has_all_false_alarms_that_are_accepted() -> None:
    wanted = arl_of_budget(0.2, values_per_year=52) / (1 - SHOCKS)
    one = limits_of(DriftSettings(bad="up"), Grain.WEEK, values_per_year=52).up
    both = limits_of(DriftSettings(), Grain.WEEK, values_per_year=52).up
    assert cusum_arl(one.limit, slack=one.slack) == pytest.approx(wanted, rel=1e-6)
    assert two_sided_cusum_arl(both.limit, slack=both.slack) == pytest.approx(wanted, rel=1e-6)


def test_of_few_events_as_well() -> None:
    law = Poisson(expected=1.0)
    wanted = arl_of_budget(0.2, values_per_year=52) / (1 - SHOCKS)
    one, both = (
        one_sided_run_length(
            law, ratio=MOST_RATIO, limit=limits_of(each, Grain.WEEK, values_per_year=52, law=law).up.limit
        )
        for each in (DriftSettings(bad="up"), DriftSettings())
    )
    assert wanted / 1.5 < one < 1.5 * wanted
    assert 1.5 * one < both < 2.7 * one
