"""The HTTP interface of payout: what is booked, whether a period is open, and the app itself. Runs are in `runs_api`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Request, Response
from sqlalchemy import Engine

from services.payout import errors as refusals
from services.payout.calendars.errors import NoSuchPayGroup, UnknownPayPeriod
from services.payout.calendars.routes import add_calendars
from services.payout.contract_costs import store_earned_lines as earned
from services.payout.contract_costs.routes import add_contract_costs, published
from services.payout.delivery.routes import add_deliveries
from services.payout.deps import Office
from services.payout.gl.errors import NoSuchEntity
from services.payout.gl.routes import add_gl
from services.payout.ledger import store_closings as closings
from services.payout.ledger import store_views as views
from services.payout.ledger.routes import add_ledger
from services.payout.ledger.schemas import BalanceView, Summary
from services.payout.ledger.worker import WORKER
from services.payout.lines import LineSource
from services.payout.payroll.acknowledgement import BadRejections
from services.payout.payroll.release import NoSuchBatch
from services.payout.payroll.routes import add_batches
from services.payout.payroll.routes_returns import add_returns
from services.payout.policies.routes import add_policies
from services.payout.runs import payroll_release as releasing
from services.payout.runs.decisions.routes import add_decisions
from services.payout.runs.routes import add_runs
from services.payout.runs.schemas import Periods, PeriodView
from services.payout.runs.store_slips import RunSlips
from services.payout.statements.routes import add_statements
from shared import web
from shared.auth import Principal, require
from shared.pay.deal_facts import DealSource
from shared.problems import Problem
from shared.settings import Settings

Reader = Annotated[Principal, Depends(require("earnings:read"))]

STATUS = {
    refusals.NoSuchRun: HTTPStatus.NOT_FOUND,
    refusals.NoSuchFile: HTTPStatus.NOT_FOUND,
    NoSuchPayGroup: HTTPStatus.NOT_FOUND,
    UnknownPayPeriod: HTTPStatus.UNPROCESSABLE_ENTITY,
    refusals.BadPeriod: HTTPStatus.UNPROCESSABLE_ENTITY,
    refusals.NotTheAuthor: HTTPStatus.FORBIDDEN,
    refusals.ApproverIsAuthor: HTTPStatus.FORBIDDEN,
    NoSuchBatch: HTTPStatus.NOT_FOUND,
    NoSuchEntity: HTTPStatus.NOT_FOUND,
    BadRejections: HTTPStatus.UNPROCESSABLE_ENTITY,
    refusals.NotYourStep: HTTPStatus.FORBIDDEN,
    refusals.Touched: HTTPStatus.FORBIDDEN,
    refusals.NoSuchDecision: HTTPStatus.NOT_FOUND,
}
"""Any other refusal is a conflict with the state things are in."""


class Refused(Problem):
    """A refusal of the domain, told over HTTP."""

    def __init__(self, refusal: refusals.Refusal) -> None:
        super().__init__(str(refusal), **vars(refusal))
        self._refusal = refusal

    def body(self) -> dict[str, Any]:
        """The problem as data, under the refusal's own type, title and status."""
        refusal = self._refusal
        return super().body() | {
            "type": f"urn:earnest:problem:{refusal.slug}",
            "title": refusal.title,
            "status": int(STATUS.get(type(refusal), HTTPStatus.CONFLICT)),
        }


def create_app(
    settings: Settings,
    engine: Engine,
    now: Callable[[], datetime],
    ready: Callable[[], list[str]],
    lines: LineSource,
    deals: DealSource,
) -> FastAPI:
    """The app over the ledger; `now` gives the instant of a request, `lines` and `deals` what scoring knows."""
    app = web.create_app(
        "Earnest payout",
        "The ledger, payout runs and payroll files.",
        settings=settings,
        ready=ready,
        database_away="the database does not answer; nothing was done",
    )

    @app.exception_handler(refusals.Refusal)
    async def refused(_: Request, refusal: refusals.Refusal) -> Response:
        return web.problem_response(Refused(refusal))

    snapshot = engine.execution_options(isolation_level="REPEATABLE READ")  # what is read together belongs together

    @app.get("/v1/summary")
    def summary(_: Reader) -> Summary:
        """What all participants together have earned, were paid and are owed, and how far the log is booked."""
        with snapshot.connect() as connection:
            sums, positions = views.sums(connection), views.positions(connection, WORKER)
            open_from = closings.open_from(connection)
        return Summary(totals=[BalanceView.of(each) for each in sums], positions=positions, open_from=open_from)

    @app.get("/v1/periods")
    def periods(_: Reader) -> Periods:
        """Which periods are open and which are closed, and by which run."""
        with snapshot.connect() as connection:
            found = views.periods(connection)
        return Periods(periods=[PeriodView.of(*each) for each in found])

    add_ledger(app, snapshot)
    office = Office(settings, engine, snapshot, now, lines, deals)
    add_runs(app, office)
    add_decisions(app, office)
    add_statements(app, engine, snapshot, RunSlips())
    add_policies(app, office)
    add_calendars(app, snapshot)
    add_deliveries(app, engine, snapshot, now)
    add_contract_costs(app, settings, engine, snapshot, now, earned.costs, published)
    add_batches(app, engine, snapshot, now)
    add_returns(app, engine, snapshot, now, releasing.answered)
    add_gl(app, engine, snapshot, now)
    return app
