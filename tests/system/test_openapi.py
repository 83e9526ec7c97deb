"""Every service keeps to the OpenAPI it publishes, whatever it is sent, and its metrics are what Prometheus expects."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import pytest
import schemathesis
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, status_code_conformance
from sqlalchemy import Engine

from services.alerts.app import create_app as alerts_app
from services.alerts.evaluation.evaluator import Evaluator
from services.alerts.kpis import built_in
from services.alerts.lifecycle.service import Lifecycle
from services.alerts.notifications.declared import NOBODY
from services.alerts.notifications.worker import Declaration, Sender
from services.payout.app import create_app as payout_app
from services.scoring.app import create_app as scoring_app
from shared.access import Scope
from shared.contracts.topics import ROAD
from shared.database import database_url as url_of
from shared.database import engine_for, migrate, service_engine, view_engine
from shared.deps import utc_now
from shared.log.open import open_log
from shared.settings import Settings
from tests.services.ingest.conftest import Ingest, bounded, database_url, keys_file, start_ingest
from tests.services.payout.scoring import Scoring

__all__ = ["bounded", "database_url", "keys_file", "start_ingest"]

EXAMPLES = 25
CHECKED = [not_a_server_error, status_code_conformance, content_type_conformance]
EVERYTHING = list(get_args(Scope))
KEY = "may-do-everything"


def ask_everything(app: FastAPI, key: str) -> None:
    """Send many requests to every route, valid and not; an answer of 500 or outside the published document fails."""
    check_names(app)
    schema = schemathesis.openapi.from_asgi("/openapi.json", app)
    headers = {"authorization": f"Bearer {key}"}
    for result in schema.get_all_operations():
        operation = result.ok()
        for mode in GenerationMode:

            @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
            @given(operation.as_strategy(mode))
            def ask(case: schemathesis.Case) -> None:
                answer = case.call(headers=headers)
                case.validate_response(answer, checks=CHECKED, headers=headers)

            ask()


def check_names(app: FastAPI) -> None:
    """Generated clients have a method for each operation, so no two have the same name."""
    operations = [operation for path in app.openapi()["paths"].values() for operation in path.values()]
    names = [operation["operationId"] for operation in operations]
    assert sorted(set(names)) == sorted(names)


def check_metrics(app: FastAPI) -> None:
    """What /metrics says passes Prometheus' own linter."""
    text = TestClient(app).get("/metrics").text
    checked = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr


@pytest.fixture
def installed(database_url: str, tmp_path: Path) -> Settings:
    digest = hashlib.sha256(KEY.encode()).hexdigest()
    keys = tmp_path / "all-keys.json"
    keys.write_text(json.dumps([{"name": "all", "sha256": digest, "scopes": EVERYTHING}]))
    return Settings(database_url=database_url, keys_file=keys, partitions=2)


@pytest.fixture
def schema(installed: Settings) -> Iterator[Callable[[str], Engine]]:
    with ExitStack() as closing:

        def migrated(service: str) -> Engine:
            for schema, package in (("log", "shared.log"), (service, f"services.{service}")):
                engine = engine_for(url_of(installed), schema)
                migrate(engine, schema, package=package)
                engine.dispose()
            engine = service_engine(installed, service)
            closing.callback(engine.dispose)
            return engine

        yield migrated


@pytest.fixture
def view(installed: Settings) -> Iterator[Callable[[str], Engine]]:
    with ExitStack() as closing:

        def reading(service: str) -> Engine:
            engine = view_engine(installed, service)
            closing.callback(engine.dispose)
            return engine

        yield reading


def test_ingest_keeps_to_its_document(start_ingest: Callable[..., Ingest]) -> None:
    ingest = start_ingest()
    ask_everything(ingest.app, "let-me-in")
    check_metrics(ingest.app)


def test_scoring_keeps_to_its_document(
    installed: Settings, schema: Callable[[str], Engine], view: Callable[[str], Engine]
) -> None:
    app = scoring_app(installed, schema("scoring"), view=view("scoring"), ready=list, log=open_log(installed))
    ask_everything(app, KEY)
    check_metrics(app)


def test_payout_keeps_to_its_document(
    installed: Settings, schema: Callable[[str], Engine], view: Callable[[str], Engine]
) -> None:
    engine = schema("payout")
    scoring = Scoring(engine)
    log = open_log(installed)
    log.ensure(ROAD)
    app = payout_app(
        installed,
        engine,
        view=view("payout"),
        now=lambda: datetime(2026, 1, 15, tzinfo=UTC),
        ready=list,
        lines=scoring,
        deals=scoring,
        log=log,
    )
    ask_everything(app, KEY)
    check_metrics(app)


def test_alerts_keep_to_their_document(
    installed: Settings, schema: Callable[[str], Engine], view: Callable[[str], Engine]
) -> None:
    engine = schema("alerts")
    log = open_log(installed)
    log.ensure(ROAD)
    lifecycle = Lifecycle(
        log,
        catalogue=built_in(),
        zone=installed.zone,
        declared=lambda: NOBODY,
        address=installed.alerts_url,
        scoring=installed.scoring_url,
    )
    sender = Sender(engine, Declaration(None), now=utc_now, charts=lambda _: None)
    evaluator = Evaluator(engine, log, catalogue=built_in(), zone=installed.zone, reconcile=lifecycle.reconcile)
    evaluator.round(1_767_225_600.0)
    app = alerts_app(
        installed, engine, view=view("alerts"), evaluator=evaluator, lifecycle=lifecycle, sender=sender, ready=list
    )
    ask_everything(app, KEY)
    check_metrics(app)
    log.close()
