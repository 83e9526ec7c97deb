"""A migrated schema of access, people in it, and its API."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, make_url

from earnest.local.postgres import Postgres
from services.access.app import create_app
from shared.access.database import AccessDatabase
from shared.database import engine_for
from shared.logins import login_of, view_of
from shared.settings import Settings
from tests.databases import fresh_database
from tests.services.access.persons import Company


@pytest.fixture
def database_url(postgres_server: Postgres, template: Callable[[str], str]) -> Iterator[str]:
    """`postgresql://` URL of a database with the tables of access, which this test has for itself."""
    with fresh_database(postgres_server, template("access")) as url:
        yield url


@pytest.fixture
def access_engine(database_url: str) -> Iterator[Engine]:
    """An engine on the schema as the owner of the tables."""
    engine = engine_for(make_url(database_url).set(drivername="postgresql+psycopg"), "access")
    yield engine
    engine.dispose()


@pytest.fixture
def service_engine(engine_of: Callable[[str, str], Engine]) -> Engine:
    """An engine on the schema as the service has it."""
    return engine_of(login_of("access"), "access")


@pytest.fixture
def view_engine(engine_of: Callable[[str, str], Engine]) -> Engine:
    """An engine on the schema as the service reads it for people."""
    return engine_of(view_of("access"), "access")


@pytest.fixture
def company(access_engine: Engine) -> Company:
    """People, their roles and keys."""
    return Company(access_engine)


@pytest.fixture
def client(service_engine: Engine, view_engine: Engine) -> Iterator[TestClient]:
    """The API."""
    settings = Settings(database_url="postgresql://nobody@localhost/unused")
    access = AccessDatabase(service_engine)
    with TestClient(create_app(settings, service_engine, view=view_engine, access=access, ready=list)) as client:
        yield client
