"""What is looked at, refused, taken out and done is recorded before it is seen, and stays."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import pytest
from fastapi import APIRouter, Depends, Request
from fastapi.testclient import TestClient
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from services.access.app import create_app
from services.access.audit import routes as audit
from shared import web
from shared.access import Principal, require
from shared.access.audit import EVERYBODY, show
from shared.access.database import AccessDatabase
from shared.problems import NotFound
from shared.settings import Settings
from tests.services.access.persons import Company

SETTINGS = Settings(database_url="postgresql://nobody@localhost/unused")
router = APIRouter()
Reader = Annotated[Principal, Depends(require("earnings:read", about="nothing"))]


@router.get("/pay/{participant_id}")
def show_pay(_: Reader, request: Request, participant_id: str) -> str:
    show(request, [participant_id])
    return "9000.00"


@router.get("/pays")
def list_pays(_: Reader, request: Request) -> str:
    show(request, [EVERYBODY], exported=True)
    return "9000.00, 8000.00"


@router.get("/gone")
def show_nothing(_: Reader, request: Request) -> str:
    show(request, ["emil"])
    raise NotFound("there is nothing")


@router.post("/runs")
def make_run(_: Annotated[Principal, Depends(require("runs:write", about="nothing"))]) -> str:
    return "made"


@router.post("/deals")
def send_deal(_: Annotated[Principal, Depends(require("deals:write", about="nothing"))]) -> str:
    return "taken"


def app_of(access: AccessDatabase) -> Iterator[TestClient]:
    app = web.create_app("Pay", "Shows pay.", settings=SETTINGS, ready=list, routers=[router], access=access)
    with TestClient(app) as client:
        yield client


@pytest.fixture
def pay(service_engine: Engine, company: Company) -> Iterator[TestClient]:
    """A service that shows pay, to dana of finance, emil himself, and the CRM."""
    for person, role in (("dana", "finance"), ("emil", "rep"), ("audrey", "auditor"), ("crm", "crm")):
        company.person(
            person, kind="system" if person == "crm" else "person", participant=person if person == "emil" else None
        )
        company.role(person, role)
    yield from app_of(AccessDatabase(service_engine))


def as_(person: str, **more: str) -> dict[str, str]:
    return {"authorization": f"Bearer key of {person}", **more}


def recorded(engine: Engine) -> list[tuple[str, str, str, list[str]]]:
    with engine.connect() as connection:
        rows = connection.execute(
            text("select action, actor, operation, participants from audit_entry order by number")
        )
        return [tuple(row) for row in rows]


def test_looks_at_others_exports_refusals_and_acts_are_recorded(pay: TestClient, access_engine: Engine) -> None:
    pay.get("/pay/emil", headers=as_("dana"))
    pay.get("/pay/emil", headers=as_("emil"))
    pay.get("/pays", headers=as_("dana"))
    pay.get("/gone", headers=as_("dana"))
    pay.post("/runs", headers=as_("dana"))
    pay.post("/runs", headers=as_("emil"))
    pay.post("/deals", headers=as_("crm"))
    pay.get("/pay/emil", headers={"authorization": "Bearer of a stranger"})
    assert recorded(access_engine) == [
        ("looked", "dana", "show_pay", ["emil"]),
        ("exported", "dana", "list_pays", [EVERYBODY]),
        ("did", "dana", "make_run", []),
        ("refused", "emil", "make_run", []),
    ]


def test_what_was_recorded_stays(pay: TestClient, access_engine: Engine, service_engine: Engine) -> None:
    pay.get("/pay/emil", headers=as_("dana", **{"x-request-id": "one"}))
    with access_engine.connect() as connection:
        row = connection.execute(text("select service, key, subject, status, request from audit_entry")).one()
    assert tuple(row) == ("earnest_access", "laptop", "/pay/emil", 200, "one")
    for engine in (access_engine, service_engine):
        for attack in ("update audit_entry set actor = 'emil'", "delete from audit_entry", "truncate audit_entry"):
            with pytest.raises(DBAPIError), engine.begin() as connection:
                connection.execute(text(attack))


def test_what_cannot_be_recorded_is_not_shown_and_what_was_done_is_said(pay: TestClient, access_engine: Engine) -> None:
    with access_engine.begin() as connection:
        connection.execute(text("alter table audit_entry rename to set_aside"))
    seen = pay.get("/pay/emil", headers=as_("dana"))
    assert ("9000" in seen.text, seen.status_code, seen.json()["type"]) == (
        False,
        503,
        "urn:earnest:problem:unavailable",
    )
    assert pay.post("/runs", headers=as_("dana")).text == '"made"'


@pytest.fixture
def client(service_engine: Engine, view_engine: Engine) -> Iterator[TestClient]:
    """The API of access."""
    access = AccessDatabase(service_engine)
    with TestClient(create_app(SETTINGS, service_engine, view=view_engine, access=access, ready=list)) as made:
        yield made


def test_an_auditor_searches_and_takes_out_and_everybody_sees_who_looked_at_them(
    pay: TestClient, client: TestClient
) -> None:
    assert audit.PAGE > 3
    for _ in range(3):
        pay.get("/pay/emil", headers=as_("dana"))
    pay.get("/pays", headers=as_("dana"))
    pay.post("/runs", headers=as_("dana"))
    found = client.get("/v1/audit?actor=dana&participant=emil&limit=3", headers=as_("audrey")).json()
    assert [entry["operation"] for entry in found["entries"]] == ["list_pays", "show_pay", "show_pay"]
    rest = client.get(f"/v1/audit?actor=dana&limit=3&before={found['next']}", headers=as_("audrey")).json()
    assert ([entry["operation"] for entry in rest["entries"]], rest["next"]) == (["show_pay"], None)
    taken = client.get("/v1/audit/export", headers=as_("audrey"))
    assert len(taken.text.splitlines()) == 5
    looks = client.get("/v1/audit/mine", headers=as_("emil")).json()["looks"]
    assert [(look["who"], look["everybody"], look["exported"]) for look in looks] == [
        ("dana", True, True),
        *[("dana", False, False)] * 3,
    ]
    assert client.get("/v1/audit/mine", headers=as_("dana")).status_code == 404
    assert client.get("/v1/audit", headers=as_("dana")).status_code == 403
