"""The step over topic `roster`: keep who is where and who reports to whom, so that row policies can ask."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection

from services.access.assignments import store
from services.access.assignments.assignment import ATTRIBUTES, assignments
from shared.contracts.roster import EVERYONE, RosterFact, merge_patches
from shared.contracts.topics import ROSTER
from shared.log.port import Stored
from shared.log.step import Outcome, Rejection, decoded
from shared.pay.people import Person

WORKER: Final = "access"
TOPICS: Final = (ROSTER,)


def step(connection: Connection, batch: Sequence[Stored]) -> Outcome:
    """Merge a batch of the roster, and work out again what of it follows for whom it moved."""
    rejections: list[Rejection] = []
    patches = [
        patch
        for _, patch in decoded(batch, RosterFact, topic=ROSTER, rejections=rejections)
        if patch.participant_id != EVERYONE
    ]
    known = store.lock_facts(connection, {patch.participant_id for patch in patches})
    changed = merge_patches(known, patches)
    store.save_facts(connection, changed)
    moved = {
        patch.participant_id
        for patch in patches
        if patch.participant_id in changed and any(path.rpartition("/")[2] in ATTRIBUTES for path in patch.fields)
    }
    everybody = moved | store.unassigned(connection, changed.keys() - moved)
    if everybody:
        found = [held for who in sorted(everybody) for held in assignments(Person(who, changed[who]))]
        store.replace(connection, everybody, found=found)
    return Outcome(rejections=rejections)
