"""The HTTP interface of statements: a participant's, and that of the team below a manager; as JSON, page or PDF.

What is made of a final run is kept when it is first asked for, and is the same bytes for ever.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated, Any
from urllib.parse import quote

import structlog
from fastapi import Depends, FastAPI, Header, Path, Response
from pydantic import BaseModel, Field
from sqlalchemy import Connection, Engine

from services.payout.errors import NoSuchRun
from services.payout.statements import build as building
from services.payout.statements import layout, store, team
from services.payout.statements.facts import Person, StatementFacts, sha256
from services.payout.statements.media import MEDIA, Form, accepted, named
from services.payout.statements.model import Statement, TeamStatement
from services.payout.statements.page import content_security_policy, page
from services.payout.statements.pdf import pdf
from services.payout.statements.sheet import Sheet
from services.payout.statements.store import Kept, Place, RunState, Slips
from shared.auth import Principal, require
from shared.problems import NotFound, Problem

Reader = Annotated[Principal, Depends(require("statements:read"))]
RunId = Annotated[str, Path(max_length=200, examples=["run-2026-06-1"])]
Participant = Annotated[
    str, Path(max_length=200, description="The participant's id, with `.json`, `.html` or `.pdf` behind it or without")
]
Accept = Annotated[str | None, Header(description="Which form, where the address does not say")]
IfNoneMatch = Annotated[str | None, Header(description="An ETag that the caller has the bytes of")]

_logger = structlog.get_logger(__name__)


class NotAcceptable(Problem):
    """None of the forms that there are."""

    type = "not-acceptable"
    title = "There is no such form"
    status = HTTPStatus.NOT_ACCEPTABLE


class StatementEntry(BaseModel):
    """A statement and where it is."""

    run: str = Field(examples=["run-2026-06-1"])
    state: str = Field(examples=["final"])
    participant_id: str = Field(examples=["ada.brandt"])
    name: str | None = Field(default=None, examples=["Ada Brandt"])
    manager: str | None = Field(default=None, examples=["mia.okafor"])
    statement: str = Field(examples=["/v1/statements/run-2026-06-1/ada.brandt"])


class StatementList(BaseModel):
    """Statements of a run, by name, or of a participant, the latest run first."""

    statements: list[StatementEntry]


def _forms(model: type[BaseModel]) -> dict[int | str, dict[str, Any]]:
    binary = {"schema": {"type": "string", "format": "binary"}}
    content = {"text/html": {"schema": {"type": "string"}}, "application/pdf": binary}
    return {200: {"model": model, "content": content}, 304: {"description": "The caller has these bytes"}}


def add_statements(app: FastAPI, engine: Engine, snapshot: Engine, slips: Slips) -> None:
    """Add the routes of statements; `snapshot` reads everything as of one instant."""

    @app.get("/v1/statements/{run_id}")
    def statements_of_run(_: Reader, run_id: RunId) -> StatementList:
        """Who has a statement in a run."""
        with snapshot.connect() as connection:
            run, people = _run(slips, connection, run_id), slips.people(connection, run_id)
        found = sorted(people, key=lambda each: (each.name, each.participant_id))
        return StatementList(statements=[_entry(run, each.participant_id, each.name, each.manager) for each in found])

    @app.get("/v1/participants/{participant_id:path}/statements")
    def statements_of_participant(_: Reader, participant_id: Annotated[str, Path(max_length=128)]) -> StatementList:
        """The runs in which a participant has a statement."""
        with snapshot.connect() as connection:
            runs = slips.runs_of(connection, participant_id)
        return StatementList(statements=[_entry(run, participant_id) for run in runs])

    def show_team(
        _: Reader, run_id: RunId, manager_id: Participant, accept: Accept = None, if_none_match: IfNoneMatch = None
    ) -> Response:
        """The statement over everybody below a manager: attainment, earned, held and paid, with totals per currency."""
        return answer(run_id, manager_id, _form(accept), if_none_match, "team")

    def team_as(form: Form) -> Callable[..., Response]:
        def show_team_as(
            _: Reader, run_id: RunId, manager_id: Participant, if_none_match: IfNoneMatch = None
        ) -> Response:
            return answer(run_id, manager_id, form, if_none_match, "team")

        return show_team_as

    for form in MEDIA:
        path = f"/v1/statements/{{run_id}}/{{manager_id:path}}/team.{form}"
        app.get(path, include_in_schema=False, response_class=Response)(team_as(form))
    path = "/v1/statements/{run_id}/{manager_id:path}/team"
    app.get(path, response_class=Response, responses=_forms(TeamStatement))(show_team)

    @app.get("/v1/statements/{run_id}/{participant_id:path}", response_class=Response, responses=_forms(Statement))
    def show_statement(
        _: Reader, run_id: RunId, participant_id: Participant, accept: Accept = None, if_none_match: IfNoneMatch = None
    ) -> Response:
        """A participant's statement in a run: every deal with its slices, and every step from earned to paid."""
        who, form = named(participant_id)
        return answer(run_id, who, form or _form(accept), if_none_match, "statement")

    def answer(
        run_id: str, participant_id: str, form: Form, if_none_match: str | None, document: store.Document
    ) -> Response:
        place = Place(run_id, participant_id, document, form)
        with snapshot.connect() as connection:
            run = _run(slips, connection, run_id)
            found = store.kept(connection, place) if run.final and form != "json" else None
            model = None if found else _model(slips, connection, run, place)
        if found is None:
            assert model is not None
            found = _made(model, form)
            if run.final and form != "json":
                with engine.begin() as connection:
                    found = store.keep(connection, place, found)
                _logger.info("statement.kept", run=run_id, form=form)
        return _bytes(found, place, run.final, if_none_match)


def _run(slips: Slips, connection: Connection, run_id: str) -> RunState:
    found = slips.run(connection, run_id)
    if found is None:
        raise NoSuchRun(run_id)
    return found


def _entry(run: RunState, participant_id: str, name: str | None = None, manager: str | None = None) -> StatementEntry:
    where = f"/v1/statements/{run.id}/{quote(participant_id, safe='')}"
    state = "final" if run.final else "draft"
    return StatementEntry(
        run=run.id, state=state, participant_id=participant_id, name=name, manager=manager, statement=where
    )


def _form(accept: str | None) -> Form:
    form = accepted(accept)
    if form is None:
        raise NotAcceptable("a statement is there as application/json, text/html and application/pdf")
    return form


def _model(slips: Slips, connection: Connection, run: RunState, place: Place) -> Statement | TeamStatement:
    if place.document == "statement":
        found = slips.facts(connection, run.id, [place.participant_id]).get(place.participant_id)
        if found is None:
            raise NotFound(f"{place.participant_id} has no statement in {run.id}")
        return building.statement(found, run.final)
    placed = team.below(place.participant_id, slips.people(connection, run.id))
    if not placed:
        raise NotFound(f"nobody with a statement in {run.id} reports to {place.participant_id}")
    wanted = [place.participant_id, *(each.participant_id for each in placed)]
    documents = slips.facts(connection, run.id, wanted)
    return team.team(_manager(place.participant_id, documents, placed[0]), placed, documents, run.final)


def _manager(manager: str, documents: Any, direct: team.Placed) -> Person:
    """The manager by name, from their own facts or else from those of who reports to them."""
    own = documents.get(manager)
    if own is not None:
        return Person(id=manager, name=StatementFacts.model_validate_json(own).participant.name)
    named_there = StatementFacts.model_validate_json(documents[direct.participant_id]).participant.manager
    return named_there or Person(id=manager)


def _made(model: Statement | TeamStatement, form: Form) -> Kept:
    content = model.model_dump_json().encode() if form == "json" else _rendered(_sheet(model), form)
    return Kept(content, sha256(content), model.facts_sha256)


def _sheet(model: Statement | TeamStatement) -> Sheet:
    return layout.sheet(model) if isinstance(model, Statement) else team.team_sheet(model)


def _rendered(sheet: Sheet, form: Form) -> bytes:
    return page(sheet) if form == "html" else pdf(sheet)


def _bytes(found: Kept, place: Place, final: bool, if_none_match: str | None) -> Response:
    """The bytes, or 304 to whoever has them already."""
    tag = f'"{found.sha256}"'
    headers = {
        "etag": tag,
        "cache-control": "private, no-cache" if final else "private, no-store",
        "vary": "Accept, Authorization",
        "x-content-type-options": "nosniff",
    }
    known = {each.strip().removeprefix("W/") for each in (if_none_match or "").split(",")}
    if tag in known or "*" in known:
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    if place.form == "html":
        headers["content-security-policy"] = content_security_policy()
    who = re.sub(r"[^A-Za-z0-9._-]", "-", place.participant_id)
    kind = "team" if place.document == "team" else "statement"
    headers["content-disposition"] = f'inline; filename="{kind}-{place.run}-{who}.{place.form}"'
    return Response(found.content, headers=headers, media_type=MEDIA[place.form])
