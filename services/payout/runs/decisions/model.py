"""What people decide about pay: holds, manual adjustments, dismissed clawbacks."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal, NamedTuple
from uuid import UUID, uuid5

from services.payout.ledger.journal import NAMES, CostAssignment, Journal, Posting
from shared.changes import State
from shared.money import from_minor
from shared.pay.terms.words.release import Hold
from shared.periods import Month

Scope = Literal["participant", "deal", "plan"]
"""Whose pay a hold stops."""


class HoldDecision(NamedTuple):
    """A hold with who put it on and who released it, and when."""

    hold: Hold
    dispute: bool
    actor: str
    at: datetime
    released_by: str | None
    release_reason: str | None


class Adjustment(NamedTuple):
    """A manual adjustment: `amount` in minor units is booked about `month`; the attachment is what it rests on."""

    id: UUID
    participant_id: str
    currency: str
    amount: int
    month: Month
    reason: str
    attachment_name: str
    attachment_sha256: str
    actor: str
    at: datetime

    def says_the_same(self, other: Adjustment) -> bool:
        """Whether another one pays the same for the same reason, however it is spaced and in whatever case."""
        own, others = (
            (each.participant_id, each.currency, each.amount, each.month, " ".join(each.reason.casefold().split()))
            for each in (self, other)
        )
        return own == others

    def body(self) -> dict[str, str]:
        """What the change says by which it is proposed, with the amount as people read it. The trigger
        `check_adjustment` compares.
        """
        amount = from_minor(self.amount, self.currency)
        return {
            "participant_id": self.participant_id,
            "amount": f"{amount:f}",
            "currency": self.currency,
            "month": self.month,
            "attachment_name": self.attachment_name,
            "attachment_sha256": self.attachment_sha256,
        }


class AdjustmentDecision(NamedTuple):
    """An adjustment with the change by which it was proposed, and what became of that. Adjustments of before it took
    two people have none, and are booked.
    """

    adjustment: Adjustment
    change: int | None
    state: State
    decided_by: str | None


class Contribution(NamedTuple):
    """Somebody's part in a decision: about a participant, a deal or a plan, about which deal of a participant. `until`
    is the day from which it has no effect any more, absent as long as it has one.
    """

    actor: str
    what: str
    scope: str
    subject: str
    deal: str | None
    at: datetime
    until: date | None


def adjustment_journal(adjustment: Adjustment, assignment: CostAssignment) -> Journal:
    """The journal of an adjustment: expense against what is payable. Its id follows from the adjustment's, so that it
    is booked once.
    """
    return Journal(
        id=uuid5(NAMES, f"adjustment/{adjustment.id}"),
        kind="adjustment",
        participant_id=adjustment.participant_id,
        assignment=assignment,
        origin_period=adjustment.month,
        cause={"adjustment": str(adjustment.id)},
        actor=adjustment.actor,
        postings=(
            Posting("adjusted", adjustment.currency, adjustment.amount),
            Posting("payable", adjustment.currency, -adjustment.amount),
        ),
    )
