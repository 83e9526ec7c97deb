"""Whatever is sent where, in a path, a query, a header or a body, is answered and never breaks a service."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from services.payout.api import create_app as payout_app
from services.scoring.api import create_app as scoring_app
from shared.log.open import open_log
from shared.settings import Settings
from tests.services.ingest.conftest import Ingest, bounded, keys_file, start_ingest
from tests.services.payout.scoring import Scoring
from tests.system.test_openapi import KEY, installed, schema

__all__ = ["bounded", "installed", "keys_file", "schema", "start_ingest"]

WORDS = [
    "%00",
    "a%00b",
    "1e999999999",
    "9" * 5000,
    "-1",
    "NaN",
    "%F0%9F%92%A9",
    "%ED%A0%80",
    "2025-99",
    "0000-00",
    "=1+1",
    "%2e%2e",
    "99999-12",
]
DEEP = 100_000
BODIES: list[bytes] = [
    b"[" * DEEP,
    b'{"a":' * DEEP,
    b"[" * DEEP + b"]" * DEEP,
    b'{"data":' * 900 + b"1" + b"}" * 900,
    b"1e999999999999999999999",
    b'{"amount": 1e99999999999999999999999, "amount": -1e-999999999}',
    b'{"specversion": "1.0", "id": "\\u0000", "data": {"deal_id": "\\ud800", "fields": {"amount": "1e999999999"}}}',
    b"9" * 50_000,
    b'"\xff\xfe"',
    b"\x00",
    b"NaN",
    b"[NaN, Infinity, null, true]",
    b"",
]
FORMS = ["application/json", "application/x-ndjson", "text/csv", "", "\x00", "application/json; charset=utf-99"]


def attack(app: FastAPI, key: str) -> list[str]:
    """What breaks: each route asked with each word in its path and query, and with each body."""
    client = TestClient(app, headers={"authorization": f"Bearer {key}"}, raise_server_exceptions=False)
    broken: list[str] = []

    def ask(method: str, path: str, **more: Any) -> None:
        status = client.request(method, path, **more).status_code
        if status >= 500 and status != 503:
            broken.append(f"{method} {path[:120]} {str(more)[:120]}: {status}")

    for path, operations in app.openapi()["paths"].items():
        for method, operation in operations.items():
            inside = [each["name"] for each in operation.get("parameters", []) if each["in"] == "path"]
            queries = [each["name"] for each in operation.get("parameters", []) if each["in"] == "query"]
            for word in WORDS:
                there = path
                for name in inside:
                    there = there.replace(f"{{{name}}}", word)
                query = "&".join(f"{name}={word}" for name in queries)
                if inside or queries:
                    ask(method, f"{there}?{query}")
            if method == "post":
                for body in BODIES:
                    ask(
                        method, path.replace("{", "").replace("}", ""), content=body, headers={"content-type": FORMS[0]}
                    )
    return broken


def test_ingest_answers_whatever_it_is_sent(start_ingest: Callable[..., Ingest]) -> None:
    app = start_ingest().app
    assert attack(app, "let-me-in") == []
    client = TestClient(app, headers={"authorization": "Bearer let-me-in"}, raise_server_exceptions=False)
    for form in FORMS[1:3]:
        for body in (*BODIES, b",".join(b"x" for _ in range(200_000)), b'participant_id,quota\nann,"1e999999999%"\n'):
            answer = client.post("/v1/roster", content=body, headers={"content-type": form})
            assert 400 <= answer.status_code < 500, (form, body[:40], answer.text)


def test_scoring_answers_whatever_it_is_asked(installed: Settings, schema: Callable[[str], Engine]) -> None:
    assert attack(scoring_app(installed, schema("scoring"), list, open_log(installed)), KEY) == []


def test_payout_answers_whatever_it_is_asked(installed: Settings, schema: Callable[[str], Engine]) -> None:
    engine = schema("payout")
    scoring = Scoring(engine)
    app = payout_app(installed, engine, lambda: datetime(2026, 1, 15, tzinfo=UTC), list, scoring, scoring)
    assert attack(app, KEY) == []
