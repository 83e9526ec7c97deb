"""Where sums go on from one plan version to the next, lines sum to the earning although the versions sum by other rules."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
import pytest

from shared.kernel import earn, explain, measure
from tests.shared.kernel.test_language_against_the_oracle import credited, earnings_differ, lines_differ

DEALS = {
    "first": {
        "amount": "6000",
        "close_date": "2025-04-28",
        "currency": "USD",
        "splits": {"dee": "100"},
        "stage": "won",
    },
    "second": {
        "amount": "900",
        "close_date": "2025-06-16",
        "currency": "USD",
        "splits": {"dee": "100"},
        "stage": "won",
    },
}
ROSTER = [{"effective_from": date(2024, 6, 1), "participant_id": "dee", "plan": "rep"}]


def version(number: int, day: date, rule: str, component: dict[str, Any]) -> dict[str, Any]:
    return {
        "plan": "rep",
        "version": number,
        "name": "rep",
        "currency": "USD",
        "effective_from": day,
        "conventions": {"versions": "continue"},
        "credits": [{"rule": "own"}, {"rule": "again"}],
        "measures": [{"measure": "base", "sum_of": [rule], "reset": "half_year"}],
        "components": [{"component": "pay", "measure": "base", **component}],
    }


@pytest.mark.parametrize("component", [{"kind": "slab", "tiers": [{"rate": "0.28"}]}, {"kind": "flat", "rate": "0.28"}])
@pytest.mark.parametrize(("before", "after"), [("again", "own"), ("own", "again")])
def test_what_a_version_credited_by_its_own_rules_is_not_the_next_deals_pay(
    component: dict[str, Any], before: str, after: str
) -> None:
    versions = [
        version(1, date(2024, 1, 1), before, component),
        version(2, date(2025, 5, 5), after, component),
    ]
    world = (DEALS, ROSTER, versions)
    assert earnings_differ(world) is None
    assert lines_differ(world) is None
    (credits, _), roster, plans = credited(world)
    earned = earn(measure(credits, plans), roster, plans=plans)
    lines = explain(credits, roster, plans=plans, earnings=earned).lines.filter(pl.col("period") == "2025-06")
    assert lines.select("deal_id", "rule", "amount").rows() == [("second", after, 25_200)]
