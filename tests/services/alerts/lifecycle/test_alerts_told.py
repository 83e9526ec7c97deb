"""What people are told of an alert: where a change comes from, and nobody by name."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from services.alerts.evaluation.episodes import QUANTILE, Driver
from services.alerts.lifecycle.alert import Alert
from services.alerts.lifecycle.moves import Book
from services.alerts.lifecycle.operational import OperationalAlert, take
from services.alerts.lifecycle.telling import told_of
from services.alerts.notifications.message import Told
from tests.services.alerts.lifecycle.watched import DISCOUNT, Company, episode, found

NOW = datetime(2025, 3, 14, 10, tzinfo=UTC)


def driver(dimension: str, segment: str, share: float) -> Driver:
    return Driver(dimension=dimension, segment=segment, contribution=share / 10, share=share)


def told(alert: Alert, company: Company) -> Told:
    return told_of(alert, company.journals[alert.alert_id][0], event="opened", link="")


def test_the_leading_drivers_are_told_without_people_and_quantiles(company: Company) -> None:
    drivers = (
        driver("manager", "greta", 0.9),
        driver(QUANTILE, "p90", 0.8),
        driver("territory", "north", -0.2),
        *(driver("territory", name, share) for name, share in (("a", 0.1), ("b", 0.2), ("c", 0.3), ("d", 0.4))),
    )
    company.move(found(replace(episode(50), drivers=drivers)))
    alert = company.alerts["average_discount.USD.1"]
    assert [(each.segment, each.share) for each in told(alert, company).drivers] == [("d", 0.4), ("c", 0.3), ("b", 0.2)]


def test_of_an_alert_about_one_person_no_driver_is_told(company: Company) -> None:
    greta = DISCOUNT._replace(dimension="manager", segment="greta")
    company.move(found(replace(episode(50), drivers=(driver("territory", "west", 0.9),)), subject=greta))
    assert told(company.alerts["average_discount.USD.1"], company).drivers == ()


def test_an_alert_of_prometheus_has_neither_unit_nor_direction_nor_values() -> None:
    book = Book([], {})
    down = OperationalAlert(
        name="EarnestInstanceDown",
        labels={"alertname": "EarnestInstanceDown", "job": "scoring"},
        status="firing",
        starts_at=NOW,
        ends_at=None,
        annotations={"summary": "scoring is down"},
    )
    take(book, down, now=NOW, zone=ZoneInfo("UTC"))
    [case] = book.all()
    [(act, event)] = case.tellings()
    of_it = told_of(case.alert, act, event=event, link="")
    assert (of_it.unit, of_it.direction, of_it.value, of_it.expected) == (None, None, None, None)
    assert (of_it.headline, of_it.segment) == ("scoring is down", "job=scoring")
