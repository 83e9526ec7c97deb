"""Whoever accepted a change is reminded of publishing it, until it is done."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine

from services.alerts.kpis import built_in
from services.alerts.lifecycle.service import Lifecycle
from services.alerts.notifications import store as notifications
from services.alerts.notifications.declared import notifications_of
from services.alerts.proposals.worker import Reminders
from shared.log.postgres import PostgresLog
from tests.services.alerts.proposals.conftest import ALERT, Ask, Now, Publish, decide, offer
from tests.services.alerts.proposals.offers import offered, quotas

DECLARED = """
channels: {hook: {kind: webhook, url: "https://example.com/hook", secret: hook}}
subscriptions: {plan_owners: {channel: hook}}
remind_after_days: 5
"""


@pytest.fixture
def reminders(alerts_engine: Engine, log: PostgresLog, now: Now) -> Reminders:
    declared = notifications_of(DECLARED)
    lifecycle = Lifecycle(
        log,
        catalogue=built_in(),
        zone=ZoneInfo("UTC"),
        declared=lambda: declared,
        address="http://alerts.test",
        scoring="http://scoring.test",
    )
    return Reminders(alerts_engine, lifecycle, clock=lambda: now.instant)


def test_people_are_reminded_every_so_many_days_until_the_drafts_are_published(
    ask: Ask, now: Now, reminders: Reminders, publish: Publish, alerts_engine: Engine
) -> None:
    offer(ask, offered(), offered(kind="margin_modifier"))
    decide(ask, f"{ALERT}.p1")
    days = []
    for day in range(1, 13):
        now.instant += timedelta(days=1)
        days += [day] * len(reminders.round() + reminders.round())
    assert days == [5, 10]
    act = ask("reader").get(f"/v1/alerts/{ALERT}").json()["acts"][-1]
    assert (act["what"], act["to"]) == ("reminded", f"{ALERT}.p1")
    assert (
        act["why"] == f"Proposal {ALERT}.p1 was accepted by analyst on 2025-03-14, and its drafts are not published yet"
    )
    with alerts_engine.begin() as connection:
        due = notifications.take(connection, now.instant, limit=10)
    assert [each.message.title for each in due] == ["Not done yet: Average discount in USD"] * 2
    assert "and its drafts are not published yet." in due[0].message.text

    publish("rep", 3, "2025-09-01")
    now.instant += timedelta(days=30)
    assert reminders.round() == []


def test_nobody_is_reminded_of_what_was_rejected_after_all(ask: Ask, now: Now, reminders: Reminders) -> None:
    offer(ask, offered(kind="quotas", files=[quotas("ann")]))
    decide(ask, f"{ALERT}.p1")
    now.instant += timedelta(days=6)
    decide(ask, f"{ALERT}.p1", "rejected")
    assert reminders.round() == []
