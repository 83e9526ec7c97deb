"""The HTTP interface of statements: a participant's, and that of the team below a manager; as JSON, page or PDF.

What is made of a final run is kept when it is first asked for, and is the same bytes for ever.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Any
from urllib.parse import quote

import structlog
from fastapi import APIRouter, Depends, Header, Path, Response
from pydantic import BaseModel
from sqlalchemy import Connection, Engine

from services.payout.errors import NoSuchRun
from services.payout.roster import store as roster
from services.payout.statements import build, layout, store, team
from services.payout.statements.facts import Person, StatementFacts, sha256
from services.payout.statements.media import MEDIA, Form, accepted, named
from services.payout.statements.page import content_security_policy, page
from services.payout.statements.pdf import pdf
from services.payout.statements.schemas import Statement, StatementEntry, StatementList, TeamStatement
from services.payout.statements.store import FileKey, RunState, StatementFile
from services.payout.tables import CHAIN
from shared.access import Principal, require
from shared.deps import HEAVY, EngineDep, SnapshotDep
from shared.http import UNCHANGED, IfNoneMatch, conditional
from shared.problems import NotFound, Problem
from shared.proof import anchor


def _of_statement(parameters: Mapping[str, str]) -> str:
    return named(parameters["participant_id"])[0].removesuffix("/team")


def _of_team(parameters: Mapping[str, str]) -> str:
    return parameters["manager_id"]


Reader = Annotated[Principal, Depends(require("statements:read", about="many"))]
OwnReader = Annotated[Principal, Depends(require("statements:read", about="participant"))]
StatementReader = Annotated[Principal, Depends(require("statements:read", about="participant", whom=_of_statement))]
TeamReader = Annotated[Principal, Depends(require("statements:read", about="participant", whom=_of_team))]
RunId = Annotated[str, Path(max_length=200, examples=["run-2026-06-1"])]
ParticipantId = Annotated[
    str, Path(max_length=200, description="The participant's id, with `.json`, `.html` or `.pdf` behind it or without")
]
Accept = Annotated[str | None, Header(description="Which form, where the address does not say")]

_logger = structlog.get_logger(__name__)


class NotAcceptable(Problem):
    """None of the forms that there are."""

    type = "not-acceptable"
    title = "There is no such form"
    status = HTTPStatus.NOT_ACCEPTABLE


def _forms(model: type[BaseModel]) -> dict[int | str, dict[str, Any]]:
    binary = {"schema": {"type": "string", "format": "binary"}}
    content = {"text/html": {"schema": {"type": "string"}}, "application/pdf": binary}
    return {200: {"model": model, "content": content}, **UNCHANGED}


router = APIRouter(tags=["statements"])


@router.get("/v1/statements/{run_id}", dependencies=[HEAVY], summary="Statements of a run")
def list_statements_of_run(_: Reader, snapshot: SnapshotDep, run_id: RunId) -> StatementList:
    """Who has a statement in a run."""
    with snapshot.connect() as connection:
        run, people = _run(connection, run_id), store.people(connection, run_id)
    people.sort(key=lambda person: (person.name, person.participant_id))
    return StatementList(
        statements=[_entry(run, person.participant_id, name=person.name, manager=person.manager) for person in people]
    )


@router.get("/v1/participants/{participant_id:path}/statements", summary="Statements of a participant")
def list_statements_of_participant(
    _: OwnReader, snapshot: SnapshotDep, participant_id: Annotated[str, Path(max_length=128)]
) -> StatementList:
    """The runs in which a participant has a statement."""
    with snapshot.connect() as connection:
        runs = store.runs_of(connection, participant_id)
        roster.check_known(connection, participant_id, found=runs)
    return StatementList(statements=[_entry(run, participant_id) for run in runs])


# An id may have slashes in it, so this route comes before the one that takes whatever is left; that one answers
# `.../team.pdf`.
@router.get(
    "/v1/statements/{run_id}/{manager_id:path}/team",
    dependencies=[HEAVY],
    summary="The statement of a team",
    response_class=Response,
    responses=_forms(TeamStatement),
)
def show_team_statement(
    who: TeamReader,
    engine: EngineDep,
    snapshot: SnapshotDep,
    *,
    run_id: RunId,
    manager_id: ParticipantId,
    accept: Accept = None,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """The statement over everybody below a manager: attainment, earned, held and paid, with totals per currency."""
    key = FileKey(run_id, manager_id, "team", _form(accept))
    return _answer(who, key, engine=engine, snapshot=snapshot, if_none_match=if_none_match)


@router.get(
    "/v1/statements/{run_id}/{participant_id:path}",
    summary="The statement of a participant",
    response_class=Response,
    responses=_forms(Statement),
)
def show_statement(
    who: StatementReader,
    engine: EngineDep,
    snapshot: SnapshotDep,
    *,
    run_id: RunId,
    participant_id: ParticipantId,
    accept: Accept = None,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """A participant's statement in a run: every deal with its slices, and every step from earned to paid."""
    whose, form = named(participant_id)
    if form is not None and whose.endswith("/team"):
        key = FileKey(run_id, whose.removesuffix("/team"), "team", form)
    else:
        key = FileKey(run_id, whose, "statement", form or _form(accept))
    return _answer(who, key, engine=engine, snapshot=snapshot, if_none_match=if_none_match)


def _answer(who: Principal, key: FileKey, *, engine: Engine, snapshot: Engine, if_none_match: str | None) -> Response:
    # JSON is made anew each time: it says more as the program learns more, and what it says is under the hash of the
    # facts. So is the team of who may not see all of it, that the same file is whole for everybody else.
    is_kept = key.form != "json" and (key.document == "statement" or who.machine or who.sees_all)
    with snapshot.connect() as connection:
        run = _run(connection, key.run)
        # A draft is made anew each time: its facts change with the next calculation.
        file = store.kept(connection, key) if run.final and is_kept else None
        model = None if file else _model(connection, run, key=key)
        if model is not None and run.final and is_kept:
            model = model.model_copy(update={"chain": anchor.head(connection, CHAIN)})
    # Made with no connection held: a PDF takes longer than the whole rest, and many may be asked for at once.
    if model is not None:
        file = _made(model, key.form)
        if run.final and is_kept:
            with engine.begin() as connection:
                file = store.keep(connection, key, made=file)
            _logger.info("statement.kept", run=key.run, form=key.form)
    assert file is not None
    return _response(file, key, final=run.final, if_none_match=if_none_match)


def _run(connection: Connection, run_id: str) -> RunState:
    run = store.run_state(connection, run_id)
    if run is None:
        raise NoSuchRun(run_id)
    return run


def _entry(
    run: RunState, participant_id: str, *, name: str | None = None, manager: str | None = None
) -> StatementEntry:
    return StatementEntry(
        run=run.id,
        state="final" if run.final else "draft",
        participant_id=participant_id,
        name=name,
        manager=manager,
        statement=f"/v1/statements/{run.id}/{quote(participant_id, safe='')}",
    )


def _form(accept: str | None) -> Form:
    form = accepted(accept)
    if form is None:
        raise NotAcceptable("a statement is there as application/json, text/html and application/pdf")
    return form


def _model(connection: Connection, run: RunState, *, key: FileKey) -> Statement | TeamStatement:
    who = key.participant_id
    if key.document == "statement":
        document = store.documents(connection, run.id, participants=[who]).get(who)
        if document is None:
            raise NotFound(f"{who} has no statement in {run.id}")
        return build.statement(document, run.final)
    placed = team.below(who, store.people(connection, run.id))
    if not placed:
        raise NotFound(f"nobody with a statement in {run.id} reports to {who}")
    documents = store.documents(connection, run.id, participants=[who, *(member.participant_id for member in placed)])
    manager = _manager(who, documents, direct=placed[0])
    return team.team(manager, placed, documents=documents, final=run.final)


def _manager(manager: str, documents: Mapping[str, bytes], *, direct: team.Placed) -> Person:
    """The manager by name, from their own facts or else from those of who reports to them."""
    own = documents.get(manager)
    if own is not None:
        return Person(id=manager, name=StatementFacts.model_validate_json(own).participant.name)
    named_there = StatementFacts.model_validate_json(documents[direct.participant_id]).participant.manager
    return named_there or Person(id=manager)


def _made(model: Statement | TeamStatement, form: Form) -> StatementFile:
    if form == "json":
        content = model.model_dump_json().encode()
    else:
        sheet = layout.sheet(model) if isinstance(model, Statement) else team.team_sheet(model)
        content = page(sheet) if form == "html" else pdf(sheet)
    return StatementFile(content, sha256(content), model.facts_sha256)


def _response(file: StatementFile, key: FileKey, *, final: bool, if_none_match: str | None) -> Response:
    kind = "team" if key.document == "team" else "statement"
    # Into a header goes nothing that could end it or name a folder.
    who = re.sub(r"[^A-Za-z0-9._-]", "-", key.participant_id)
    return conditional(
        file.content,
        media_type=MEDIA[key.form],
        disposition=f'inline; filename="{kind}-{key.run}-{who}.{key.form}"',
        if_none_match=if_none_match,
        sha256=file.sha256,
        headers={
            # A draft is somebody's pay that may still change: no browser keeps it.
            "cache-control": "private, no-cache" if final else "private, no-store",
            "vary": "Accept, Authorization",
            "x-content-type-options": "nosniff",
        },
        headers_of_content={"content-security-policy": content_security_policy()} if key.form == "html" else {},
    )
