"""Nobody waits without end for the database: neither who reads for too long, nor who waits for a lock."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine, make_url, text

from shared.database import engine_for
from shared.deps import SnapshotDep
from shared.settings import Settings
from shared.web import create_app

Bounded = Callable[..., Engine]


@pytest.fixture
def bounded(database_url: str) -> Iterator[Bounded]:
    engines: list[Engine] = []

    def made(**bounds: float) -> Engine:
        url = make_url(database_url).set(drivername="postgresql+psycopg")
        engines.append(engine_for(url, "public", pool_size=1, bounds=bounds))
        return engines[-1]

    yield made
    for engine in engines:
        engine.dispose()


def app_over(engine: Engine) -> FastAPI:
    settings = Settings(database_url="postgresql://nowhere/none")
    app = create_app("Test", "A service.", settings=settings, ready=list, view=engine)

    @app.get("/sleep/{seconds}")
    def sleep(snapshot: SnapshotDep, seconds: float, times: int = 1) -> str:
        with snapshot.connect() as connection:
            for _ in range(times):
                connection.execute(text("select pg_sleep(:seconds)"), {"seconds": seconds})
        return "slept"

    return app


@pytest.mark.parametrize(
    ("bounds", "asked"),
    [({"statement_timeout": 0.2}, "/sleep/600"), ({"transaction_timeout": 0.2}, "/sleep/0.05?times=1000")],
)
def test_who_reads_for_too_long_is_refused_and_the_next_is_answered(
    bounded: Bounded, bounds: dict[str, float], asked: str
) -> None:
    client = TestClient(app_over(bounded(**bounds)))
    answer = client.get(asked)
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:earnest:problem:unavailable")
    assert client.get("/sleep/0").status_code == 200


def test_who_waits_for_a_lock_for_too_long_gives_up(bounded: Bounded) -> None:
    holder, waiter = bounded(), bounded(lock_timeout=0.05)
    with holder.begin() as holding:
        holding.execute(text("select pg_advisory_xact_lock(7)"))
        with pytest.raises(Exception, match="lock timeout"), waiter.begin() as waiting:
            waiting.execute(text("select pg_advisory_xact_lock(7)"))
