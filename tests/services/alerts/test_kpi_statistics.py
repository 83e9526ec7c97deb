"""Statistics of many values, which are kept as counts by value."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.alerts.evaluation.figures import measured
from services.alerts.evaluation.totals import Placed, Where, courses
from services.alerts.kpis import built_in
from shared.drift.distributions import gini, top_share

FRIDAY = date(2025, 3, 14)
MILLION = 10**6


def placed(kpi: str, days: Mapping[date, Mapping[str, int]]) -> list[Placed]:
    """Counts of the values of a KPI by day: `value@7` is a level."""
    key = built_in().by_name[kpi].sums.numerator.key
    return [
        Placed(day, Where("USD"), {f"{key}@{level.partition('@')[2]}": count for level, count in counts.items()})
        for day, counts in days.items()
    ]


def statistic(name: str, levels: Mapping[str, int], as_of: date = FRIDAY) -> Decimal | None:
    watched = built_in().by_name[name]
    sums = placed(name, {date(2025, 3, 3): {f"value@{level}": count for level, count in levels.items()}})
    [course] = courses(sums, built_in())[name].values()
    return measured(watched, course, first=date(2025, 3, 1), last=date(2025, 3, 31), as_of=as_of).value


VALUES = st.lists(st.integers(1, 999), min_size=20, max_size=60)


@given(values=VALUES)
def test_statistics_of_counted_values_are_those_of_the_values_themselves(values: list[int]) -> None:
    counted = {str(value * MILLION): values.count(value) for value in values}
    for name, expected in {
        "attainment_median": np.quantile(values, 0.5),
        "attainment_p10": np.quantile(values, 0.1),
        "attainment_p90": np.quantile(values, 0.9),
        "payout_gini": gini(values),
    }.items():
        found = statistic(name, counted)
        assert found is not None
        assert float(found) == pytest.approx(float(expected), abs=2e-6), name
    if len(values) % 10 == 0:
        found = statistic("top_tenth_of_payout", counted)
        assert found is not None
        assert float(found) == pytest.approx(top_share(values), abs=2e-6)


def test_the_median_cycle_counts_what_is_open_with_its_age_so_far() -> None:
    """Freireich's remission times of 6-MP, by which the product-limit estimate is taught: a median of 23 weeks."""
    ended = {6: 3, 7: 1, 10: 1, 13: 1, 16: 1, 22: 1, 23: 1}
    still_open = {6: 1, 9: 1, 10: 1, 11: 1, 17: 1, 19: 1, 20: 1, 25: 1, 32: 2, 34: 1, 35: 1}
    watched, as_of = built_in().by_name["sales_cycle"], date(2025, 6, 30)
    days: dict[date, dict[str, int]] = {}
    for age, count in still_open.items():
        days.setdefault(as_of - timedelta(days=age), {})["value@open"] = count
    for time, count in ended.items():
        days.setdefault(as_of - timedelta(days=40), {})[f"value@{time * MILLION}"] = count
    more = {day: {**sums, "value@open": sums.get("value@open", 0)} for day, sums in days.items()}
    [course] = courses(placed("sales_cycle", more), built_in())["sales_cycle"].values()
    found = measured(watched, course, first=date(2025, 1, 1), last=as_of, as_of=as_of)
    assert (found.value, found.observations) == (None, 21)  # fewer than its minimum
    enough = watched.kpi.model_copy(update={"minimum": 0})
    assert (
        measured(type(watched)(enough, watched.sums), course, first=date(2025, 1, 1), last=as_of, as_of=as_of).value
        == 23
    )
