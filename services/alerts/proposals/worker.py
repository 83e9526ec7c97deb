"""What happens to proposals by itself: what is published is noted, and people are reminded of what is not."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

import structlog
from sqlalchemy import Connection, Engine

from services.alerts.lifecycle import store as alerts
from services.alerts.lifecycle.service import Lifecycle
from services.alerts.proposals import service, store
from services.alerts.proposals.proposal import Proposal
from shared.contracts.plans import PlanPublished
from shared.contracts.roster import RosterFact
from shared.contracts.topics import PLANS, ROSTER
from shared.log.port import Stored
from shared.log.step import Outcome, decoded
from shared.log.worker import TRANSIENT

WORKER: Final = "published"
TOPICS: Final = (PLANS, ROSTER)
PERIOD_SECONDS: Final = 600.0
_QUOTA: Final = "/quota."

_logger = structlog.get_logger(__name__)


def step(connection: Connection, batch: Sequence[Stored]) -> Outcome:
    """Note what a batch says. What cannot be read is set aside by those who pay and count by it, and not once more."""
    plans = [plan for _, plan in decoded(batch, PlanPublished, topic=PLANS, rejections=[])]
    patches = [patch for _, patch in decoded(batch, RosterFact, topic=ROSTER, rejections=[])]
    store.note_versions(connection, {(plan.plan_id, plan.version): plan.effective_from for plan in plans})
    said = {(patch.participant_id, path) for patch in patches for path in patch.fields if _QUOTA in path}
    store.note_quotas(connection, said)
    return Outcome()


class Reminders:
    """Reminds of accepted proposals that are not published. Any number of processes may: one at a time moves alerts,
    and the journal of an alert says when people were reminded.
    """

    def __init__(self, engine: Engine, lifecycle: Lifecycle, *, clock: Callable[[], datetime]) -> None:
        self._engine, self._lifecycle, self._clock = engine, lifecycle, clock

    def run(self, stop: threading.Event) -> None:
        """Look at once and again until `stop` is set. While the database is away, later."""
        while not stop.is_set():
            try:
                self.round()
            except TRANSIENT as error:
                _logger.warning("proposals.not_reminded", cause=type(error).__name__)
            stop.wait(PERIOD_SECONDS)

    def round(self) -> list[str]:
        """Remind once of what is due; of which proposals."""
        reminded = []
        with self._engine.begin() as connection:
            alerts.lock_alerts(connection, wait=True)
            now = self._clock()
            for each in service.standings(connection, store.accepted(connection), today=now.date()):
                proposal = each.proposal
                if each.holds_from is not None or not self._is_overdue(proposal, now):
                    continue
                what = "drafts are not published" if proposal.candidate.drafts else "quotas are not loaded"
                who = f"accepted by {proposal.decided_by} on {proposal.decided_at:%Y-%m-%d}"
                why = f"Proposal {proposal.proposal_id} was {who}, and its {what} yet"
                if self._lifecycle.remind(connection, proposal.alert_id, about=proposal.proposal_id, why=why, now=now):
                    reminded.append(proposal.proposal_id)
        return reminded

    def _is_overdue(self, proposal: Proposal, now: datetime) -> bool:
        return proposal.decided_at is not None and self._lifecycle.overdue(proposal.decided_at, now=now)
