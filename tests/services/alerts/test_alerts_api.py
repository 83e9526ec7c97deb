"""The HTTP interface: what it tells, whom it tells, and that no request breaks it."""

from __future__ import annotations

import time
from collections.abc import Callable
from decimal import Decimal

import psycopg
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from earnest.local.postgres import Postgres
from services.alerts.evaluation.evaluator import Evaluator
from shared.contracts.topics import DEALS, EARNINGS, ROSTER
from shared.log.port import Stored
from shared.log.postgres import PostgresLog
from tests.services.alerts.conftest import AppFor
from tests.system.test_openapi import ask_everything

Make = Callable[..., Stored]
KEYS = {"ops": ["alerts:read", "alerts:write"], "crm": ["deals:write"], "dana": ["alerts:read", "earnings:read"]}


@pytest.fixture
def app(app_for: AppFor) -> FastAPI:
    return app_for(KEYS)


def client(app: FastAPI, key: str = "ops") -> TestClient:
    return TestClient(app, headers={"authorization": f"Bearer {key}"}, raise_server_exceptions=False)


def test_before_the_first_evaluation_there_is_nothing_to_tell(app: FastAPI) -> None:
    answer = client(app).get("/v1/kpis")
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:earnest:problem:unavailable")


def test_it_is_ready_once_the_first_evaluation_is_done(evaluator: Evaluator) -> None:
    assert evaluator.reasons() == ["the KPIs are not evaluated yet"]
    evaluator.round(1_741_996_800.0)
    assert evaluator.reasons() == []


def test_before_the_first_deal_only_the_road_has_kpis(app: FastAPI, evaluator: Evaluator) -> None:
    evaluator.round(1_741_996_800.0)
    found = client(app).get("/v1/kpis").json()
    assert found["evaluated_at"] == "2025-03-15T00:00:00Z"
    found = found["kpis"]
    assert [(one["kpi"], Decimal(one["value"]), one["breached"]) for one in found] == [
        ("event_lag", 0, False),
        ("dead_letters", 0, False),
        ("unacknowledged_batches", 0, False),
    ]


def test_kpis_come_with_what_one_needs_to_judge_them(
    app: FastAPI, evaluator: Evaluator, log: PostgresLog, deal: Make, earned: Make, catch_up: Callable[[], None]
) -> None:
    at = "2025-03-14T10:00:00.000000Z"
    won = {"stage": "won", "currency": "EUR", "close_date": "2025-03-14", "amount": "90.00", "list_amount": "100.00"}
    log.append(DEALS, [deal(f"d{n}", at, **won).record for n in range(40)])
    log.append(EARNINGS, [earned(f"p{n}", "2025-03", 1, (9000, 5000, 10000, "EUR")).record for n in range(6)])
    catch_up()
    evaluator.round(time.time())
    found = {one["kpi"]: one for one in client(app).get("/v1/kpis").json()["kpis"] if one["dimension"] is None}
    assert {name: one["value"] for name, one in found.items() if one["threshold"] and one["about"] == "plan"} == {
        "attainment_pace": "1.050000",
        "attainment_pace_of_quarter": None,
        "attainment_pace_of_year": None,
        "comp_cost_of_sales": "0.150000",
        "average_discount": "0.100000",
        "win_rate": "1.000000",
    }
    discount = found["average_discount"]
    assert discount["meaning"].startswith("List price less net price")
    assert {name: discount[name] for name in ("currency", "threshold", "bad", "observations", "minimum", "as_of")} == {
        "currency": "EUR",
        "threshold": "0.20",
        "bad": "above",
        "observations": 40,
        "minimum": 30,
        "as_of": "2025-03-14",
    }
    assert found["win_rate"]["currency"] is None


def test_a_segment_that_is_one_person_is_for_those_who_may_read_pay(
    app: FastAPI,
    evaluator: Evaluator,
    log: PostgresLog,
    deal: Make,
    assigned: Make,
    catch_up: Callable[[], None],
) -> None:
    def listed(key: str) -> set[tuple[str | None, str | None]]:
        found = client(app, key).get("/v1/kpis").json()["kpis"]
        return {(one["dimension"], one["segment"]) for one in found if one["kpi"] == "win_rate"}

    def series(key: str, segment: str) -> str:
        place = {"dimension": "manager", "segment": segment}
        kind: str = client(app, key).get("/v1/kpis/win_rate/series", params=place).json()["type"]
        return kind.removeprefix("urn:earnest:problem:")

    won = {"stage": "won", "close_date": "2025-03-14", "owner": "ann", "amount": "90.00", "currency": "EUR"}
    log.append(ROSTER, [assigned("ann", "2025-01-01", plan="rep", manager="sven.marlow").record])
    log.append(DEALS, [deal(f"d{n}", "2025-03-14T10:00:00.000000Z", **won).record for n in range(40)])
    catch_up()
    evaluator.round(time.time())
    assert ("manager", "sven.marlow") in listed("dana")
    assert {dimension for dimension, _ in listed("ops")} == {dimension for dimension, _ in listed("dana")} - {"manager"}
    assert series("dana", "sven.marlow") == series("dana", "nobody") == "not-found"  # of a day there is no series yet
    assert series("ops", "sven.marlow") == series("ops", "nobody") == "forbidden"


def test_alerts_are_listed_by_state(
    app: FastAPI, evaluator: Evaluator, log: PostgresLog, deal: Make, catch_up: Callable[[], None]
) -> None:
    def close(stage: str, hour: int) -> None:
        for day in (10, 11, 12, 13, 14):
            at = f"2025-03-{day}T{hour}:00:00.000000Z"
            log.append(DEALS, [deal(f"{day}-{n}", at, stage=stage, close_date=at[:10]).record for n in range(40)])
        catch_up()
        evaluator.round(time.time())

    def listed(state: str) -> list[tuple[str, str]]:
        found = client(app).get("/v1/alerts", params={"state": state}).json()["alerts"]
        return [(one["alert_id"], one["state"]) for one in found]

    close("lost", 10)
    assert listed("open") == [("win_rate.1", "open")]
    close("won", 11)
    assert listed("open") == []
    assert listed("resolved") == listed("all") == [("win_rate.1", "resolved")]
    close("lost", 12)
    assert listed("open") == listed("all") == [("win_rate.1", "open")]  # the same episode as before


@pytest.mark.parametrize("path", ["/v1/kpis", "/v1/alerts"])
def test_only_a_key_with_the_scope_may_read(app: FastAPI, evaluator: Evaluator, path: str) -> None:
    evaluator.round(time.time())
    assert client(app).get(path).status_code == 200
    assert client(app, "crm").get(path).status_code == 403
    assert client(app, "nobody").get(path).status_code == 401


def test_a_database_that_is_away_is_a_problem_to_try_again(
    app: FastAPI, database_url: str, postgres_server: Postgres
) -> None:
    name = database_url.rpartition("/")[2]
    with psycopg.connect(postgres_server.url("postgres"), autocommit=True) as admin:
        admin.execute(f"alter database {name} allow_connections false")
        admin.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", [name])
        answer = client(app).get("/v1/alerts")
        admin.execute(f"alter database {name} allow_connections true")
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:earnest:problem:unavailable")


def test_no_request_breaks_it(app: FastAPI, evaluator: Evaluator) -> None:
    evaluator.round(time.time())
    ask_everything(app, "ops")
