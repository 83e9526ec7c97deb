"""The ledger: journals of postings that sum to zero. A journal records the difference an event makes, never a total.

Debits are positive. What pay costs debits `earned`, `adjusted` or `guaranteed`, expenses; what the company owes for it is
credited to `held`, not released yet, or `payable`. A payment debits `payable` and credits `paid`, the clearing account that
payroll settles. What a participant owes the company debits `draw` or `clawback`. So, with the signs turned as people read them,
earned + adjusted + guaranteed = paid + held + payable - draw - clawback, for everybody and at any time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple
from uuid import NAMESPACE_URL, UUID, uuid5

from services.payout.ledger.booking import Place
from shared.contracts.earnings import EarningsChanged
from shared.pay.accounts import LedgerAccount
from shared.pay.people import DEFAULT_PAY_GROUP
from shared.pay.steps import JournalKind

NAMES: Final = uuid5(NAMESPACE_URL, "urn:earnest:journal")
"""The ids of journals follow from their causes within this namespace."""


class Part(NamedTuple):
    """What an earned amount is for: a component of a plan version, in one currency."""

    component: str
    plan: str
    version: int
    currency: str


Earned = Mapping[Part, int]
"""Amounts in minor units; what is not there is zero."""


class Posting(NamedTuple):
    """An amount in minor units on an account of a participant. `earned` and `held` say for which component, and no other;
    `held` may say for which deal.
    """

    account: LedgerAccount
    currency: str
    amount: int
    part: Part | None = None
    deal: str | None = None


@dataclass(frozen=True, slots=True)
class Journal:
    """One entry of the ledger: its postings sum to zero in every currency.

    The id follows from the cause, so the same cause cannot be booked twice. `period` is the open period it is booked in,
    `origin_period` the one it is about. `pay_group`, `entity` and `cost_center` are the participant's at the booking.
    """

    id: UUID
    kind: JournalKind
    participant_id: str
    period: str
    origin_period: str
    cause: Mapping[str, Any]
    actor: str
    postings: tuple[Posting, ...]
    pay_group: str = DEFAULT_PAY_GROUP
    entity: str = ""
    cost_center: str = ""


def earned(changed: EarningsChanged) -> dict[Part, int]:
    """The absolute amounts of an event, per component, plan version and currency; zeros are left out."""
    amounts: Counter[Part] = Counter()
    for earning in changed.earnings:
        amounts[Part(earning.component, earning.plan, earning.version, earning.currency)] += earning.amount
    return {part: amount for part, amount in amounts.items() if amount}


def difference(before: Earned, after: Earned) -> dict[Part, int]:
    """What has to be booked so that what was `before` becomes `after`; empty when nothing changed."""
    parts = sorted(before.keys() | after.keys())
    changes = {part: after.get(part, 0) - before.get(part, 0) for part in parts}
    return {part: change for part, change in changes.items() if change}


def earning_journal(
    participant_id: str,
    origin_period: str,
    *,
    place: Place,
    revision: int,
    changes: Earned,
    record: str,
    corrects: UUID | None,
    actor: str,
) -> Journal:
    """Book the change of what a participant earned in `origin_period`.

    Args:
        participant_id: who earned.
        origin_period: in which month.
        place: the open month it is booked in, and whom it costs.
        revision: of the earnings event, unique for the participant and origin period.
        changes: a `difference` that is not empty.
        record: where the event lies in the log.
        corrects: the journal before, of the same participant and origin period; it names the one before it in turn.
        actor: who books.
    """
    cause = {"revision": revision, "record": record} | ({"corrects": str(corrects)} if corrects else {})
    owed: Counter[str] = Counter()
    for part, change in changes.items():
        owed[part.currency] += change
    postings = [Posting("earned", part.currency, change, part) for part, change in changes.items()]
    postings += [Posting("payable", currency, -change) for currency, change in sorted(owed.items()) if change]
    return Journal(
        uuid5(NAMES, f"earning/{participant_id}/{origin_period}/{revision}"),
        "earning",
        participant_id,
        place.period,
        origin_period,
        cause,
        actor,
        tuple(postings),
        *place[1:],
    )
