"""What the alerts service finds in companies: the demo's own drift soon and nothing before it, planted drifts with their
segment, and hardly anything where nothing goes wrong. Counted and evaluated by the product's own code.
"""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest

from earnest.company import FOLDER
from earnest.company.deliveries import roster_files
from earnest.company.drift_bench import (
    KINDS,
    NONE,
    YEAR,
    FalseAlarms,
    Found,
    broken_by_false_alarms,
    broken_by_findings,
    false_alarms,
    found_in,
    planted,
)
from earnest.company.known import known_in_the_end
from earnest.company.people import People, roster_rows
from earnest.company.selling import deal_reports
from earnest.company.world import FERNHILL, DriftKind
from earnest.plans.files import read_plans
from services.alerts.kpis import built_in
from services.alerts.of_facts import counted, readings
from shared.periods import period_of


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
    found = NONE
    for seed in range(3):
        found = found.and_those_of(false_alarms(seed))
    assert found.days.total() > 800 * YEAR
    assert list(broken_by_false_alarms(found)) == []


@pytest.mark.parametrize(
    ("kind", "seed", "weeks"),
    [
        ("discount", 1, 13),
        ("discount", 4, 10),
        ("win_rate", 2, 13),
        ("win_rate", 4, 13),
        ("splits", 0, 9),
        ("splits", 4, 6),
        ("cost_of_sales", 4, 9),
        ("quota", 0, 13),
        ("quota", 1, 9),
        ("pull_forward", 1, 20),
    ],
)
def test_a_planted_drift_is_found_within_weeks_and_its_segment_is_named_first(
    kind: DriftKind, seed: int, weeks: int
) -> None:
    found = found_in(planted(kind, seed), seed=seed)
    assert found is not None
    assert found.weeks <= weeks
    assert found.in_the_end == 1


def test_another_company_has_its_drift_at_another_place_on_another_day_and_every_time_the_same() -> None:
    for kind, how in KINDS.items():
        drifts = [planted(kind, seed) for seed in range(12)]
        assert drifts == [planted(kind, seed) for seed in range(12)]
        assert {(drift.dimension, drift.segment) for drift in drifts} == set(how.places)
        assert all(how.least <= drift.basis_points <= how.most for drift in drifts)
        assert len({drift.begins for drift in drifts}) > 3


def test_floors_that_are_broken_are_told() -> None:
    often = FalseAlarms(Counter(win_rate=3_653), Counter(win_rate=2))
    assert [*broken_by_false_alarms(often)] == ["1.00 false alarms in each 5 years of a series, at most 0.2"]
    unnamed = Found("split_share", 5, at_once=None, in_the_end=2)
    assert [*broken_by_findings("splits", [unnamed] * 9 + [None])] == [
        "splits: found in 9 of 10 companies, at least 10",
        "splits: named first in 0 of 10 companies, at least 8",
    ]
    named = Found("split_share", 5, at_once=None, in_the_end=1)
    assert [*broken_by_findings("splits", [named] * 10)] == []
