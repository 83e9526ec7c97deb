"""The step that notes what is published: plan versions, and dated quotas of the roster."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection

from services.alerts.proposals import store
from shared.contracts.plans import PlanPublished
from shared.contracts.roster import RosterFact
from shared.contracts.topics import PLANS, ROSTER
from shared.log.port import Stored
from shared.log.step import Outcome, decoded

WORKER: Final = "published"
TOPICS: Final = (PLANS, ROSTER)
_QUOTA: Final = "/quota."


def step(connection: Connection, batch: Sequence[Stored]) -> Outcome:
    """Note what a batch says. What cannot be read is set aside by those who pay and count by it, and not once more."""
    plans = [plan for _, plan in decoded(batch, PlanPublished, topic=PLANS, rejections=[])]
    patches = [patch for _, patch in decoded(batch, RosterFact, topic=ROSTER, rejections=[])]
    store.note_versions(connection, {(plan.plan_id, plan.version): plan.effective_from for plan in plans})
    said = {(patch.participant_id, path) for patch in patches for path in patch.fields if _QUOTA in path}
    store.note_quotas(connection, said)
    return Outcome()
