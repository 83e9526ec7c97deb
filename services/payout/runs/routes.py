"""The HTTP interface of runs: draft, simulate, calculate, submit, approve, release. Each change is one transaction."""

from __future__ import annotations

from functools import partial
from http import HTTPStatus
from typing import Annotated, Protocol

import structlog
from fastapi import APIRouter, Path, Response
from sqlalchemy import Connection

from services.payout.deps import (
    Dependencies,
    Deps,
    EarningsReader,
    ParticipantReader,
    RunsApprover,
    RunsReleaser,
    RunsWriter,
)
from services.payout.errors import NoSuchPayGroup
from services.payout.runs import store, store_record
from services.payout.runs.schemas import (
    Approved,
    Draft,
    PayView,
    Reason,
    Reconciliations,
    ReconciliationView,
    RunDetail,
    Runs,
    RunView,
    Tolerance,
)
from services.payout.runs.service import drafts, payroll_release, transitions
from services.payout.runs.service.publishing import publish
from shared.access import Principal
from shared.contracts.base import RUN_ID, Identifier
from shared.deps import HEAVY, Clock, SnapshotDep
from shared.pay.run import Run, run_totals

router = APIRouter(tags=["runs"])

RunId = Annotated[str, Path(pattern=RUN_ID, examples=["run-2025-03-1"])]
ParticipantId = Annotated[Identifier, Path(examples=["ada.brandt"])]


_logger = structlog.get_logger(__name__)


@router.post("/v1/runs", status_code=HTTPStatus.CREATED, summary="Draft a run")
def draft_run(who: RunsWriter, deps: Deps, body: Draft, response: Response) -> RunDetail:
    """Draft a run: whom it is over and for when. `calculate` says what it would pay."""
    _check_pay_group(who, body)
    run = drafts.draft(deps, body.request(), author=who.name)
    _logger.info("run.drafted", run=run.id, actor=who.name)
    response.headers["location"] = f"/v1/runs/{run.id}"
    return _shown(deps, run.id, who=who)


@router.post("/v1/runs/simulate", dependencies=[HEAVY], summary="Simulate a run")
def simulate_run(who: RunsWriter, deps: Deps, body: Draft) -> RunDetail:
    """What a run would pay as things stand, also over a pay period that has not ended. Nothing is kept."""
    _check_pay_group(who, body)
    run, proposal = drafts.simulate(deps, body.request(), author=who.name)
    record = proposal.record
    return RunDetail.whole(
        run,
        totals=run_totals(record.payments),
        payments=[payment for payment in record.payments if payment.paid or payment.carried],
        contributors=record.contributors,
        findings=record.findings,
    )


@router.get("/v1/runs", summary="All runs")
def list_runs(who: EarningsReader, snapshot: SnapshotDep) -> Runs:
    """All runs of the caller's pay groups, the latest pay period first."""
    with snapshot.connect() as connection:
        sums = store.totals(connection)
        return Runs(runs=[RunView.of(run, sums.get(run.id, ())) for run in store.runs(connection, who=who)])


@router.get("/v1/runs/{run_id}", summary="A run")
def show_run(who: EarningsReader, deps: Deps, run_id: RunId) -> RunDetail:
    """A run with its lines, its history, who cannot approve it, and what stands out."""
    return _shown(deps, run_id, who=who)


@router.get("/v1/runs/{run_id}/pay/{participant_id:path}", summary="How somebody's pay came about")
def show_pay(_: ParticipantReader, snapshot: SnapshotDep, run_id: RunId, participant_id: ParticipantId) -> PayView:
    """How a participant's pay in a run came about, step by step."""
    with snapshot.connect() as connection:
        store.run(connection, run_id)
        return PayView.of(
            run_id, participant_id, pays=store_record.pays(connection, run_id, participant_id=participant_id)
        )


@router.post("/v1/runs/{run_id}/calculate", dependencies=[HEAVY], summary="Calculate a run")
def calculate_run(who: RunsWriter, deps: Deps, run_id: RunId) -> RunDetail:
    """Calculate what the run pays, as its author; again, when something changed."""
    with deps.snapshot.connect() as connection:
        store.run(connection, run_id, who=who)
    run = transitions.calculate(deps, run_id, actor=who.name)
    _logger.info("run.calculated", run=run.id, actor=who.name)
    return _shown(deps, run.id, who=who)


@router.post("/v1/runs/{run_id}/submit", summary="Submit a run for approval")
def submit_run(who: RunsWriter, deps: Deps, run_id: RunId) -> RunDetail:
    """Hand the run on for approval. What the stream still brings for its months is booked in the month after."""
    return _moved(deps, run_id, move=transitions.submit, who=who)


@router.post("/v1/runs/{run_id}/return", summary="Return a run to its author")
def return_run(who: RunsApprover, deps: Deps, run_id: RunId, body: Reason) -> RunDetail:
    """Give a submitted run back to its author."""
    return _moved(deps, run_id, move=partial(transitions.send_back, reason=body.reason), who=who)


@router.post("/v1/runs/{run_id}/approve", summary="Approve a run")
def approve_run(who: RunsApprover, deps: Deps, run_id: RunId, body: Approved | None = None) -> RunDetail:
    """Take the next step of the approval. The last one books the run and closes its months for good."""
    seen = body.lines_sha256 if body else None
    return _moved(deps, run_id, move=partial(transitions.approve, roles=who.approves_as, seen=seen), who=who)


@router.post("/v1/runs/{run_id}/cancel", summary="Cancel a run")
def cancel_run(who: RunsWriter, deps: Deps, run_id: RunId) -> RunDetail:
    """Give up a run that is not submitted, as its author."""
    return _moved(deps, run_id, move=transitions.cancel, who=who)


@router.post("/v1/runs/{run_id}/export", summary="Release a run to payroll")
def export_run(who: RunsReleaser, deps: Deps, run_id: RunId) -> RunDetail:
    """Release the payroll files of an approved run. Doing it again changes nothing."""
    return _moved(deps, run_id, move=payroll_release.export, who=who)


@router.post("/v1/runs/{run_id}/pay", summary="Mark a run as paid")
def mark_run_paid(who: RunsReleaser, deps: Deps, run_id: RunId) -> RunDetail:
    """Say that payroll has paid what it acknowledged."""
    return _moved(deps, run_id, move=payroll_release.mark_paid, who=who)


@router.post("/v1/runs/{run_id}/reconciliations", summary="Reconcile a run")
def reconcile_run(who: RunsWriter, deps: Deps, run_id: RunId, body: Tolerance) -> Reconciliations:
    """Compare source with credits, ledger with payroll and ledger with general ledger, and keep the result."""
    with deps.engine.begin() as connection:
        run = store.lock_run(connection, run_id, who=who)
        comparisons = payroll_release.reconcile(connection, run, tolerance=body.tolerance)
        store.add_reconciliations(connection, run_id, comparisons=comparisons, preparer=who.name, at=deps.now())
        return _reconciliations(connection, run_id)


@router.get("/v1/runs/{run_id}/reconciliations", summary="Reconciliations of a run")
def list_reconciliations(who: EarningsReader, snapshot: SnapshotDep, run_id: RunId) -> Reconciliations:
    """The comparisons made for a run."""
    with snapshot.connect() as connection:
        store.run(connection, run_id, who=who)
        return _reconciliations(connection, run_id)


def _check_pay_group(who: Principal, body: Draft) -> None:
    if not who.may(pay_group=body.pay_group):
        raise NoSuchPayGroup(body.pay_group)


class Move(Protocol):
    """What moves a run on, in a transaction in which it is locked."""

    def __call__(self, connection: Connection, run: Run, /, *, actor: str, now: Clock) -> Run:
        """The run as it is afterwards."""


def _moved(deps: Dependencies, run_id: str, *, move: Move, who: Principal) -> RunDetail:
    """The run after a move. What is answered is read in the transaction of the move: as the caller left it, whoever
    comes next.
    """
    with deps.engine.begin() as connection:
        run = move(connection, store.lock_run(connection, run_id, who=who), actor=who.name, now=deps.now)
        detail = _detail(connection, run)
        publish(connection, deps.log, run=run)
    _logger.info(f"run.{run.state}", run=run_id, actor=who.name)
    return detail


def _shown(deps: Dependencies, run_id: str, *, who: Principal) -> RunDetail:
    with deps.snapshot.connect() as connection:
        return _detail(connection, store.run(connection, run_id, who=who))


def _detail(connection: Connection, run: Run) -> RunDetail:
    return RunDetail.whole(
        run,
        totals=store.totals(connection, run.id).get(run.id, ()),
        payments=store_record.payments(connection, run.id),
        events=store.events(connection, run.id),
        approvals=store.approvals(connection, run.id),
        contributors=store_record.contributors(connection, run.id),
        findings=store_record.findings(connection, run.id),
    )


def _reconciliations(connection: Connection, run_id: str) -> Reconciliations:
    comparisons = store.reconciliations(connection, run_id)
    return Reconciliations(
        reconciliations=[ReconciliationView.of(comparison, preparer, at=at) for comparison, preparer, at in comparisons]
    )
