"""What drove an alert: against the times in which nothing was wrong, for everybody who may read of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

import numpy as np
import pytest

from services.alerts.evaluation.drifts import Past
from services.alerts.evaluation.drivers import Parts, driven
from services.alerts.evaluation.episodes import Episode, Findings, Subject
from services.alerts.evaluation.readings import evaluate_plan
from services.alerts.evaluation.totals import Placed, Where
from services.alerts.kpis import built_in
from shared.calendars import CompanyCalendar
from shared.drift.series import Excluded, Grain
from tests.services.alerts.discounts import discounts_counted

FIRST: Final = date(2023, 1, 2)
WEST_ROSE, WEST_IS_BACK = date(2024, 3, 4), date(2024, 8, 5)
EAST_ROSE, LAST = date(2024, 11, 4), date(2025, 1, 10)
WHOLE: Final = Subject("average_discount", "USD", detector="drift")
TERRITORIES: Final = ("north", "south", "west", "east")


def points_more(territory: str, day: date) -> float:
    """The west grants much more for five months; in autumn the east does so, and less more than the west did."""
    rose = (territory == "west" and WEST_ROSE <= day < WEST_IS_BACK, territory == "east" and day >= EAST_ROSE)
    return 0.16 * rose[0] + 0.07 * rose[1]


def found(*, as_of: date) -> Findings:
    """What is found of the discounts of a company of four territories, each with one manager, and two products."""
    random, catalogue = np.random.default_rng(5), built_in()
    placed, day = [], FIRST
    while day < as_of:
        granted = {each: 0.12 + points_more(each, day) + float(random.normal(0, 0.008)) for each in TERRITORIES}
        whole = sum(granted.values()) / 4
        of_place = {Where("USD"): whole, Where("USD", "product", "A"): whole, Where("USD", "product", "B"): whole}
        for territory, rate in granted.items():
            of_place[Where("USD", "territory", territory)] = rate
            of_place[Where("USD", "manager", f"manager of {territory}")] = rate
        for where, rate in of_place.items():
            deals = {"": 80, "product": 40}.get(where.dimension, 20)
            placed.append(Placed(day, where, discounts_counted(deals, rate)))
        day += timedelta(weeks=1)
    [reading] = [
        each
        for each in evaluate_plan(placed, catalogue, as_of=as_of)
        if (each.kpi.name, each.where) == ("average_discount", Where("USD"))
    ]
    [of_drift] = [each for each in reading.findings if each.subject.detector == "drift"]
    return of_drift


def culprits(episode: Episode, *, reads_pay: bool) -> list[tuple[str, str, object]]:
    told = episode.drivers_for(reads_pay=reads_pay)
    return [(each.dimension, each.segment, round(100 * each.share)) for each in told]


def test_a_second_drift_is_not_compared_with_the_first() -> None:
    *earlier, now = found(as_of=LAST).episodes
    assert (now.recovered_on, now.direction, abs(now.onset - EAST_ROSE) < timedelta(weeks=2)) == (None, "up", True)
    assert earlier
    assert earlier[0].direction == "up"
    dimension, segment, share = culprits(now, reads_pay=False)[0]
    assert (dimension, segment) == ("territory", "east")
    assert share == pytest.approx(100, abs=15)
    assert all(abs(other) < 15 for *_, other in culprits(now, reads_pay=False)[1:])


def test_what_drove_an_episode_that_is_over_stays_told_whatever_came_after_it() -> None:
    soon, later = (found(as_of=day).episodes[0] for day in (WEST_IS_BACK + timedelta(weeks=8), LAST))
    assert soon.recovered_on is not None
    assert culprits(soon, reads_pay=False)[0][:2] == ("territory", "west")
    assert soon == later


def weeks_of_two(*, earlier: Sequence[float], now: float) -> tuple[Parts, Findings]:
    """Half a year of some shares in the west, between calm times, and then one that is found to have risen in the east:
    the segments, and the finding.
    """
    rates = np.concatenate([np.full(60, 0.12), earlier, np.full(20, 0.12), np.full(8, 0.12 + now)])
    west = np.where(np.arange(len(rates)) < 60 + len(earlier), rates, 0.12)
    east = np.where(np.arange(len(rates)) < 60 + len(earlier), 0.12, rates)
    over = [(FIRST + timedelta(weeks=n), FIRST + timedelta(weeks=n, days=6)) for n in range(len(rates))]
    noise = np.random.default_rng(2).normal(0, 0.003, (2, len(rates)))
    parts = Parts(
        past=Past(Grain.WEEK, over),
        known_on=[last for _, last in over],
        by_dimension={
            "territory": dict(
                zip(
                    ("west", "east"), zip(np.array([west, east]) + noise, np.ones_like(noise), strict=True), strict=True
                )
            )
        },
        calendar=CompanyCalendar(),
    )
    drifting = Episode(
        detected_on=over[-6][1],
        onset=over[-8][0],
        direction="up",
        score=1.2,
        rule="cusum",
        value=Decimal("0.15"),
        expected=Decimal("0.12"),
    )
    return parts, Findings(
        subject=WHOLE, as_of=over[-1][1], known=True, value=None, expected=None, episodes=(drifting,)
    )


def test_what_somebody_explained_is_no_part_of_what_a_drift_is_compared_with() -> None:
    parts, drifting = weeks_of_two(earlier=[0.2] * 26, now=0.04)
    first, last = parts.past.spans[60][0], parts.past.spans[85][1]
    explained = Excluded(first=first, last=last, known_on=first)
    [episode] = driven(drifting, parts, assessment=None, explained=[explained]).episodes
    assert culprits(episode, reads_pay=False)[0] == ("territory", "east", pytest.approx(100, abs=8))
    not_yet = replace(explained, known_on=drifting.as_of + timedelta(days=1))
    [episode] = driven(drifting, parts, assessment=None, explained=[not_yet]).episodes
    assert ("territory", "east", pytest.approx(100, abs=8)) not in culprits(episode, reads_pay=False)


def test_of_a_change_that_is_none_in_the_direction_of_the_alert_nothing_is_told() -> None:
    parts, drifting = weeks_of_two(earlier=[0.4] * 26, now=0.04)  # without a word of it the whole has fallen since
    [episode] = driven(drifting, parts, assessment=None, explained=[]).episodes
    assert episode.drivers == ()
