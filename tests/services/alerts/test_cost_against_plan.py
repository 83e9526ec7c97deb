"""What pay costs against what the plans earn: a good quarter is no alarm, pay beside the plans is one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from services.alerts.evaluation.readings import Reading
from tests.services.alerts.test_alerts_evaluation import placed, reading

USUAL = [1000 + 7 * (number * 5 % 11) for number in range(35)]
"""What the plans earn in the months from 2023 on."""
BESIDE = [earned * (20 + number * 7 % 5) // 1000 for number, earned in enumerate(USUAL)]
"""What was always paid beside them: two percent and a little."""


def costs_of_runs(*, earned: Sequence[int], beside: Sequence[int]) -> Reading:
    """The cost against the plan of the runs of months from 2023 on."""
    months = [date(2023 + number // 12, number % 12 + 1, 28) for number in range(len(earned))]
    days = {
        month: {"numerator": (plan + more) * 10**6, "denominator": plan * 10**6, "observations": 60}
        for month, plan, more in zip(months, earned, beside, strict=True)
    }
    return reading("cost_against_plan", placed("cost_against_plan", days), as_of=date(2025, 12, 31))


def test_a_good_quarter_is_no_alarm() -> None:
    of_good_quarter = [2 if 24 <= number < 27 else 1 for number in range(35)]
    earned = [plan * times for plan, times in zip(USUAL, of_good_quarter, strict=True)]
    beside = [more * times for more, times in zip(BESIDE, of_good_quarter, strict=True)]
    [found] = costs_of_runs(earned=earned, beside=beside).findings
    assert (found.known, found.episodes) == (True, ())


def test_pay_beside_the_plans_is_found_within_a_quarter() -> None:
    beside = [more + (USUAL[number] // 10 if number >= 24 else 0) for number, more in enumerate(BESIDE)]
    [found] = costs_of_runs(earned=USUAL, beside=beside).findings
    assert [episode.direction for episode in found.episodes] == ["up"]
    assert date(2025, 1, 1) <= found.episodes[0].detected_on <= date(2025, 4, 1)


def test_where_nothing_was_ever_paid_beside_the_plans_no_month_is_an_alarm() -> None:
    [found] = costs_of_runs(earned=USUAL, beside=[0] * 35).findings
    assert (found.known, found.value, found.episodes) == (True, 1, ())
