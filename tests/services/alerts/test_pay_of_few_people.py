"""What a KPI looks at of people's pay leaves the service of so many people that it is nobody's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from prometheus_client import REGISTRY

from services.alerts.evaluation.gauges import Gauges
from services.alerts.evaluation.readings import Reading
from services.alerts.evaluation.schemas import KpiView
from services.alerts.kpis import Catalogue, built_in
from services.alerts.kpis.catalogue import drafted, with_file
from services.alerts.of_facts import KnownFacts, counted, readings
from services.alerts.rollups.contributions import Counting, Moved
from services.alerts.rollups.observations import runs_frame
from shared.contracts.earnings import ComponentEarning, EarningsChanged
from shared.periods import Month

AS_OF = date(2026, 6, 10)
MONTHS = [Month(f"{2024 + number // 12}-{number % 12 + 1:02d}") for number in range(29)]
PAY = {
    "name": "pay_each",
    "title": "Pay of a month",
    "unit": "money",
    "of": "earnings",
    "numerator": "amount",
    "observed": "participants' months",
    "grain": "month",
    "bad": "both",
    "minimum": 5,
    "meaning": "What is paid.",
    "action": "Look.",
}


def with_kpis(*kpis: Mapping[str, Any]) -> Catalogue:
    draft = drafted({"kpis": list(kpis)}, built_in())
    assert draft.file is not None, (draft.error, draft.findings)
    return with_file(built_in(), draft)


def paid(
    participant: str, *plans: str, amount: int = 346_625, months: Sequence[Month] = MONTHS
) -> Iterator[EarningsChanged]:
    for month in months:
        fields = {"component": "main", "version": 1, "amount": amount, "currency": "USD"}
        figures = {"fiscal": None, "measure": str(amount), "quota": "300000", "reset": None}
        earnings = [ComponentEarning.model_validate(fields | figures | {"plan": plan}) for plan in plans]
        yield EarningsChanged(participant_id=participant, period=month, revision=1, earnings=earnings, basis={})


def people(number: int, *plans: str) -> list[EarningsChanged]:
    return [one for each in range(number) for one in paid(f"p{each}", *plans)]


def read(earned: Sequence[EarningsChanged], catalogue: Catalogue) -> list[Reading]:
    return readings(counted(KnownFacts(deals={}, roster={}, earnings=earned), catalogue), catalogue, as_of=AS_OF)


def named(found: Sequence[Reading], name: str, segment: str = "") -> Reading:
    [one] = [each for each in found if (each.kpi.name, each.where.segment) == (name, segment)]
    return one


def figures(reading: Reading) -> list[float]:
    """All figures of a reading that anybody may come to see."""
    view = KpiView.of(reading).model_dump()
    values = [view[name] for name in ("value", "expected", "low", "high")]
    of_series = [] if reading.assessment is None else list(reading.assessment.series.values)
    drifting = [found.expected for found in reading.findings if found.subject.detector == "drift"]
    of_findings = [*(found.value for found in reading.findings), *drifting]
    told = [float(each) for each in (*values, *of_series, *of_findings) if each is not None]
    return [each for each in told if not np.isnan(each)]


def test_the_pay_of_one_on_a_plan_is_told_nowhere_however_many_months_it_is_of() -> None:
    kpis = with_kpis(
        {**PAY, "segments": ["plan"], "grain": "quarter", "drift": {}},
        {**PAY, "name": "of_director", "where": "plan = 'director'", "drift": {}},
        {
            **PAY,
            "name": "of_year",
            "where": "plan = 'director'",
            "threshold": {"above": 100, "window": {"months": 12}},
        },
        {**PAY, "name": "median_of_director", "where": "plan = 'director'", "numerator": None}
        | {"value": "amount", "statistic": "median"},
        {
            **PAY,
            "name": "reaches",
            "where": "plan = 'director'",
            "numerator": "attainment >= 1",
            "drift": {"kind": "shares"},
        },
    )
    found = read([*people(30, "rep"), *paid("dora", "director", amount=999_900)], kpis)
    for name in ("of_director", "of_year", "median_of_director", "reaches"):
        assert figures(named(found, name)) == [], name
    assert figures(named(found, "pay_each", "director")) == []
    assert named(found, "pay_each", "rep").value == Decimal("3466.25")
    assert named(found, "pay_each").value is not None
    assert "pay of fewer than 5 people" in str(KpiView.of(named(found, "of_year")).missing)
    gauges = Gauges(kpis)
    gauges.show(found, set(), as_of=AS_OF, now=0.0)
    labels = {"kpi": "pay_each", "currency": "USD", "dimension": "plan", "segment": "director"}
    assert REGISTRY.get_sample_value("earnest_kpi_value", labels) is None
    assert REGISTRY.get_sample_value("earnest_kpi_value", {**labels, "segment": "rep"}) == 3466.25
    gauges.show([], set(), as_of=None, now=0.0)


@pytest.mark.parametrize(("number", "value"), [(3, None), (4, None), (8, Decimal("3466.25"))])
def test_who_is_on_several_plans_is_one(number: int, value: Decimal | None) -> None:
    found = read(people(number, "rep", "overlay", "lead"), with_kpis(PAY))
    assert named(found, "pay_each").observations == 3 * number
    assert named(found, "pay_each").value == value


def test_earnings_above_a_line_of_deals_are_of_people_too() -> None:
    """However many deals there are beside them."""
    cost = {**PAY, "name": "cost", "numerator": {"of": "earnings", "sum": "amount", "where": "plan = 'director'"}}
    kpis = with_kpis({**cost, "denominator": "amount"})
    found = read([*people(30, "rep"), *paid("dora", "director")], kpis)
    assert figures(named(found, "cost")) == []


@pytest.mark.parametrize(("participants", "value"), [(1, None), (4, None), (5, Decimal("4000"))])
def test_what_many_runs_paid_one_is_told_nowhere(participants: int, value: Decimal | None) -> None:
    kpis = with_kpis({**PAY, "of": "runs", "numerator": "paid", "observed": "runs"})
    runs = [
        {
            **dict.fromkeys(("statements", "adjustments", "corrections", "clawbacks"), participants),
            **{"ends": f"2026-03-{day:02d}", "pay_group": "board", "kind": "regular", "state": "paid"},
            "amounts": [{"currency": "USD", "participants": participants, "paid": 400_000}],
        }
        for day in range(1, 21)
    ]
    moved: Moved = {}
    Counting(kpis).move(moved, "runs", before=runs_frame([]), after=runs_frame(runs))
    found = named(readings(moved, kpis, as_of=date(2026, 4, 20)), "pay_each")
    assert found.observations == 20
    assert found.value == value


def test_every_kpi_of_pay_that_comes_with_earnest_asks_for_as_many() -> None:
    asking = {each.kpi.name for each in built_in().plan if each.sums.people}
    assert {"comp_cost_of_sales", "payout_gini", "attainment_median", "share_at_quota", "quota_median"} <= asking
    assert {"payout_accuracy", "cost_against_plan", "pay_without_quota", "new_participant_ramp"} <= asking
    assert not {"adjustments_per_100", "average_discount", "win_rate"} & asking


@pytest.mark.parametrize("minimum", [None, 0, 1, 4])
def test_a_kpi_of_pay_with_a_smaller_minimum_is_refused(minimum: int | None) -> None:
    kpi = {name: value for name, value in PAY.items() if name != "minimum"}
    draft = drafted({"kpis": [kpi if minimum is None else {**kpi, "minimum": minimum}]}, built_in())
    [finding] = draft.findings
    assert (finding.code, finding.path) == ("K207", ("kpis", 0, "minimum"))
    assert finding.mend == "write `minimum: 5` or more"
    assert not drafted({"kpis": [{**kpi, "numerator": "components"}]}, built_in()).findings
