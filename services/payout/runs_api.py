"""The HTTP interface of runs: draft, look, approve, export, fetch the file. Each change is one transaction."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from typing import Annotated

import structlog
from fastapi import Depends, FastAPI, Header, Path, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection, Engine

from services.payout import runs as domain
from services.payout.answers import RunDetail, Runs, RunView
from services.payout.booking import place_of
from services.payout.ledger import payment_journal
from services.payout.payroll.of_run import PayrollFile, file_of_run
from services.payout.refusals import ActiveRun, LinesTampered, NoSuchFile
from services.payout.runs import Run
from services.payout.store import books, closings
from services.payout.store import runs as store
from services.payout.store.people import people
from services.payout.store.released import deliver_released
from shared.auth import Principal, require
from shared.contracts.base import PeriodName
from shared.periods import last_day
from shared.settings import Settings

Writer = Annotated[Principal, Depends(require("runs:write"))]
Approver = Annotated[Principal, Depends(require("runs:approve"))]
Reader = Annotated[Principal, Depends(require("earnings:read"))]
Payroll = Annotated[Principal, Depends(require("payroll:read"))]
RunId = Annotated[str, Path(pattern=r"^run-[0-9]{4}-[0-9]{2}-[0-9]{1,6}$", examples=["run-2025-03-1"])]
IfNoneMatch = Annotated[str | None, Header(description="An ETag that the caller has the bytes of")]

_logger = structlog.get_logger(__name__)


class Draft(BaseModel):
    """A run to be drafted over a period that has ended."""

    model_config = ConfigDict(extra="forbid")

    period: PeriodName = Field(examples=["2025-03"])


class Approval(BaseModel):
    """What the approver looked at: with `lines_sha256`, a draft recalculated since then is not approved."""

    model_config = ConfigDict(extra="forbid")

    lines_sha256: str | None = None


def add_runs(app: FastAPI, settings: Settings, engine: Engine, snapshot: Engine, now: Callable[[], datetime]) -> None:
    """Add the routes of runs; `snapshot` reads everything as of one instant."""

    @app.post("/v1/runs", status_code=HTTPStatus.CREATED)
    def draft(who: Writer, body: Draft, response: Response) -> RunDetail:
        """Draft a run: calculate what is due for everything booked up to and including the period."""
        at = now()
        with engine.begin() as connection:
            closed = closings.closed_through(connection)
            period = domain.check_period(body.period, at.astimezone(settings.zone).date(), closed)
            due = books.due(connection, period, closed)
            run = domain.draft(period, store.runs_drafted(connection, period) + 1, who.name, at, due)
            if not store.add_run(connection, run, due):
                raise ActiveRun(period)
            detail = _detail(connection, run)
        _logger.info("run.drafted", run=run.id, actor=who.name)
        response.headers["location"] = f"/v1/runs/{run.id}"
        return detail

    @app.get("/v1/runs")
    def list_runs(_: Reader) -> Runs:
        """All runs, the latest period first."""
        with snapshot.connect() as connection:
            totals = store.totals(connection)
            return Runs(runs=[RunView.of(run, totals.get(run.id, ())) for run in store.runs(connection)])

    @app.get("/v1/runs/{run_id}")
    def show(_: Reader, run_id: RunId) -> RunDetail:
        """A run with its lines, and what it carries forward."""
        with snapshot.connect() as connection:
            return _detail(connection, store.run(connection, run_id))

    @app.post("/v1/runs/{run_id}/recalculate")
    def recalculate(who: Writer, run_id: RunId) -> RunDetail:
        """Calculate a draft again, as its author: lines as they are due now."""
        with engine.begin() as connection:
            run = store.run(connection, run_id, for_change=True)
            due = books.due(connection, run.period, closings.closed_through(connection))
            run = domain.recalculated(run, who.name, now(), due)
            store.change_run(connection, run)
            store.replace_lines(connection, run_id, due)
            detail = _detail(connection, run)
        _logger.info("run.recalculated", run=run_id, actor=who.name)
        return detail

    @app.post("/v1/runs/{run_id}/cancel")
    def cancel(who: Writer, run_id: RunId) -> RunDetail:
        """Give up a draft, as its author."""
        with engine.begin() as connection:
            run = domain.cancelled(store.run(connection, run_id, for_change=True), who.name, now())
            store.change_run(connection, run)
            detail = _detail(connection, run)
        _logger.info("run.cancelled", run=run_id, actor=who.name)
        return detail

    @app.post("/v1/runs/{run_id}/approve")
    def approve(who: Approver, run_id: RunId, body: Approval | None = None) -> RunDetail:
        """Release a run for payment, as somebody other than its author. This freezes its lines and closes its period."""
        with engine.begin() as connection:
            closed = closings.hold_for_closing(connection)
            run = store.run(connection, run_id, for_change=True)
            due = books.due(connection, run.period, closed)
            run = domain.approved(run, who.name, now(), closed, due, body.lines_sha256 if body else None)
            store.change_run(connection, run)
            detail = _detail(connection, run)
        _logger.info("run.approved", run=run_id, actor=who.name)
        return detail

    @app.post("/v1/runs/{run_id}/export")
    def export(who: Writer, run_id: RunId) -> RunDetail:
        """Write the payroll file of an approved run and book its payments. Doing it again changes nothing."""
        with engine.begin() as connection:
            run = store.run(connection, run_id, for_change=True)
            if run.state != "exported":
                run = _export(connection, run, who.name, now())
                _logger.info("run.exported", run=run_id, actor=who.name)
            return _detail(connection, run)

    @app.get("/v1/runs/{run_id}/file", response_class=Response)
    def payroll_file(_: Payroll, run_id: RunId, if_none_match: IfNoneMatch = None) -> Response:
        """The payroll CSV of an exported run: the same bytes for ever, their SHA-256 as a strong ETag."""
        with snapshot.connect() as connection:
            found = _file(connection, run_id)
        return _bytes(found.content, found.name, "text/csv; charset=us-ascii; header=present", if_none_match)

    @app.get("/v1/runs/{run_id}/manifest", response_class=Response)
    def manifest(_: Payroll, run_id: RunId, if_none_match: IfNoneMatch = None) -> Response:
        """What the payroll file must add up to: counts, control totals per currency, hash, and the batch before it."""
        with snapshot.connect() as connection:
            found = _file(connection, run_id)
        return _bytes(found.manifest, f"{run_id}.manifest.json", "application/json", if_none_match)


def _export(connection: Connection, run: Run, actor: str, now: datetime) -> Run:
    exported = domain.exported(run, actor, now)
    lines = store.lines(connection, run.id)
    if domain.lines_sha256(run.id, lines) != run.lines_sha256:
        raise LinesTampered(run.id)
    store.add_file(connection, file_of_run(run, lines, now, store.last_batch(connection)))
    paid = people(connection, {line.participant_id for line in domain.paid(lines)})
    pay_groups = {pay_group for person in paid.values() for pay_group in person.pay_groups()}
    open_from = closings.hold_open(connection, pay_groups)
    payments = [
        payment_journal(run.id, *line, run.period, place_of(paid[line.participant_id], run.period, open_from), actor)
        for line in domain.paid(lines)
    ]
    books.post(connection, payments, now)
    store.change_run(connection, exported)
    deliver_released(connection, run.id, last_day(run.period), now)
    return exported


def _detail(connection: Connection, run: Run) -> RunDetail:
    totals = store.totals(connection, run.id).get(run.id, ())
    return RunDetail.with_lines(run, totals, store.lines(connection, run.id))


def _file(connection: Connection, run_id: str) -> PayrollFile:
    store.run(connection, run_id)
    found = store.file(connection, run_id)
    if found is None:
        raise NoSuchFile(run_id)
    return found


def _bytes(content: bytes, name: str, media_type: str, if_none_match: str | None) -> Response:
    """Bytes that never change, or 304 to whoever has them already."""
    tag = f'"{hashlib.sha256(content).hexdigest()}"'
    headers = {"etag": tag, "cache-control": "private, no-cache"}
    known = {each.strip().removeprefix("W/") for each in (if_none_match or "").split(",")}
    if tag in known or "*" in known:
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    headers["content-disposition"] = f'attachment; filename="{name}"'
    return Response(content, headers=headers, media_type=media_type)
