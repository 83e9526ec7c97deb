"""KPIs whose values are compared with those of the same phase, and KPIs of few events, as the service reads them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from services.alerts.evaluation.readings import Reading, evaluate_plan
from services.alerts.evaluation.same_phase import phases
from services.alerts.evaluation.schemas import KpiView
from services.alerts.evaluation.totals import Placed, Where
from services.alerts.kpis import Catalogue, built_in
from services.alerts.kpis.catalogue import drafted, with_file
from shared.calendars import CompanyCalendar
from shared.drift.series import Grain

MILLION = 10**6
MONTHS = [date(2022 + month // 12, month % 12 + 1, 1) for month in range(36)]
CHANGED = 30
AS_OF = date(2025, 1, 2)


def attainments(key: str, *, territories: Mapping[str, float]) -> Iterator[Placed]:
    """Of 40 participants in each of some territories; from a month on each reaches so much of what they did."""
    rng = np.random.default_rng(7)
    for month, day in enumerate(MONTHS):
        whole: Counter[str] = Counter()
        for territory, changed in territories.items():
            reached = 0.95 * np.exp(0.1 * (month % 3 == 2) + rng.normal(0, 0.3, 40))
            reached = np.round(reached * (changed if month >= CHANGED else 1.0), 2)
            counted = Counter(f"{key}@{round(value * MILLION)}" for value in reached)
            whole += counted
            yield Placed(day, Where("", "territory", territory), dict(counted))
        yield Placed(day, Where(), dict(whole))


def readings(sums: Iterator[Placed], catalogue: Catalogue, kpi: str) -> dict[str, Reading]:
    found = evaluate_plan(sums, catalogue, as_of=AS_OF)
    return {reading.where.segment: reading for reading in found if reading.kpi.name == kpi}


def test_a_territory_whose_attainment_is_spread_otherwise_has_an_episode_that_says_how_far_its_quantiles_moved() -> (
    None
):
    key = built_in().by_name["attainment_distribution"].sums.numerator.key
    sums = attainments(key, territories={"North": 1.0, "South": 0.72, "West": 1.0, "East": 1.0})
    found = readings(sums, built_in(), "attainment_distribution")
    assert [name for name, each in found.items() if each.findings and each.findings[0].current] == ["South"]
    [of_drift] = found["South"].findings
    current = of_drift.current
    assert current is not None
    assert (current.rule, current.direction) == ("distribution", "down")
    assert date(2024, 8, 1) <= current.detected_on <= date(2024, 10, 31)
    assert current.expected is not None
    assert float(current.value / current.expected) == pytest.approx(0.72, abs=0.12)
    assert [driver.segment for driver in current.drivers] == ["p10", "p50", "p90"]
    assert all(driver.contribution < 0 for driver in current.drivers)
    view = KpiView.of(found["South"])
    assert (view.state, view.missing) == ("drifting", None)
    assert KpiView.of(found["North"]).state == "steady"
    assert view.smallest_change is not None
    assert 0.05 < view.smallest_change < 0.3


OWN = {
    "name": "discounts_given",
    "title": "Discounts that are given",
    "unit": "ratio",
    "of": "deals",
    "where": "stage = 'won' and list_amount > 0",
    "value": "(list_amount - amount) / list_amount",
    "statistic": "p90",
    "observed": "deals won",
    "grain": "month",
    "bad": "above",
    "drift": {"detector": "distribution"},
    "segments": ["product"],
    "meaning": "The discounts of the deals of a month.",
    "action": "Look who approves them.",
}


def test_a_company_watches_the_discounts_of_its_deals_by_a_file_of_its_own() -> None:
    draft = drafted({"kpis": [OWN]}, built_in())
    catalogue = with_file(built_in(), draft)
    key = catalogue.by_name["discounts_given"].sums.numerator.key
    rng = np.random.default_rng(1)

    def deals() -> Iterator[Placed]:
        for month, day in enumerate(MONTHS):
            given = rng.choice([0, 0, 3, 5, 5, 8, 10, 10, 12, 15], 60) * (1.6 if month >= CHANGED else 1.0)
            yield Placed(day, Where("USD"), dict(Counter(f"{key}@{round(each * MILLION / 100)}" for each in given)))

    [of_drift] = readings(deals(), catalogue, "discounts_given")[""].findings
    assert of_drift.current is not None
    assert (of_drift.current.rule, of_drift.current.direction) == ("distribution", "up")


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"statistic": "gini"}, "median, p10 or p90"),
        ({"grain": "day"}, "a longer grain"),
    ],
)
def test_what_cannot_be_compared_by_phase_is_refused(changed: Mapping[str, Any], says: str) -> None:
    assert says in str(drafted({"kpis": [{**OWN, **changed}]}, built_in()).error)


def test_phases_are_places_in_the_fiscal_quarter() -> None:
    february = CompanyCalendar.model_validate({"fiscal": {"every": "month", "year_starts": 2}})
    assert phases(Grain.MONTH, MONTHS[:6], calendar=CompanyCalendar()) == [0, 1, 2, 0, 1, 2]
    shifted = phases(Grain.MONTH, MONTHS[:6], calendar=february)
    assert shifted == [2, 0, 1, 2, 0, 1]
    mondays = [date(2024, 1, 1), date(2024, 1, 8), date(2024, 4, 1)]
    assert phases(Grain.WEEK, mondays, calendar=CompanyCalendar()) == [0, 1, 0]


def test_adjustments_of_few_statements_are_judged_and_their_value_says_what_it_needs() -> None:
    sums = built_in().by_name["adjustments_per_100"].sums
    rng = np.random.default_rng(3)
    assert sums.denominator is not None
    assert sums.observations is not None
    above, below, counted = sums.numerator.key, sums.denominator.key, sums.observations.key

    def runs() -> Iterator[Placed]:
        for month, day in enumerate(MONTHS):
            adjusted = int(rng.poisson(0.8 if month < CHANGED else 5.0))
            yield Placed(day, Where(), {above: adjusted, below: 40, counted: 40})

    few_alarms = replace(built_in(), false_alarms_per_year=Decimal(1))
    found = readings(runs(), few_alarms, "adjustments_per_100")[""]
    view = KpiView.of(found)
    assert (view.value, view.missing) == (None, "40 of the 50 statements that it needs")
    [of_drift] = found.findings
    episode = of_drift.episodes[0]
    assert (episode.rule, episode.direction) == ("cusum", "up")
    assert date(2024, 7, 1) <= episode.detected_on <= date(2024, 9, 30)
    assert episode.value > 8
