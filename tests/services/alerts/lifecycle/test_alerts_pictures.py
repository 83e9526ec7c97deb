"""An alert is drawn from the readings of now, for the API and for mails."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from babel.dates import format_date
from sqlalchemy import Engine

from services.alerts.evaluation import drifts
from services.alerts.evaluation.episodes import Findings
from services.alerts.evaluation.evaluator import Evaluation, Evaluator
from services.alerts.evaluation.readings import Reading
from services.alerts.evaluation.totals import Where
from services.alerts.kpis import built_in
from services.alerts.lifecycle.pictures import picture_of
from services.alerts.lifecycle.service import Charts, Lifecycle
from services.alerts.lifecycle.store import Filter, page
from shared.drift.detection import assess
from shared.drift.picture import description
from shared.drift.series import Grain, Series
from shared.log.postgres import PostgresLog
from tests.services.alerts.lifecycle.watched import DISCOUNT, NOON, episode, found


@pytest.fixture
def evaluation() -> Evaluation:
    """Two years of weekly discounts that rise at last, in dollars."""
    weeks = np.arange("2023-01-02", "2025-03-03", 7, dtype="datetime64[D]")
    values = 0.15 + 0.01 * np.sin(np.arange(weeks.size) * 2.4)
    values[-8:] += 0.1
    reading = Reading(
        kpi=built_in().by_name["average_discount"].kpi,
        where=Where("USD"),
        as_of=date(2025, 3, 10),
        value=Decimal("0.25"),
        observations=400,
        grain=Grain.WEEK,
        assessment=assess(Series(grain=Grain.WEEK, dates=weeks, ends=weeks + np.timedelta64(6, "D"), values=values)),
    )
    return Evaluation(at=0.0, as_of=reading.as_of, plan=[reading], today=reading.as_of, pipeline=[])


def opened(alerts_engine: Engine, lifecycle: Lifecycle, *findings: Findings) -> None:
    with alerts_engine.begin() as connection:
        lifecycle.move(connection, findings, now=NOON)


def test_an_alert_is_drawn_with_what_was_seen_and_expected(
    alerts_engine: Engine, lifecycle: Lifecycle, evaluation: Evaluation
) -> None:
    opened(alerts_engine, lifecycle, found(episode(50)), found(episode(50), subject=DISCOUNT._replace(currency="EUR")))
    with alerts_engine.connect() as connection:
        dollars, euro = sorted(
            page(connection, Filter(), limit=9), key=lambda alert: alert.subject.currency, reverse=True
        )
    drawn = picture_of(dollars, evaluation.plan, form="svg")
    assert drawn is not None
    assert b"Average discount" in drawn
    assert picture_of(euro, evaluation.plan, form="svg") is None


def test_a_picture_says_the_dates_of_the_alert(evaluation: Evaluation) -> None:
    [reading] = evaluation.plan
    assert reading.assessment is not None
    [of_alert] = drifts.episodes(reading.assessment)
    assert of_alert.detected_on.weekday() == 6
    assert of_alert.onset.weekday() == 0
    began, on = (format_date(day, "d MMMM yyyy", locale="en") for day in (of_alert.onset, of_alert.detected_on))
    assert f"began about {began}, found {on}." in description(reading.assessment)


def test_mails_have_the_picture_and_none_of_one_person(
    alerts_engine: Engine,
    log: PostgresLog,
    lifecycle: Lifecycle,
    evaluation: Evaluation,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    person = DISCOUNT._replace(dimension="manager", segment="ann")
    opened(alerts_engine, lifecycle, found(episode(50)), found(episode(50), subject=person))
    evaluator = Evaluator(alerts_engine, log, catalogue=built_in(), zone=ZoneInfo("UTC"), reconcile=lifecycle.reconcile)
    charts = Charts(alerts_engine, evaluator)
    assert charts("average_discount.USD.1") is None  # nothing is evaluated yet
    of_ann = replace(evaluation.plan[0], where=Where("USD", "manager", "ann"))
    monkeypatch.setattr(Evaluator, "latest", replace(evaluation, plan=[*evaluation.plan, of_ann]))
    drawn = charts("average_discount.USD.1")
    assert drawn is not None
    assert drawn.startswith(b"\x89PNG")
    assert charts("average_discount.USD.2") is None
    assert charts("average_discount.USD.7") is None
