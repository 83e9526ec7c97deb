"""The routes of proposals: offered for an alert, listed, decided."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Final

import structlog
from fastapi import APIRouter, Path, Query

from services.alerts.evaluation.evaluator import Evaluator
from services.alerts.evaluation.routes import EvaluatorDep, Reader, reads_pay
from services.alerts.lifecycle import store as alerts
from services.alerts.lifecycle.alert import Alert
from services.alerts.lifecycle.decisions import Decision as Act
from services.alerts.lifecycle.errors import AlertIsOver, NoSuchAlert
from services.alerts.lifecycle.routes import AlertId, LifecycleDep, Writer
from services.alerts.proposals import service, store
from services.alerts.proposals.errors import NoSuchProposal
from services.alerts.proposals.proposal import Decision, Standing
from services.alerts.proposals.schemas import (
    DecisionRequest,
    LaterEffectView,
    ProposalDetail,
    Proposals,
    ProposalsBody,
    ProposalView,
)
from shared.access import Principal
from shared.contracts.base import Identifier
from shared.deps import HEAVY, ClockDep, EngineDep, SnapshotDep

TAGS: Final = {
    "proposals": "Candidate changes of plan or quotas that answer an alert, and what was decided about them."
}

ProposalId = Annotated[Identifier, Path(examples=["average_discount.EUR.1.p2"])]

router = APIRouter(prefix="/v1", tags=["proposals"])

_logger = structlog.get_logger(__name__)


@router.post("/alerts/{alert_id}/proposals", dependencies=[HEAVY], summary="Offer changes that answer an alert")
def offer_proposals(
    who: Writer, engine: EngineDep, clock: ClockDep, *, alert_id: AlertId, body: ProposalsBody
) -> Proposals:
    """Offer candidates as they were simulated: one of each kind of change, for all plans that it changes together.
    Offered again they take the place of those that nobody has decided about; nothing is ever applied.
    """
    candidates = [each.candidate() for each in body.proposals]
    with engine.begin() as connection:
        if alerts.alert_named(connection, alert_id) is None:
            raise NoSuchAlert(alert_id)
        now = clock()
        offered = service.offer(connection, alert_id, candidates=candidates, who=who.name, now=now)
        found = service.standings(connection, offered, today=now.date())
    _logger.info("alerts.proposed", alert=alert_id, proposals=len(offered), actor=who.name)
    return _view(found, who, today=now.date())


@router.get("/proposals", summary="Proposals, the latest first")
def list_proposals(
    who: Reader,
    snapshot: SnapshotDep,
    clock: ClockDep,
    *,
    alert_id: Annotated[Identifier | None, Query(description="Those for this alert alone")] = None,
    decision: Annotated[Decision | None, Query(description="Those that were so decided")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Proposals:
    """Proposals for an alert, or for all."""
    today = clock().date()
    with snapshot.connect() as connection:
        page = store.page(connection, alert_id=alert_id, decision=decision, limit=limit)
        return _view(service.standings(connection, page, today=today), who, today=today)


@router.get("/proposals/{proposal_id}", summary="One proposal with its file")
def get_proposal(
    who: Reader, snapshot: SnapshotDep, evaluator: EvaluatorDep, clock: ClockDep, *, proposal_id: ProposalId
) -> ProposalDetail:
    """A proposal with its files; whether it is published, and from when it holds what became of the KPI."""
    today = clock().date()
    with snapshot.connect() as connection:
        proposal = store.named(connection, proposal_id)
        if proposal is None:
            raise NoSuchProposal(proposal_id)
        alert = alerts.alert_named(connection, proposal.alert_id)
        [standing] = service.standings(connection, [proposal], today=today)
    later = _became(alert, standing, evaluator=evaluator, who=who)
    return ProposalDetail.whole(standing, later, today=today, reads_pay=reads_pay(who))


@router.post("/proposals/{proposal_id}/decision", summary="Accept or reject a proposal")
def decide_proposal(
    who: Writer,
    lifecycle: LifecycleDep,
    evaluator: EvaluatorDep,
    engine: EngineDep,
    clock: ClockDep,
    *,
    proposal_id: ProposalId,
    body: DecisionRequest,
) -> ProposalDetail:
    """Write who decided what and why. Accepted, its alert is acknowledged: what the change does is seen after its date.
    Nothing is applied: a draft is published, and a file of quotas loaded, by people. What changes the same plan is
    retired until the change holds; what was accepted may be rejected as long as it is not published.
    """
    with engine.begin() as connection:
        # Before the clock is asked, so that acts are written in the order of time.
        alerts.lock_alerts(connection, wait=True)
        now = clock()
        proposal, is_new = service.decide(
            connection, proposal_id, decision=body.decision, reason=body.reason, who=who.name, now=now
        )
        if is_new:
            words = f"Proposal {proposal_id} is {body.decision}: {body.reason}"[:512]
            act = Act(what="acknowledged" if body.decision == "accepted" else "noted", why=words)
            try:
                lifecycle.decide(connection, proposal.alert_id, decision=act, who=who.name, now=now, if_match=None)
            except AlertIsOver:
                note = Act(what="noted", why=words)
                lifecycle.decide(connection, proposal.alert_id, decision=note, who=who.name, now=now, if_match=None)
        alert = alerts.alert_named(connection, proposal.alert_id)
        [standing] = service.standings(connection, [proposal], today=now.date())
    _logger.info(f"alerts.proposal_{body.decision}", proposal=proposal_id, actor=who.name)
    later = _became(alert, standing, evaluator=evaluator, who=who)
    return ProposalDetail.whole(standing, later, today=now.date(), reads_pay=reads_pay(who))


def _became(alert: Alert | None, standing: Standing, *, evaluator: Evaluator, who: Principal) -> LaterEffectView | None:
    evaluation = evaluator.latest
    if alert is None or (alert.personal and not reads_pay(who)):
        return None
    if evaluation is None or evaluation.as_of is None:
        return None
    found = service.became(evaluation.plan, alert, standing=standing, as_of=evaluation.as_of)
    return None if found is None else LaterEffectView.of(found, alert.subject.kpi)


def _view(standings: list[Standing], who: Principal, *, today: date) -> Proposals:
    return Proposals(proposals=[ProposalView.of(each, today=today, reads_pay=reads_pay(who)) for each in standings])
