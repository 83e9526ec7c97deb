"""What the alerts service finds in companies: the demo's own drift soon and nothing before it, planted drifts with their
segment, and hardly anything where nothing goes wrong. Counted and evaluated by the product's own code.
"""

from __future__ import annotations

from datetime import timedelta

import pytest

from earnest.company import FOLDER
from earnest.company.deliveries import roster_files
from earnest.company.drift_bench import PLANTED, blames, false_alarms, found_in
from earnest.company.known import known_in_the_end
from earnest.company.people import People, roster_rows
from earnest.company.selling import deal_reports
from earnest.company.world import FERNHILL
from earnest.plans.files import read_plans
from services.alerts.kpis import built_in
from services.alerts.of_facts import counted, readings
from shared.periods import period_of

SEED = 3


def test_the_demo_company_drifts_and_nothing_is_found_before_it_does() -> None:
    roster = [row for file in roster_files() for row in roster_rows(file)]
    plans = read_plans([FOLDER / "plans"]).plans.values()
    reports = deal_reports(FERNHILL, People(roster))
    known = known_in_the_end(reports, roster, plans=plans, last=period_of(FERNHILL.last_day))
    found = {
        (reading.kpi.name, episode.detected_on)
        for reading in readings(counted(known, built_in()), built_in(), as_of=FERNHILL.last_day)
        for findings in reading.findings
        for episode in findings.episodes
    }
    begins = min(drift.begins for drift in FERNHILL.drifts)
    assert [(kpi, day) for kpi, day in found if day < begins] == []
    for kpi in ("average_discount", "discount_per_deal"):
        assert min(day for name, day in found if name == kpi) <= begins + timedelta(weeks=3), kpi


def test_where_nothing_goes_wrong_hardly_anything_is_found() -> None:
    found = false_alarms(range(4))
    assert sum(found.years.values()) > 400
    assert found.per_five_years() <= 1


def test_planted_drifts_are_found_and_their_segment_is_named() -> None:
    found = [(planted.drift, found_in(planted, seed=SEED)) for planted in PLANTED]
    assert [drift for drift, alert in found if alert is None] == []
    # Nearly all deals are those of reps: that others pull none forward is too little to tell by.
    unnamed = [drift.kind for drift, alert in found if alert is not None and not blames(alert, drift, seed=SEED)]
    assert unnamed in ([], ["pull_forward"])


@pytest.mark.parametrize("seed", [1, 2])
def test_a_quota_that_is_too_high_for_seven_people_is_found_in_their_territory(seed: int) -> None:
    [planted] = [each for each in PLANTED if (each.drift.kind, each.drift.dimension) == ("quota", "territory")]
    found = found_in(planted, seed=seed)
    assert found is not None
    assert blames(found, planted.drift, seed=seed)
