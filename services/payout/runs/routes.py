"""The HTTP interface of runs: draft, simulate, calculate, submit, approve, release. Each change is one transaction."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from http import HTTPStatus
from typing import Annotated, TypeAlias

import structlog
from fastapi import Depends, FastAPI, Path, Response
from pydantic import BaseModel, ConfigDict, Field, model_validator
from sqlalchemy import Connection

from services.payout.deps import Dependencies
from services.payout.runs import payroll_release as releasing
from services.payout.runs import service as running
from services.payout.runs import store
from services.payout.runs.schemas import PayView, Reconciliations, ReconciliationView, RunDetail, Runs, RunView
from services.payout.runs.service import RunRequest
from shared.auth import Principal, require
from shared.contracts.base import RUN_ID, BusinessDate, Identifier, Text
from shared.pay.run import Run, RunPayment, run_totals

Writer = Annotated[Principal, Depends(require("runs:write"))]
Approver = Annotated[Principal, Depends(require("runs:approve"))]
Reader = Annotated[Principal, Depends(require("earnings:read"))]
RunId = Annotated[str, Path(pattern=RUN_ID, examples=["run-2025-03-1"])]

_logger = structlog.get_logger(__name__)


class Draft(BaseModel):
    """A run to be drafted: over a pay period that has ended, or off-cycle, for some participants as of a day."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"period": "2026-06", "pay_group": "monthly"},
                {"off_cycle": "2026-07-08", "pay_group": "monthly", "participants": ["ada.brandt"]},
            ]
        },
    )

    period: Annotated[str, Field(pattern=r"^[A-Z0-9-]{7,20}$")] | None = Field(default=None, examples=["2025-03"])
    pay_group: Identifier = Field(default="default", examples=["default"])
    participants: list[Identifier] | None = Field(default=None, min_length=1, max_length=10_000)
    off_cycle: BusinessDate | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> Draft:
        if (self.period is None) == (self.off_cycle is None):
            raise ValueError("say either period, or off_cycle with the day it is as of")
        if self.off_cycle is not None and not self.participants:
            raise ValueError("an off-cycle run names its participants")
        return self

    def asked(self) -> RunRequest:
        """The run that is asked for."""
        some = None if self.participants is None else tuple(sorted(set(self.participants)))
        return RunRequest(
            pay_period=self.period or "", pay_group=self.pay_group, participants=some, off_cycle=self.off_cycle
        )


class Approved(BaseModel):
    """What the approver looked at: with `lines_sha256`, something else than that is not approved."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"lines_sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"}]
        },
    )

    lines_sha256: str | None = None


class Reason(BaseModel):
    """Why."""

    model_config = ConfigDict(extra="forbid")

    reason: Annotated[Text, Field(min_length=3)] = Field(examples=["the quota of ada.brandt is last year's"])


class Tolerance(BaseModel):
    """By how much figures may differ, in major units of their currency."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"tolerance": "0.05"}]})

    tolerance: Annotated[Decimal, Field(ge=0, max_digits=12, decimal_places=4)] = Decimal(0)


Move: TypeAlias = Callable[[Connection, Dependencies, Run, str], Run]


def add_runs(app: FastAPI, deps: Dependencies) -> None:
    """Add the routes of runs."""

    def moved(run_id: str, actor: str, *, move: Move) -> RunDetail:
        with deps.engine.begin() as connection:
            run = move(connection, deps, store.run(connection, run_id, for_change=True), actor)
            found = _detail(connection, run)
        _logger.info(f"run.{run.state}", run=run_id, actor=actor)
        return found

    def shown(run_id: str) -> RunDetail:
        with deps.snapshot.connect() as connection:
            return _detail(connection, store.run(connection, run_id))

    @app.post("/v1/runs", status_code=HTTPStatus.CREATED)
    def draft(who: Writer, body: Draft, response: Response) -> RunDetail:
        """Draft a run: whom it is over and for when. `calculate` says what it would pay."""
        run = running.draft(deps, body.asked(), author=who.name)
        _logger.info("run.drafted", run=run.id, actor=who.name)
        response.headers["location"] = f"/v1/runs/{run.id}"
        return shown(run.id)

    @app.post("/v1/runs/simulate")
    def simulate(who: Writer, body: Draft) -> RunDetail:
        """What a run would pay as things stand, also over a pay period that has not ended. Nothing is kept."""
        run, proposal = running.simulate(deps, body.asked(), author=who.name)
        frozen = proposal.frozen
        lines = _worth_showing(frozen.lines)
        return RunDetail.whole(
            run, run_totals(frozen.lines), lines=lines, touches=frozen.touches, findings=frozen.findings
        )

    @app.get("/v1/runs")
    def list_runs(_: Reader) -> Runs:
        """All runs, the latest pay period first."""
        with deps.snapshot.connect() as connection:
            sums = store.totals(connection)
            return Runs(runs=[RunView.of(run, sums.get(run.id, ())) for run in store.runs(connection)])

    @app.get("/v1/runs/{run_id}")
    def show_run(_: Reader, run_id: RunId) -> RunDetail:
        """A run with its lines, its history, who cannot approve it, and what stands out."""
        return shown(run_id)

    @app.get("/v1/runs/{run_id}/pay/{participant_id:path}")
    def pay(_: Reader, run_id: RunId, participant_id: Annotated[Identifier, Path()]) -> PayView:
        """How a participant's pay in a run came about, step by step."""
        with deps.snapshot.connect() as connection:
            store.run(connection, run_id)
            found = store.pays(connection, run_id, participant_id=participant_id)
        return PayView.of(run_id, participant_id, pays=[(RunPayment(*each[:4]), each.told) for each in found])

    @app.post("/v1/runs/{run_id}/calculate")
    def calculate(who: Writer, run_id: RunId) -> RunDetail:
        """Calculate what the run pays, as its author; again, when something changed."""
        run = running.calculate(deps, run_id, who.name)
        _logger.info("run.calculated", run=run_id, actor=who.name)
        return shown(run.id)

    @app.post("/v1/runs/{run_id}/submit")
    def submit(who: Writer, run_id: RunId) -> RunDetail:
        """Hand the run on for approval. What the stream still brings for its months is booked in the month after."""
        return moved(run_id, who.name, move=running.submit)

    @app.post("/v1/runs/{run_id}/return")
    def send_back(who: Approver, run_id: RunId, body: Reason) -> RunDetail:
        """Give a submitted run back to its author."""
        return moved(
            run_id,
            who.name,
            move=lambda c, o, run, actor: running.send_back(c, o, run=run, actor=actor, reason=body.reason),
        )

    @app.post("/v1/runs/{run_id}/approve")
    def approve(who: Approver, run_id: RunId, body: Approved | None = None) -> RunDetail:
        """Take the next step of the approval. The last one books the run and closes its months for good."""
        seen = body.lines_sha256 if body else None
        return moved(run_id, who.name, move=lambda c, o, run, _: running.approve(c, o, run=run, who=who, seen=seen))

    @app.post("/v1/runs/{run_id}/cancel")
    def cancel(who: Writer, run_id: RunId) -> RunDetail:
        """Give up a run that is not submitted, as its author."""
        return moved(run_id, who.name, move=running.cancel)

    @app.post("/v1/runs/{run_id}/export")
    def export(who: Writer, run_id: RunId) -> RunDetail:
        """Release the payroll files of an approved run. Doing it again changes nothing."""
        return moved(run_id, who.name, move=releasing.export)

    @app.post("/v1/runs/{run_id}/pay")
    def mark_paid(who: Writer, run_id: RunId) -> RunDetail:
        """Say that payroll has paid what it acknowledged."""
        return moved(run_id, who.name, move=releasing.mark_paid)

    @app.post("/v1/runs/{run_id}/reconciliations")
    def reconcile(who: Writer, run_id: RunId, body: Tolerance) -> Reconciliations:
        """Compare source with credits, ledger with payroll and ledger with general ledger, and keep the result."""
        with deps.engine.begin() as connection:
            run = store.run(connection, run_id, for_change=True)
            compared = releasing.reconcile(connection, run, tolerance=body.tolerance)
            store.add_reconciliations(connection, run_id, compared=compared, preparer=who.name, at=deps.now())
            return _reconciliations(connection, run_id)

    @app.get("/v1/runs/{run_id}/reconciliations")
    def reconciliations(_: Reader, run_id: RunId) -> Reconciliations:
        """The comparisons made for a run."""
        with deps.snapshot.connect() as connection:
            store.run(connection, run_id)
            return _reconciliations(connection, run_id)


def _detail(connection: Connection, run: Run) -> RunDetail:
    return RunDetail.whole(
        run,
        store.totals(connection, run.id).get(run.id, ()),
        lines=store.lines(connection, run.id),
        events=store.events(connection, run.id),
        approvals=store.approvals(connection, run.id),
        touches=store.touches(connection, run.id),
        findings=store.found(connection, run.id),
    )


def _worth_showing(lines: list[RunPayment]) -> list[RunPayment]:
    return [line for line in lines if line.paid or line.carried]


def _reconciliations(connection: Connection, run_id: str) -> Reconciliations:
    kept = store.reconciliations(connection, run_id)
    return Reconciliations(reconciliations=[ReconciliationView.of(*each) for each in kept])
