"""Quotas of a quarter or a year: their attainment counts when they end, and until then says how they are on course."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

import pytest

from services.alerts.evaluation.readings import Reading
from services.alerts.kpis import built_in
from services.alerts.of_facts import KnownFacts, counted, readings
from services.alerts.rollups.observations import observed_earnings
from shared.contracts.earnings import ComponentEarning, EarningsChanged
from shared.periods import Month

PEOPLE = 25


def component(
    quota: str | None, measure: str, *, reset: str | None, period: str, name: str = "main"
) -> ComponentEarning:
    fields = {"component": name, "plan": "rep", "version": 1, "amount": 1000, "currency": "USD"}
    year, month = map(int, period.split("-"))
    figures = {"fiscal": 12 * year + month - 1, "measure": measure, "quota": quota, "reset": reset}
    return ComponentEarning.model_validate(fields | figures)


def months(measures: Sequence[str], *, quota: str, reset: str | None) -> list[EarningsChanged]:
    """What everybody has sold by the end of each month of 2025, since their quota began."""
    found = []
    for number, measure in enumerate(measures, start=1):
        period = f"2025-{number:02d}"
        earning = component(quota, measure, reset=reset, period=period)
        found += [
            EarningsChanged(participant_id=f"p{one}", period=Month(period), revision=1, earnings=[earning], basis={})
            for one in range(PEOPLE)
        ]
    return found


def kpis(earned: list[EarningsChanged], as_of: date) -> dict[str, Reading]:
    facts = KnownFacts(deals={}, roster={}, earnings=earned)
    found = readings(counted(facts, built_in()), built_in(), as_of=as_of)
    return {each.kpi.name: each for each in found if not each.where.dimension}


def value(found: dict[str, Reading], name: str) -> Decimal | None:
    return found[name].value


@pytest.mark.parametrize(("reset", "months_of"), [("quarter", 3), ("year", 12)])
def test_a_quota_that_goes_on_is_no_attainment_of_a_month_and_alarms_nobody(reset: str, months_of: int) -> None:
    on_course = [str(10 * (number % months_of + 1)) for number in range(8)]
    found = kpis(months(on_course, quota=str(10 * months_of), reset=reset), date(2025, 8, 29))
    assert value(found, "attainment_pace") is None
    for name in ("share_at_quota", "attainment_median"):  # those of the second quarter, which is over
        assert value(found, name) == (1 if reset == "quarter" else None), name
    pace = found[f"attainment_pace_of_{reset}"]
    assert pace.value == pytest.approx(Decimal(1), abs=Decimal("0.03"))
    assert [each for reading in found.values() for findings in reading.findings for each in findings.episodes] == []


def test_when_the_quarter_ends_its_attainment_counts() -> None:
    earned = months(["10", "20", "33"], quota="30", reset="quarter")
    assert value(kpis(earned, date(2025, 3, 31)), "attainment_pace_of_quarter") == Decimal("1.1")
    after = kpis(earned, date(2025, 4, 1))
    assert value(after, "attainment_median") == Decimal("1.1")
    assert value(after, "share_at_quota") == 1


def test_who_is_far_behind_within_the_quarter_is_told_once_half_of_it_is_over() -> None:
    behind = months(["3", "6"], quota="30", reset="quarter")
    early = kpis(behind[:PEOPLE], date(2025, 1, 31))["attainment_pace_of_quarter"]
    assert (early.value, early.breached) == (None, None)
    late = kpis(behind, date(2025, 2, 28))["attainment_pace_of_quarter"]
    assert late.breached
    [episode] = [each for findings in late.findings for each in findings.episodes]
    assert (episode.rule, episode.expected) == ("threshold", Decimal("0.60"))


def test_of_a_plan_with_several_quotas_those_are_told_that_begin_anew_soonest() -> None:
    period = "2025-02"
    earned = EarningsChanged(
        participant_id="p",
        period=Month(period),
        revision=1,
        basis={},
        earnings=[
            component("300", "100", reset="year", period=period, name="a"),
            component("10", "9", reset=None, period=period, name="b"),
            component("20", "20", reset=None, period=period, name="c"),
            component(None, "7", reset="quarter", period=period, name="d"),
        ],
    )
    [told] = observed_earnings(earned)
    assert {name: told[name] for name in ("measure", "quota", "reset", "window_ends", "components")} == {
        "measure": "29",
        "quota": "30",
        "reset": "month",
        "window_ends": True,
        "components": 4,
    }


@pytest.mark.parametrize(
    ("reset", "ends"),
    [(None, set(range(1, 13))), ("quarter", {3, 6, 9, 12}), ("half_year", {6, 12}), ("year", {12}), ("never", set())],
)
def test_a_quota_ends_with_the_last_month_of_its_time(reset: str | None, ends: set[int]) -> None:
    earned = [
        EarningsChanged(
            participant_id="p",
            period=Month(period),
            revision=1,
            basis={},
            earnings=[component("10", "1", reset=reset, period=period)],
        )
        for period in (f"2025-{number:02d}" for number in range(1, 13))
    ]
    assert {int(each.period[-2:]) for each in earned if observed_earnings(each)[0]["window_ends"]} == ends
