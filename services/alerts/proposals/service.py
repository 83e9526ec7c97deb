"""Proposals are offered for an alert, decided, followed until they hold, and by what became of the KPI then."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from math import isfinite
from typing import Any

from sqlalchemy import Connection

from services.alerts.evaluation.readings import Reading, reading_of
from services.alerts.lifecycle import store as alerts
from services.alerts.lifecycle.alert import Alert
from services.alerts.proposals import store
from services.alerts.proposals.errors import NoSuchProposal, PublishedAlready, Retired
from services.alerts.proposals.later_effect import LaterEffect, Point, later_effect
from services.alerts.proposals.proposal import Candidate, Decision, Proposal, Standing
from services.alerts.proposals.published import holds_from


def offer(
    connection: Connection, alert_id: str, *, candidates: Sequence[Candidate], who: str, now: datetime
) -> list[Proposal]:
    """Offer candidates for an alert. A kind of change of the same plans that was offered before is offered as it is
    now, unless somebody has decided about it; what is the same stays as it is.
    """
    there = store.of_alert(connection, alert_id, lock=True)
    number = max((each.number for each in there), default=0)
    offered = []
    for candidate in candidates:
        alike = [each for each in there if each.candidate.kind == candidate.kind and each.candidate.competes(candidate)]
        # Of changes of several plans that were offered one by one, one is left.
        alike.sort(key=lambda each: (each.decision is None, each.number))
        for before in alike[1:]:
            if before.decision is None:
                store.remove(connection, before)
        if alike:
            after = alike[0].offered(candidate, who=who, now=now)
        else:
            number += 1
            after = Proposal(alert_id=alert_id, number=number, candidate=candidate, proposed_by=who, proposed_at=now)
        if after not in there:
            store.save(connection, after)
        offered.append(after)
    return offered


def standings(connection: Connection, proposals: Iterable[Proposal], *, today: date) -> list[Standing]:
    """Where proposals stand: whether what was accepted is published, and what else is retired by it until it holds."""
    proposals, accepted, versions = list(proposals), store.accepted(connection), store.versions(connection)
    of_quotas = {who for each in accepted for who, _ in each.candidate.quotas}
    quotas, personal = store.quotas(connection, of_quotas), alerts.about_persons(connection)

    def standing(each: Proposal, **found: Any) -> Standing:
        return Standing(proposal=each, personal=each.alert_id in personal, **found)

    known = [standing(each, holds_from=holds_from(each.candidate, versions, quotas=quotas)) for each in accepted]
    under_way = [each.proposal for each in known if each.stage(today) != "in force"]
    by_id = {each.proposal.proposal_id: each for each in known}
    return [by_id.get(each.proposal_id) or standing(each, retired_by=_rival(each, under_way)) for each in proposals]


def became(readings: Iterable[Reading], alert: Alert, *, standing: Standing, as_of: date) -> LaterEffect | None:
    """What became of the alert's KPI, at its place, since an accepted change holds; None before it does, or where the
    KPI has no series.
    """
    since = standing.holds_from
    if since is None or as_of < since:
        return None
    reading = reading_of(alert.subject, readings)
    if reading is None or reading.assessment is None:
        return None
    values = zip(reading.spans, reading.assessment.series.values, strict=True)
    return later_effect(
        [Point(first, last, float(value)) for (first, last), value in values if isfinite(value)],
        effective_from=since,
        grain=reading.grain,
        wanted="down" if alert.episode.direction == "up" else "up",
    )


def decide(
    connection: Connection, proposal_id: str, *, decision: Decision, reason: str, who: str, now: datetime
) -> tuple[Proposal, bool]:
    """Write what somebody decided about a proposal; and whether that is new. Of those that change the same plan one is
    accepted at a time.

    Raises:
        NoSuchProposal: there is none of this id.
        DecidedAlready: somebody rejected it, or accepted it with another reason or as another person.
        Retired: another one was accepted.
        PublishedAlready: a version of its number is published.
    """
    before = store.named(connection, proposal_id, lock=True)
    if before is None:
        raise NoSuchProposal(proposal_id)
    after = before.decided(decision, reason=reason, who=who, now=now)
    if after == before:
        return after, False
    _check(connection, before, decision=decision, today=now.date())
    store.save(connection, after)
    return after, True


def _check(connection: Connection, proposal: Proposal, *, decision: Decision, today: date) -> None:
    [standing] = standings(connection, [proposal], today=today)
    published = sorted(proposal.candidate.drafts & store.versions(connection).keys())
    if published and (decision == "accepted" or standing.holds_from is not None):
        plan, version = published[0]
        raise PublishedAlready(proposal.proposal_id, f"{plan}@{version}")
    if proposal.decision == "accepted" and standing.holds_from is not None:
        raise PublishedAlready(proposal.proposal_id, "the file of quotas")
    if decision == "accepted" and standing.retired_by is not None:
        rival = standing.retired_by
        shared = ", ".join(sorted(rival.candidate.names & proposal.candidate.names))
        raise Retired(proposal.proposal_id, rival.proposal_id, why=f"changes {shared} too and is not in force yet")


def _rival(proposal: Proposal, accepted: Iterable[Proposal]) -> Proposal | None:
    others = (each for each in accepted if each.proposal_id != proposal.proposal_id)
    return next((each for each in others if each.candidate.competes(proposal.candidate)), None)
