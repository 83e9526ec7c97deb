"""Every service tells errors as problems, names its requests, bounds its bodies and says whether it can do its work."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import pytest
from fastapi import APIRouter, Depends, Request
from fastapi.testclient import TestClient
from pydantic import BaseModel
from sqlalchemy import create_engine
from sqlalchemy.exc import OperationalError

from shared.access import Principal, require
from shared.admission.requests import allow_by_key
from shared.deps import ClockDep, SettingsDep, SnapshotDep, provided
from shared.problems import Conflict, Unavailable
from shared.settings import Settings
from shared.web import create_app

REASONS: list[str] = []


class Order(BaseModel):
    seats: int


class TooManySeats(Conflict):
    type = "too-many-seats"
    title = "There are fewer seats"


@pytest.fixture
def keys_file(tmp_path: Path) -> Path:
    path = tmp_path / "keys.json"
    write_keys(path, {"reader": ["earnings:read"], "other": []})
    return path


def write_keys(path: Path, scopes: dict[str, list[str]]) -> None:
    keys = [
        {"name": n, "sha256": hashlib.sha256(f"key of {n}".encode()).hexdigest(), "scopes": s}
        for n, s in scopes.items()
    ]
    path.write_text(json.dumps(keys))


@pytest.fixture
def client(keys_file: Path) -> Iterator[TestClient]:
    settings = Settings(database_url="postgresql://nowhere/none", keys_file=keys_file)
    app = create_app("Test", "A service.", settings=settings, ready=lambda: REASONS, allow=allow_by_key(1000))

    @app.get("/who")
    def who(caller: Annotated[Principal, Depends(require("earnings:read", about="nothing"))]) -> str:
        return caller.name

    @app.post("/order")
    def order(wanted: Order) -> None:
        raise TooManySeats("there are 3 seats", seats=3)

    @app.post("/raw")
    async def raw(request: Request) -> int:
        return len(await request.body())

    @app.get("/away")
    def away() -> None:
        raise Unavailable("come back", retry_after=7)

    @app.get("/broken")
    def broken() -> None:
        raise RuntimeError("Ann earns 5000.00")

    REASONS.clear()
    with TestClient(app, raise_server_exceptions=False) as made:
        yield made


def key(name: str) -> dict[str, str]:
    return {"authorization": f"Bearer key of {name}"}


def test_a_domain_error_keeps_its_type_and_its_facts(client: TestClient) -> None:
    answer = client.post("/order", json={"seats": 4})
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {
        "type": "urn:earnest:problem:too-many-seats",
        "title": "There are fewer seats",
        "status": 409,
        "detail": "there are 3 seats",
        "seats": 3,
    }


def test_a_wrong_field_is_named_and_its_value_is_not_repeated(client: TestClient) -> None:
    answer = client.post("/order", json={"seats": "5000.00 for Ann"})
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert answer.json()["errors"][0]["field"] == "body.seats"
    assert answer.json()["detail"] == "seats: write a whole number"
    assert "Ann" not in answer.text


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/none", 404), ("DELETE", "/order", 405)])
def test_what_the_framework_refuses_is_a_problem_too(client: TestClient, method: str, path: str, status: int) -> None:
    answer = client.request(method, path)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert answer.json()["type"].startswith("urn:earnest:problem:")


def test_an_unexpected_error_tells_nothing_but_the_name_of_its_request(client: TestClient) -> None:
    answer = client.get("/broken", headers={"x-request-id": "r-1"})
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
    assert answer.json()["detail"] == "the error is in the service's log, request r-1"
    assert "Ann" not in answer.text


def test_who_should_come_back_is_told_when(client: TestClient) -> None:
    answer = client.get("/away")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "7")


@pytest.mark.parametrize(("given", "kept"), [("abc-1", True), ("a b", False), ("x" * 65, False), ("", False)])
def test_a_request_has_a_name_its_callers_or_a_new_one(client: TestClient, given: str, kept: bool) -> None:
    name = client.get("/healthz", headers={"x-request-id": given}).headers["x-request-id"]
    assert (name == given) is kept
    assert name


def test_a_body_may_be_as_long_as_the_limit(client: TestClient) -> None:
    assert client.post("/raw", content=b"x" * 1000).json() == 1000


def test_a_longer_body_is_refused_whether_it_says_so_or_not(client: TestClient) -> None:
    for content in (b"x" * 1001, iter([b"x" * 600, b"x" * 600])):
        answer = client.post("/raw", content=content, headers=key("reader"))
        assert (answer.status_code, answer.headers["content-type"]) == (413, "application/problem+json")


def test_readiness_gives_its_reasons(client: TestClient) -> None:
    assert client.get("/readyz").status_code == 200
    REASONS.append("the worker stopped")
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (503, {"ready": False, "reasons": ["the worker stopped"]})
    assert client.get("/healthz").status_code == 200


@pytest.mark.parametrize(
    ("header", "status"),
    [
        (None, 401),
        ("Bearer nonsense", 401),
        ("Basic eDp5", 401),
        ("Bearer key of other", 403),
        ("Bearer key of reader", 200),
    ],
)
def test_a_key_opens_what_its_scopes_say(client: TestClient, header: str | None, status: int) -> None:
    answer = client.get("/who", headers={"authorization": header} if header else {})
    assert answer.status_code == status
    assert answer.headers["content-type"] == ("application/json" if status == 200 else "application/problem+json")
    assert ("www-authenticate" in answer.headers) is (status == 401)


def test_keys_hold_as_soon_as_their_file_changes(client: TestClient, keys_file: Path) -> None:
    assert client.get("/who", headers=key("reader")).json() == "reader"
    write_keys(keys_file, {"new reader": ["earnings:read"]})
    assert client.get("/who", headers=key("reader")).status_code == 401
    assert client.get("/who", headers=key("new reader")).json() == "new reader"


def test_a_slip_in_the_file_of_keys_locks_nobody_out(client: TestClient, keys_file: Path) -> None:
    assert client.get("/who", headers=key("reader")).status_code == 200
    keys_file.write_text("[{")
    assert client.get("/who", headers=key("reader")).status_code == 200


def test_without_its_file_nobody_is_known(client: TestClient, keys_file: Path) -> None:
    assert client.get("/who", headers=key("reader")).status_code == 200
    keys_file.unlink()
    assert client.get("/who", headers=key("reader")).status_code == 401


def test_every_operation_documents_its_problems(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    answers = document["paths"]["/order"]["post"]["responses"]
    assert set(answers) == {"200", "4XX", "5XX"}
    assert list(answers["4XX"]["content"]) == ["application/problem+json"]


def test_the_interactive_pages_need_no_other_server(client: TestClient) -> None:
    page = client.get("/docs").text
    parts = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert len(parts) >= 2
    assert [part for part in parts if not part.startswith("/")] == []
    assert [client.get(part).status_code for part in parts] == [200] * len(parts)


class Counter:
    """Something of a service's own."""

    def __init__(self) -> None:
        self.asked = 0


routes = APIRouter(prefix="/v1", tags=["figures"])


@routes.get("/figures")
def list_figures(
    settings: SettingsDep,
    clock: ClockDep,
    snapshot: SnapshotDep,
    counter: Annotated[Counter, Depends(provided(Counter))],
) -> list[str]:
    counter.asked += 1
    isolation = snapshot.get_execution_options()["isolation_level"]
    return [settings.time_zone, clock().isoformat(), isolation, str(counter.asked)]


def test_a_route_is_given_what_its_app_was_made_with() -> None:
    now = datetime(2025, 3, 31, tzinfo=UTC)
    settings = Settings(database_url="postgresql://nowhere/none", time_zone="Asia/Tokyo")
    engine = create_engine("postgresql+psycopg://nowhere/none")
    for _ in range(2):  # each app has its own, though the router is one
        app = create_app(
            "Test",
            "A service.",
            settings=settings,
            ready=list,
            routers=[routes],
            view=engine,
            clock=lambda: now,
            provide=[Counter()],
        )
        answer = TestClient(app).get("/v1/figures")
        assert answer.json() == ["Asia/Tokyo", "2025-03-31T00:00:00+00:00", "REPEATABLE READ", "1"]


def test_clients_call_an_operation_by_the_name_of_its_function() -> None:
    settings = Settings(database_url="postgresql://nowhere/none")
    tags = {"figures": "What is counted."}
    app = create_app("Test", "A service.", settings=settings, ready=list, routers=[routes], tags=tags)
    document = app.openapi()
    operation = document["paths"]["/v1/figures"]["get"]
    assert (operation["operationId"], operation["tags"]) == ("list_figures", ["figures"])
    assert document["tags"] == [{"name": "figures", "description": "What is counted."}]


def test_a_database_that_is_away_is_a_problem_of_the_moment() -> None:
    settings = Settings(database_url="postgresql://nowhere/none")
    app = create_app("Test", "A service.", settings=settings, ready=list, database_away="gone; nothing was done")

    @app.get("/ask")
    def ask() -> None:
        raise OperationalError("select 1", {}, Exception("down"))

    answer = TestClient(app).get("/ask")
    assert (answer.status_code, answer.json()["detail"]) == (503, "gone; nothing was done")
    assert answer.headers["retry-after"] == "1"
