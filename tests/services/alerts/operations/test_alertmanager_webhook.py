"""What Alertmanager tells the service: taken once in effect, in any order and number, from whom may, and nothing else."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from services.alerts.app import create_app
from services.alerts.evaluation.evaluator import Evaluator
from services.alerts.kpis import built_in
from services.alerts.lifecycle.service import Lifecycle
from services.alerts.notifications.worker import Sender
from shared.log.postgres import PostgresLog
from shared.metrics import ALERTMANAGER_ALERTS
from shared.settings import Settings

KEYS = {"alertmanager": ["alerts:notify"], "reader": ["alerts:read"], "ops": ["alerts:read", "alerts:write"]}
NEVER = "0001-01-01T00:00:00Z"
DOWN = {"alertname": "EarnestInstanceDown", "job": "earnest-scoring", "severity": "critical", "about": "road"}


@pytest.fixture
def api(
    alerts_engine: Engine,
    alerts_view: Engine,
    database_url: str,
    log: PostgresLog,
    lifecycle: Lifecycle,
    sender: Sender,
    tmp_path: Path,
) -> Iterator[TestClient]:
    entries = [
        {"name": name, "sha256": hashlib.sha256(name.encode()).hexdigest(), "scopes": scopes}
        for name, scopes in KEYS.items()
    ]
    (tmp_path / "keys.json").write_text(json.dumps(entries))
    chosen = Settings(database_url=database_url, keys_file=tmp_path / "keys.json")
    zone = ZoneInfo("UTC")
    evaluator = Evaluator(alerts_engine, log, catalogue=built_in(), zone=zone, reconcile=lifecycle.reconcile)
    app = create_app(
        chosen, alerts_engine, view=alerts_view, evaluator=evaluator, lifecycle=lifecycle, sender=sender, ready=list
    )
    with TestClient(app, headers={"authorization": "Bearer alertmanager"}) as client:
        yield client


def fired(at: str = "10:00", *, until: str = "", **labels: str) -> dict[str, Any]:
    """An alert as Alertmanager writes it: it fires since a time of a day, or ended at another."""
    return {
        "status": "resolved" if until else "firing",
        "labels": DOWN | labels,
        "annotations": {"summary": "earnest-scoring is down", "runbook": "docs/runbooks/EarnestInstanceDown.md"},
        "startsAt": f"2025-03-14T{at}:00.123Z",
        "endsAt": f"2025-03-14T{until}:00Z" if until else NEVER,
        "generatorURL": "http://prometheus/graph",
        "fingerprint": hashlib.sha256(json.dumps(DOWN | labels).encode()).hexdigest()[:16],
    }


def told(*alerts: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A message of the webhook in version 4."""
    return {
        "receiver": "earnest",
        "status": "firing" if any(alert["status"] == "firing" for alert in alerts) else "resolved",
        "alerts": list(alerts),
        "groupLabels": {},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "http://alertmanager",
        "version": "4",
        "groupKey": "{}:{}",
        "truncatedAlerts": 0,
        **more,
    }


def send(api: TestClient, message: dict[str, Any]) -> httpx.Response:
    return api.post("/v1/alertmanager", json=message)


def known(api: TestClient) -> list[tuple[str, str]]:
    """The alerts of the life cycle with their states, the first first."""
    found = api.get("/v1/alerts", params={"state": "all"}, headers={"authorization": "Bearer reader"}).json()["alerts"]
    return sorted((alert["alert_id"], alert["state"]) for alert in found)


def test_an_alert_that_fires_is_open_and_its_end_resolves_it(api: TestClient) -> None:
    assert send(api, told(fired())).json() == {"taken": 1, "known": 0}
    assert known(api) == [("EarnestInstanceDown.1", "open")]
    send(api, told(fired(until="10:05")))
    assert known(api) == [("EarnestInstanceDown.1", "resolved")]
    send(api, told(fired("11:00")))
    assert known(api) == [("EarnestInstanceDown.1", "resolved"), ("EarnestInstanceDown.2", "open")]


def test_the_same_instant_in_finer_parts_begins_no_other_episode(api: TestClient) -> None:
    """Alertmanager's API writes milliseconds, its webhook nanoseconds."""
    send(api, told(fired()))
    send(api, told(fired(until="10:05")))
    send(api, told(fired() | {"startsAt": "2025-03-14T10:00:00.123987654Z"}))
    assert known(api) == [("EarnestInstanceDown.1", "resolved")]


def test_alerts_of_other_labels_are_alerts_of_their_own(api: TestClient) -> None:
    send(api, told(fired(), fired(job="earnest-payout")))
    send(api, told(fired(until="10:05"), fired(job="earnest-payout")))
    assert {state for _, state in known(api)} == {"open", "resolved"}


MESSAGES = [fired(), fired(until="10:05"), fired("11:00"), fired("11:00", until="11:30")]


@given(order=st.lists(st.sampled_from(range(len(MESSAGES))), max_size=8))
@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_told_again_or_late_the_last_to_begin_decides(
    api: TestClient, administrator: Engine, order: list[int]
) -> None:
    """Alertmanager sends again what it is not sure of, and several of it at once. Once all was told, all is over."""
    with administrator.begin() as connection:
        connection.execute(text("truncate alert cascade"))
    for number in [*order, *range(len(MESSAGES))]:
        assert send(api, told(MESSAGES[number])).status_code == httpx.codes.OK
    before = known(api)
    assert {state for _, state in before} == {"resolved"}
    for number in order:
        send(api, told(MESSAGES[number]))
    assert known(api) == before


def test_alerts_of_kpis_came_from_here_and_are_passed_over(api: TestClient) -> None:
    answer = send(api, told(fired(alertname="EarnestWinRateLow", kpi="win_rate", about="plan"), fired()))
    assert answer.json() == {"taken": 1, "known": 1}
    assert [alert for alert, _ in known(api)] == ["EarnestInstanceDown.1"]


def test_what_alertmanager_leaves_out_is_counted(api: TestClient) -> None:
    counter = ALERTMANAGER_ALERTS.labels("truncated")
    before = counter._value.get()
    send(api, told(fired(), truncatedAlerts=3))
    assert counter._value.get() == before + 3


def test_grafana_tells_in_a_version_of_its_own(api: TestClient) -> None:
    alert = fired() | {"valueString": "[ var='A' ]", "silenceURL": "http://grafana", "values": None}
    message = told(alert, version="1", orgId=1, title="[FIRING:1]", state="alerting", message="down")
    assert send(api, message).json() == {"taken": 1, "known": 0}


@pytest.mark.parametrize(
    ("key", "status"), [("", 401), ("nobody", 401), ("reader", 403), ("ops", 403), ("alertmanager", 200)]
)
def test_only_the_key_of_alertmanager_may_tell(api: TestClient, key: str, status: int) -> None:
    headers = {"authorization": f"Bearer {key}"} if key else {"authorization": ""}
    assert api.post("/v1/alertmanager", json=told(fired()), headers=headers).status_code == status
    assert len(known(api)) == (status == httpx.codes.OK)


def test_the_key_of_alertmanager_decides_nothing_and_reads_nothing(api: TestClient) -> None:
    send(api, told(fired()))
    assert api.get("/v1/alerts").status_code == httpx.codes.FORBIDDEN
    assert api.post("/v1/alerts/EarnestInstanceDown.1/acknowledge", json={}).status_code == httpx.codes.FORBIDDEN


@pytest.mark.parametrize(
    ("slip", "field"),
    [
        (lambda message: message | {"version": "5"}, "version"),
        (lambda message: message | {"truncatedAlerts": -1}, "truncatedAlerts"),
        (lambda message: {**message, "alerts": [fired() | {"status": "maybe"}]}, "alerts.0.status"),
        (lambda message: {**message, "alerts": [fired() | {"startsAt": "2025-03-14T10:00:00"}]}, "alerts.0.startsAt"),
        (lambda message: {**message, "alerts": [fired(job="a\0b")]}, "alerts.0.labels.job"),
        (lambda message: {**message, "alerts": [fired(alertname="")]}, ""),
    ],
)
def test_a_message_that_is_none_is_refused_whole(api: TestClient, slip: Callable[[Any], Any], field: str) -> None:
    answer = send(api, slip(told(fired(), fired(job="earnest-payout"))))
    assert answer.status_code == httpx.codes.UNPROCESSABLE_ENTITY
    assert field in answer.text
    assert known(api) == []
