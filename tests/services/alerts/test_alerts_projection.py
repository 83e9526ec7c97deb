"""The end of the month is projected by how other months went on, and by nothing that comes later."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from services.alerts.evaluation.projection import Projection
from services.alerts.evaluation.readings import evaluate_plan
from services.alerts.evaluation.totals import Placed, Where
from services.alerts.kpis import built_in

AS_OF = date(2025, 3, 14)
"""Eleven of 21 business days are left."""
DAY = timedelta(days=1)


def month(number: int, early: int) -> list[Placed]:
    """A month back: this much is won early in it, 100 in all, the rest on its last business day."""
    first = date(2025, 3 - number, 1) if number < 3 else date(2024, 15 - number, 1)
    last = (first + timedelta(days=32)).replace(day=1) - DAY
    return [
        Placed(day, Where("USD"), {"attainment_pace.course": won})
        for day, won in ((first + 5 * DAY, early), (last, 100 - early))
    ]


def projection(months: list[Placed], as_of: date = AS_OF) -> Projection | None:
    sums = {"numerator": 4_000, "denominator": 10_000, "observations": 9}
    so_far = Placed(date(2025, 3, 1), Where("USD"), {f"attainment_pace.{part}": value for part, value in sums.items()})
    [found] = [
        each
        for each in evaluate_plan([so_far, *months], built_in(), as_of=as_of)
        if (each.kpi.name, each.where) == ("attainment_pace", Where("USD"))
    ]
    return found.projection


def test_what_there_is_so_far_is_divided_by_the_part_that_other_months_had_by_then() -> None:
    alike = [each for number in range(1, 13) for each in month(number, 50)]
    assert projection(alike) == Projection(*[Decimal("0.800000")] * 3)


def test_the_interval_is_as_wide_as_months_differ() -> None:
    found = projection([each for number in range(1, 13) for each in month(number, 30 + 2 * number)])
    assert found is not None
    assert found.value == pytest.approx(Decimal("0.930233"), abs=Decimal("0.000001"))  # 0.4 / 0.43
    assert found.low < found.value < found.high
    assert found.high == pytest.approx(Decimal(str(0.4 / 0.342)), abs=Decimal("0.00001"))


def test_nothing_is_projected_from_few_months_or_before_the_pace_is_told() -> None:
    few = [each for number in range(1, 6) for each in month(number, 50)]
    assert projection(few) is None
    enough = [*few, *month(6, 50)]
    assert projection(enough) is not None
    assert projection(enough, AS_OF - DAY) is None
