"""Browsers at the API of access, and people with passwords."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine, text

from services.access.app import create_app
from services.access.passwords import store
from services.access.passwords.service import hash_of
from shared.access import database
from shared.access.database import AccessDatabase
from shared.settings import Settings
from tests.services.access.persons import Company

ADDRESS = "http://localhost:8805"
PASSWORD = "four ducks cross the road"
Browser = Callable[[], TestClient]


@pytest.fixture
def app(service_engine: Engine, view_engine: Engine, monkeypatch: pytest.MonkeyPatch) -> FastAPI:
    """The API as the service has it; it asks the database anew for each request."""
    monkeypatch.setattr(database, "KNOWN_SECONDS", 0)
    settings = Settings(database_url="postgresql://nobody@localhost/unused")
    return create_app(settings, service_engine, view=view_engine, access=AccessDatabase(service_engine), ready=list)


@pytest.fixture
def browser(app: FastAPI) -> Iterator[Browser]:
    """Opens browsers: each keeps its own cookies and says where its requests come from."""
    opened: list[TestClient] = []

    def browse() -> TestClient:
        client = TestClient(app, base_url=ADDRESS, headers={"sec-fetch-site": "same-origin"}, follow_redirects=False)
        opened.append(client)
        return client

    yield browse
    for client in opened:
        client.close()


@pytest.fixture
def dana(company: Company, service_engine: Engine) -> str:
    """Dana, who may sign in with a password and does finance."""
    company.person("dana")
    company.role("dana", "finance")
    with service_engine.begin() as connection:
        store.set_password(connection, "dana", hash_=hash_of(PASSWORD, known=["dana"]))
    return "dana"


@pytest.fixture
def audited(access_engine: Engine) -> Callable[[], list[tuple[str, str, str]]]:
    """Reads who came and who did not from the audit log: action, actor, detail."""

    def read() -> list[tuple[str, str, str]]:
        with access_engine.connect() as connection:
            rows = connection.execute(text("select action, actor, detail from audit_entry order by number"))
            return [(row.action, row.actor, row.detail) for row in rows]

    return read


def sign_in(client: TestClient, *, name: str = "dana", password: str = PASSWORD) -> int:
    """The status of signing in with a password."""
    return client.post("/v1/sign-in/password", json={"name": name, "password": password}).status_code
