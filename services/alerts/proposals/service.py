"""Proposals are offered for an alert, decided once, and followed by what became of the KPI."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from math import isfinite

from sqlalchemy import Connection

from services.alerts.evaluation.readings import Reading, reading_of
from services.alerts.lifecycle.alert import Alert
from services.alerts.proposals import store
from services.alerts.proposals.errors import NoSuchProposal
from services.alerts.proposals.later_effect import LaterEffect, Point, later_effect
from services.alerts.proposals.proposal import Candidate, Decision, Proposal


def offer(
    connection: Connection, alert_id: str, *, candidates: Sequence[Candidate], who: str, now: datetime
) -> list[Proposal]:
    """Offer candidates for an alert. A kind of change of a plan that was offered before is offered as it is now, unless
    somebody has decided about it; what is the same stays as it is.
    """
    there = store.of_alert(connection, alert_id, lock=True)
    known = {(each.candidate.kind, each.candidate.plan): each for each in there}
    number = max((each.number for each in known.values()), default=0)
    offered = []
    for candidate in candidates:
        before = known.get((candidate.kind, candidate.plan))
        if before is None:
            number += 1
            after = Proposal(alert_id=alert_id, number=number, candidate=candidate, proposed_by=who, proposed_at=now)
        else:
            after = before.offered(candidate, who=who, now=now)
        if after != before:
            store.save(connection, after)
        offered.append(after)
    return offered


def became(readings: Iterable[Reading], alert: Alert, *, proposal: Proposal, as_of: date) -> LaterEffect | None:
    """What became of the alert's KPI, at its place, since an accepted change holds; None before it does, or where the
    KPI has no series.
    """
    if proposal.decision != "accepted" or as_of < proposal.candidate.effective_from:
        return None
    reading = reading_of(alert.subject, readings)
    if reading is None or reading.assessment is None:
        return None
    values = zip(reading.spans, reading.assessment.series.values, strict=True)
    return later_effect(
        [Point(first, last, float(value)) for (first, last), value in values if isfinite(value)],
        effective_from=proposal.candidate.effective_from,
        grain=reading.kpi.grain,
        wanted="down" if alert.episode.direction == "up" else "up",
    )


def decide(
    connection: Connection, proposal_id: str, *, decision: Decision, reason: str, who: str, now: datetime
) -> tuple[Proposal, bool]:
    """Write what somebody decided about a proposal; and whether that is new.

    Raises:
        NoSuchProposal: there is none of this id.
        DecidedOtherwise: somebody decided the other way.
    """
    before = store.named(connection, proposal_id, lock=True)
    if before is None:
        raise NoSuchProposal(proposal_id)
    after = before.decided(decision, reason=reason, who=who, now=now)
    if after != before:
        store.save(connection, after)
    return after, after != before
