"""The app of payout: the routers of its features, and what they depend on."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

from fastapi import FastAPI
from sqlalchemy import Engine

from services.payout.calendars import routes as calendars
from services.payout.contract_costs import routes as contract_costs
from services.payout.delivery import routes as delivery
from services.payout.deps import Dependencies
from services.payout.gl import routes as gl
from services.payout.ledger import routes as ledger
from services.payout.payees import routes as payees
from services.payout.payroll import routes as payroll
from services.payout.payroll.routes import OnAnswer
from services.payout.policies import routes as policies
from services.payout.policies import service as publishing
from services.payout.runs import routes as runs
from services.payout.runs.decisions import routes as decisions
from services.payout.runs.decisions import service as deciding
from services.payout.runs.service import payroll_release
from services.payout.scoring_client import LineSource
from services.payout.statements import routes as statements
from shared import web
from shared.access.database import AccessDatabase
from shared.bounded import Calculating, directly
from shared.changes.routes import Changes, changes_router
from shared.deps import Clock
from shared.log.port import Log
from shared.pay.deal_facts import DealSource
from shared.reader import snapshots
from shared.settings import Settings

TAGS: Final = {
    "ledger": "What is booked: balances, journals, the trial balance of a month, and which months are open.",
    "policies": "Every setting of payout as a document with versions, an author and a reason, in force from a day on.",
    "changes": "What controls money is proposed by one person, and takes effect when another approves it.",
    "pay calendars": "The pay periods of a pay group.",
    "runs": "A payout run over a pay period: calculated, approved by others than its author, released to payroll.",
    "decisions": "What people decide about pay: holds, manual adjustments, dismissed clawbacks, with reason and "
    "author.",
    "contract costs": "Commission on contracts as an asset (ASC 340-40, IFRS 15): costs, events, bookings, the "
    "roll-forward.",
    "statements": "Pay statements of participants and teams, as data, page or PDF.",
    "payees": "Under which names and ids people are paid: what changed waits for a second person.",
    "payroll": "Batches of payments: their files, what payroll says it received and paid, and the lines it returned.",
    "deliveries": "Batches on their way to where payroll picks them up.",
    "general ledger": "What of pay went to the company's books, month by month and entity by entity.",
}


def create_app(
    settings: Settings,
    engine: Engine,
    *,
    view: Engine,
    now: Clock,
    ready: Callable[[], list[str]],
    lines: LineSource,
    deals: DealSource,
    log: Log,
    access: AccessDatabase | None = None,
    calculating: Calculating = directly,
) -> FastAPI:
    """The app over the ledger; `view` reads for people, `now` gives the present instant, `lines` and `deals` what
    scoring knows; runs are published in `log`; `calculating` is how what people wrote is read.
    """
    snapshot = snapshots(view)
    deps = Dependencies(
        settings=settings,
        engine=engine,
        snapshot=snapshot,
        now=now,
        lines=lines,
        deals=deals,
        log=log,
        calculating=calculating,
    )
    return web.create_app(
        "Earnest payout",
        "The ledger, payout runs and payroll files.",
        settings=settings,
        ready=ready,
        routers=[
            ledger.router,
            policies.router,
            calendars.router,
            runs.router,
            decisions.router,
            contract_costs.router,
            statements.router,
            payees.router,
            payroll.router,
            delivery.router,
            gl.router,
            changes_router(proposers=("terms:write",), readers=("runs:write",)),
        ],
        engine=engine,
        view=view,
        access=access,
        clock=now,
        provide=[
            deps,
            OnAnswer(partial(payroll_release.answered, log=log)),
            Changes(
                {
                    publishing.CHANGE: partial(publishing.publish_approved, deps),
                    deciding.ADJUSTMENT: partial(deciding.book_adjustment, deps),
                }
            ),
        ],
        tags=TAGS,
        database_away="the database does not answer; nothing was done",
    )
