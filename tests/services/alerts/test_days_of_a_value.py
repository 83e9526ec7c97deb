"""A value says of which days it is, and what is expected stands beside the value of the same days."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from services.alerts.evaluation.readings import evaluate_plan
from services.alerts.evaluation.schemas import KpiView
from services.alerts.evaluation.totals import Placed, Where
from services.alerts.kpis import built_in

AS_OF = date(2026, 6, 25)
"""A Thursday."""
FIRST = date(2025, 1, 6)


def views(kpi: str) -> dict[str, KpiView]:
    """Of a company whose discount is 10 % and since the last whole week 40 %, of many deals on every day."""
    sums = built_in().by_name[kpi].sums
    assert sums.denominator is not None
    counts = sums.observations or sums.denominator
    placed = []
    for number in range((AS_OF - FIRST).days + 1):
        day = FIRST + timedelta(days=number)
        rate = 40 if day >= date(2026, 6, 15) else 10 + number % 3
        of_day = {sums.numerator.key: rate * 10_000_000, sums.denominator.key: 1_000_000_000, counts.key: 40}
        placed += [Placed(day, where, of_day) for where in (Where("USD"), Where("USD", "territory", "west"))]
    found = evaluate_plan(placed, built_in(), as_of=AS_OF)
    return {each.where.dimension: KpiView.of(each) for each in found if each.kpi.name == kpi}


def test_the_value_of_a_threshold_is_of_its_window_and_what_is_expected_of_the_latest_week() -> None:
    whole = views("average_discount")[""]
    assert (whole.first, whole.last) == (date(2026, 5, 27), AS_OF)
    assert whole.value is not None
    assert Decimal("0.20") < whole.value < Decimal("0.22")  # eleven of thirty days
    assert whole.latest is not None
    assert (whole.latest.first, whole.latest.last) == (date(2026, 6, 15), date(2026, 6, 21))
    assert whole.latest.value == Decimal("0.4")
    assert whole.expected is not None
    assert Decimal("0.10") < whole.expected < Decimal("0.12")


def test_the_value_of_a_segment_is_of_the_days_of_what_is_expected() -> None:
    west = views("average_discount")["territory"]
    assert west.latest is not None
    assert (west.first, west.last, west.value) == (west.latest.first, west.latest.last, west.latest.value)
    assert west.value == Decimal("0.4")
