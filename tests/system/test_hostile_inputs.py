"""Whatever is sent where, in a path, a query, a header or anywhere in a body, is answered and never breaks a service."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from services.alerts.app import create_app as alerts_app
from services.alerts.evaluation.evaluator import Evaluator
from services.alerts.kpis import built_in
from services.alerts.lifecycle.service import Lifecycle
from services.alerts.notifications.declared import NOBODY
from services.alerts.notifications.worker import Declaration, Sender
from services.payout.app import create_app as payout_app
from services.scoring.app import create_app as scoring_app
from shared.contracts.topics import ROAD
from shared.deps import utc_now
from shared.log.open import open_log
from shared.settings import Settings
from tests.services.ingest.conftest import Ingest, bounded, database_url, keys_file, start_ingest
from tests.services.payout.scoring import Scoring
from tests.system.test_openapi import KEY, installed, schema, view

__all__ = ["bounded", "database_url", "installed", "keys_file", "schema", "start_ingest", "view"]

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
    "2025-02-30",
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
    b"\xef\xbb\xbf{}",
    '{"participant_id": "ann"}'.encode("utf-16"),
    b"\x00",
    b"NaN",
    b"[NaN, Infinity, null, true]",
    b"",
]
VALUES: list[bytes] = [
    b'"\\u0000"',
    b'"a\\u0000b"',
    b'"\\ud800"',
    b'"1e9999999"',
    b"1e9999999",
    b"-1e400",
    b'"' + b"9" * 5000 + b'"',
    b"9" * 5000,
    b"-99999999999999999999",
    b"NaN",
    b"\"=cmd|' /C calc'!A0\"",
    b'"../../etc/passwd"',
    b'"99999-12-31"',
    b'"0000-01-01"',
    b'"' + b"x" * 1_000_000 + b'"',
    b"[" * 500 + b"]" * 500,
    b'{"\\u0000": "\\u0000"}',
    b"null",
    b"[]",
    b"{}",
]
"""JSON that stands in the place of values of a sound body, one at a time; a quarter of it in each place, so that each
is somewhere.
"""
FORMS = ["application/json", "application/x-ndjson", "text/csv", "", "\x00", "application/json; charset=utf-99"]
HOLE = "@here@"


def attack(app: FastAPI, key: str) -> list[str]:
    """What breaks: each route asked with each word in its path and query, with each body, and with each value anywhere
    in a sound body.
    """
    client = TestClient(app, headers={"authorization": f"Bearer {key}"}, raise_server_exceptions=False)
    broken: list[str] = []
    document = app.openapi()

    def ask(method: str, path: str, **more: Any) -> None:
        answer = client.request(method, path, **more)
        if answer.status_code in (401, 403) or (answer.status_code >= 500 and answer.status_code != 503):
            broken.append(f"{method} {path[:120]} {str(more)[:120]}: {answer.status_code}")

    def send(method: str, path: str, body: bytes) -> None:
        ask(method, path, content=body, headers={"content-type": FORMS[0]})

    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            parameters = {each["name"]: each for each in operation.get("parameters", [])}
            inside = [name for name, each in parameters.items() if each["in"] == "path"]
            queries = [name for name, each in parameters.items() if each["in"] == "query"]
            for word in WORDS:
                there = path
                for name in inside:
                    there = there.replace(f"{{{name}}}", word)
                query = "&".join(f"{name}={word}" for name in queries)
                if inside or queries:
                    ask(method, f"{there}?{query}")
            if "requestBody" in operation:
                there = path
                for name in inside:
                    there = there.replace(f"{{{name}}}", str(sound(parameters[name].get("schema", {}), document, name)))
                for body in BODIES:
                    send(method, there, body)
                for body in spoilt(operation["requestBody"], document):
                    send(method, there, body)
    return broken


def sound(schema: Any, document: Any, name: str = "") -> Any:
    """Something that a schema allows: its example, or the least that it can be."""
    if "$ref" in schema:
        return sound(document["components"]["schemas"][schema["$ref"].rpartition("/")[2]], document, name)
    if schema.get("examples"):
        return schema["examples"][0]
    for choice in ("anyOf", "oneOf", "allOf"):
        if choice in schema:
            return sound(schema[choice][0], document, name)
    if "const" in schema or "enum" in schema or "default" in schema:
        return schema.get("const", schema.get("default", schema.get("enum", [None])[0]))
    if schema.get("type") == "object":
        return {name: sound(each, document, name) for name, each in schema.get("properties", {}).items()}
    if schema.get("type") == "array":
        return [sound(schema.get("items", {}), document, name)]
    kinds = {"integer": 1, "number": 1, "boolean": True}
    return kinds.get(schema.get("type"), "a")


def spoilt(body: Any, document: Any) -> Iterator[bytes]:
    """A sound body with each of `VALUES` in the place of each of its values, and as a name among each of its fields."""
    found = body["content"]["application/json"]
    whole = found.get("example") or sound(found["schema"], document)
    for number, place in enumerate(places(whole)):
        holed = copy.deepcopy(whole)
        inside: Any = holed
        for step in place[:-1]:
            inside = inside[step]
        if place:
            inside[place[-1]] = HOLE
        text = json.dumps(holed if place else HOLE).encode()
        for value in VALUES[number % 4 :: 4]:
            yield text.replace(f'"{HOLE}"'.encode(), value)
        if isinstance(place[-1] if place else 0, str):
            yield json.dumps(holed).replace(f'"{place[-1]}": "{HOLE}"', f'"{place[-1]}\\u0000": 1').encode()
            yield json.dumps(holed).replace(f'"{place[-1]}": "{HOLE}"', f'"{place[-1]}": 1, "{place[-1]}": 2').encode()


def places(value: Any, here: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where in a body there are values: the way to each."""
    yield here
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, each in inside:
        yield from places(each, (*here, name))


def test_ingest_answers_whatever_it_is_sent(start_ingest: Callable[..., Ingest]) -> None:
    app = start_ingest().app
    assert attack(app, "let-me-in") == []
    client = TestClient(app, headers={"authorization": "Bearer let-me-in"}, raise_server_exceptions=False)
    wide = b",".join(b"c%d" % number for number in range(200_000))
    for form in FORMS[1:3]:
        for body in (
            *BODIES,
            b",".join(b"x" for _ in range(200_000)),
            wide,
            b'participant_id,quota\nann,"1e999999999%"\n',
        ):
            answer = client.post("/v1/roster", content=body, headers={"content-type": form})
            assert 400 <= answer.status_code < 500, (form, body[:40], answer.text)


def test_scoring_answers_whatever_it_is_asked(
    installed: Settings, schema: Callable[[str], Engine], view: Callable[[str], Engine]
) -> None:
    assert (
        attack(
            scoring_app(installed, schema("scoring"), view=view("scoring"), ready=list, log=open_log(installed)), KEY
        )
        == []
    )


def test_payout_answers_whatever_it_is_asked(
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
    assert attack(app, KEY) == []


def test_alerts_answer_whatever_they_are_asked(
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
    evaluator.round(1_767_225_600)
    app = alerts_app(
        installed, engine, view=view("alerts"), evaluator=evaluator, lifecycle=lifecycle, sender=sender, ready=list
    )
    assert attack(app, KEY) == []
    log.close()
