"""Asking that deals be credited and people earn again, by records that the steps read like any other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import orjson
from sqlalchemy import Connection

from services.scoring.credit import store as stored_deals
from services.scoring.earn import store as stored_sums
from services.scoring.records import events
from services.scoring.roster.selection import Selection
from shared.contracts import credits
from shared.contracts.roster import EVERYONE
from shared.contracts.topics import CREDITS, RECREDITS, Topic
from shared.kernel import PlanSet, Roster
from shared.log.port import Record

RECREDITED_TOGETHER: Final = 500
"""How many deals one record asks to credit again: a transaction over more of them would keep new deals waiting for
their locks.
"""


def requests_for(
    connection: Connection, selection: Selection, *, cause: str, roster: Roster, plans: PlanSet
) -> Iterator[tuple[Topic, Record]]:
    """Records that ask for what is selected, named after the cause; `roster` and `plans` are those after the change."""
    recredit = events(cause, credits.RECREDIT_TYPE)
    deals = stored_deals.held_since(connection, selection.holders, everything=selection.everything)
    for start in range(0, len(deals), RECREDITED_TOGETHER):
        together = deals[start : start + RECREDITED_TOGETHER]
        yield RECREDITS, recredit(together[0], orjson.dumps({"deal_ids": together}).decode())
    # A message without changes: whoever is named earns again on the sums that are there.
    earn_again = events(cause, credits.TYPE)
    with_sums = stored_sums.periods_of(connection, sorted(selection.earners))["participant_id"]
    # Who has no sums earns without a credit, where a plan pays so, by what others are paid, or by a score, of their own
    # or of everyone: nobody else has anything to earn again.
    scored = set(roster.scores["participant_id"])
    anybody = plans.pay_without_credits or plans.pays_on_others or EVERYONE in scored
    idle = selection.earners if anybody else selection.earners & scored
    for participant in sorted({*with_sums, *idle}):
        message = orjson.dumps({"participant_id": participant, "changes": []}).decode()
        yield CREDITS, earn_again(participant, message)
