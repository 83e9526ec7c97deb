"""What became of a KPI after a change: pairs of the same phase, a t interval, and words that claim no cause."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from typing import Literal

import numpy as np
import pytest
from scipy import stats

from services.alerts.evaluation.episodes import Subject
from services.alerts.evaluation.readings import Reading
from services.alerts.evaluation.totals import Where
from services.alerts.kpis import built_in
from services.alerts.proposals.later_effect import Point, later_effect, t_quantile
from services.alerts.proposals.proposal import Proposal, Standing
from services.alerts.proposals.schemas import CandidateBody
from services.alerts.proposals.service import became
from shared.drift.detection import assess
from shared.drift.series import Grain, series_of
from tests.services.alerts.lifecycle.watched import NOON, Company, episode
from tests.services.alerts.lifecycle.watched import found as findings
from tests.services.alerts.proposals.offers import offered

SINCE = date(2025, 7, 1)


def months(count: int, *, change: float, noise: float = 0.005) -> list[Point]:
    """Months from January 2024 on, with a season that a naive before and after would take for an effect."""
    rng = np.random.default_rng(3)
    points = []
    for number in range(count):
        first = date(2024 + number // 12, number % 12 + 1, 1)
        last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
        season = 0.1 if first.month in (9, 10, 11, 12) else 0.0
        points.append(
            Point(first, last, 0.2 + season + (change if first >= SINCE else 0) + noise * rng.standard_normal())
        )
    return points


@pytest.mark.parametrize(
    ("change", "wanted", "verdict"),
    [
        (-0.05, "down", "supported"),
        (-0.05, "up", "contradicted"),
        (0.05, "up", "supported"),
        (0.05, "down", "contradicted"),
        (0.0, "down", "not distinguishable"),
    ],
)
def test_the_verdict_is_whether_the_interval_lies_on_the_side_that_was_wanted(
    change: float, wanted: Literal["up", "down"], verdict: str
) -> None:
    found = later_effect(months(24, change=change), effective_from=SINCE, grain=Grain.MONTH, wanted=wanted)
    assert found.verdict == verdict
    assert found.pairs == 6
    assert found.difference == pytest.approx(change, abs=0.006)
    assert found.low is not None
    assert found.high is not None
    assert found.low < change + 0.003
    assert found.high > change - 0.003


def test_the_interval_is_that_of_a_paired_t_test() -> None:
    points = months(24, change=-0.02)
    found = later_effect(points, effective_from=SINCE, grain=Grain.MONTH, wanted="down")
    after, before = [p.value for p in points[18:]], [p.value for p in points[6:12]]
    oracle = stats.ttest_rel(after, before).confidence_interval(0.95)
    assert (found.low, found.high) == (pytest.approx(oracle.low), pytest.approx(oracle.high))


def test_two_months_are_shown_and_not_judged() -> None:
    found = later_effect(months(20, change=-0.1), effective_from=SINCE, grain=Grain.MONTH, wanted="down")
    assert (found.pairs, found.low, found.verdict) == (2, None, "not distinguishable")
    assert found.difference == pytest.approx(-0.1, abs=0.02)


def test_before_the_date_nothing_is_compared() -> None:
    found = later_effect(months(18, change=0), effective_from=SINCE, grain=Grain.MONTH, wanted="down")
    assert (found.pairs, found.difference) == (0, None)


def test_weeks_are_compared_with_those_of_the_same_weekday_a_year_before_and_never_with_each_other() -> None:
    first = date(2024, 1, 1)
    points = [Point(first + timedelta(weeks=n), first + timedelta(weeks=n, days=6), float(n >= 78)) for n in range(150)]
    found = later_effect(points, effective_from=points[78].first, grain=Grain.WEEK, wanted="up")
    assert found.pairs == 52  # from the second year after the change on, the year before is after it, too
    assert (found.before, found.after) == (0, 1)


@pytest.mark.parametrize("freedom", [1, 2, 3, 5, 11, 30, 200, 201, 1000])
@pytest.mark.parametrize("probability", [0.9, 0.975, 0.995])
def test_quantiles_of_students_t_are_those_of_scipy(freedom: int, probability: float) -> None:
    assert t_quantile(probability, freedom) == pytest.approx(stats.t.ppf(probability, freedom), rel=2e-5)


def test_fiscal_quarters_of_weeks_are_compared_with_those_that_begin_near_the_same_date() -> None:
    begins = [date(2023, 1, 29), date(2023, 4, 30), date(2023, 7, 30), date(2023, 10, 29), date(2024, 1, 28)]
    begins += [date(2024, 4, 28), date(2024, 7, 28), date(2024, 10, 27), date(2025, 2, 2)]
    points = [Point(a, b - timedelta(days=1), float(at)) for at, (a, b) in enumerate(pairwise(begins))]
    found = later_effect(points, effective_from=date(2024, 1, 28), grain=Grain.QUARTER, wanted="up")
    assert (found.pairs, found.difference) == (4, 4.0)


def accepted() -> Proposal:
    candidate = CandidateBody.model_validate(offered(effective_from="2025-06-01")).candidate()
    made = Proposal(
        alert_id="comp_cost_of_sales.USD.1", number=1, candidate=candidate, proposed_by="a", proposed_at=NOON
    )
    return made.decided("accepted", reason="so", who="b", now=NOON)


def test_an_accepted_change_is_followed_at_the_place_of_its_alert_once_it_holds() -> None:
    subject = Subject("comp_cost_of_sales", "USD", dimension="plan", segment="rep", detector="drift")
    company = Company()
    company.move(findings(episode(50), subject=subject))
    alert = company.alerts["comp_cost_of_sales.USD.1"]
    points = months(24, change=-0.05)
    made = series_of([p.first for p in points], [p.value for p in points])
    kpi = built_in().by_name["comp_cost_of_sales"].kpi
    here = Reading(
        kpi=kpi,
        where=Where("USD", "plan", "rep"),
        as_of=date(2026, 1, 5),
        value=None,
        observations=0,
        grain=made.grain,
        assessment=assess(made),
        spans=[(p.first, p.last) for p in points],
    )
    elsewhere = replace(here, where=Where("USD"), assessment=None)
    readings = [elsewhere, here]
    # Published for July, whatever the draft said.
    in_force = Standing(proposal=accepted(), personal=False, holds_from=SINCE)
    found = became(readings, alert, standing=in_force, as_of=date(2026, 1, 5))
    assert found is not None
    assert (found.pairs, found.verdict) == (
        6,
        "supported",
    )  # the alert was about a rise, the change was to bring it down
    assert (
        became(readings, alert, standing=Standing(proposal=accepted(), personal=False), as_of=date(2026, 1, 5)) is None
    )
    assert became(readings, alert, standing=in_force, as_of=date(2025, 6, 30)) is None
    assert became([elsewhere], alert, standing=in_force, as_of=date(2026, 1, 5)) is None
