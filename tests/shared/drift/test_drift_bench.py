"""The drift bench on few seeds: what `earnest bench drift` measures on many."""

from __future__ import annotations

import numpy as np

from shared.drift.bench import Alarm, Figures, Finding, broken, measure, textbook
from shared.drift.bench_series import SORTS
from shared.drift.series import Series


def test_the_incentive_kpi_is_watched_at_least_as_well_as_by_a_textbook_chart() -> None:
    ours, theirs = (
        measure(SORTS["incentive"], range(24)),
        measure(SORTS["incentive"], range(24), detector=textbook),
    )
    assert ours.years_with_alarm <= max(theirs.years_with_alarm, 0.17)
    for name, most in (("step 1 sd", 15), ("step 2 sd", 7), ("fall 2 sd", 7), ("ramp to 2 sd", 32)):
        assert ours.findings[name].delay <= most
        assert ours.findings[name].found >= 0.95
    assert ours.findings["step 1 sd"].delay <= theirs.findings["step 1 sd"].delay
    assert ours.findings["step 2 sd"].delay < theirs.findings["step 2 sd"].delay


def test_other_sorts_of_series_raise_few_false_alarms() -> None:
    for name in ("retail", "1 a day", "win rate by week", "months", "heavy tails", "season by week"):
        figures = measure(SORTS[name], range(6))
        assert figures.false_alarms <= 0.5, name
        assert figures.findings["step 2 sd"].found >= 0.5, name


def test_a_chart_that_always_alarms_breaks_the_floors_and_one_that_never_does_too() -> None:
    def always(series: Series) -> list[Alarm]:
        return [Alarm(day=day, upward=True) for day in series.dates[60::10]]

    figures = measure(SORTS["incentive"], range(3), detector=always)
    assert figures.years_with_alarm == 1
    assert any("years with a false alarm" in each for each in broken("incentive", figures))
    never = measure(SORTS["incentive"], range(3), detector=lambda _: [])
    assert never.false_alarms == 0
    assert any("found after inf" in each for each in broken("incentive", never))


def test_floors_that_hold_are_not_told() -> None:
    good = Finding(found=1.0, delay=5.0)
    names = ("step 1 sd", "step 2 sd", "fall 2 sd", "ramp to 2 sd")
    figures = Figures(series=9, years=27.0, false_alarms=0.1, years_with_alarm=0.1, findings=dict.fromkeys(names, good))
    assert [list(broken(name, figures)) for name in SORTS] == [[]] * len(SORTS)


def test_series_of_a_seed_are_the_same_series() -> None:
    for sort in SORTS.values():
        one, other = sort.seeded(5), sort.seeded(5)
        np.testing.assert_array_equal(one.values, other.values)
        assert not np.array_equal(one.values, sort.seeded(6).values[: len(one)])
