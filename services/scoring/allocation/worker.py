"""The steps over payments by account: one keeps them, the other allocates those of an account to its deals.

Two, and not one: who keeps a payment makes crediting wait, and must not wait for deals that crediting has locked.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from services.scoring.allocation import store
from services.scoring.allocation.account_payments import merged, owed_values, packed_by_deal, payment_of, takes_back
from services.scoring.credit.store import save_taken_back
from services.scoring.facts_codec import NO_FACTS, unpack
from services.scoring.records import cause_of, reallocations
from shared.contracts.account_payments import AccountPaymentFact, Reallocation
from shared.contracts.topics import ACCOUNT_PAYMENTS, REALLOCATIONS
from shared.log.port import Stored
from shared.log.step import Outcome, Rejection, decoded
from shared.pay.deal_payments import allocated


def payments_step(connection: Connection, batch: Sequence[Stored]) -> Outcome:
    """Merge what is said of payments, and ask for their accounts to be allocated again."""
    rejections: list[Rejection] = []
    said = decoded(batch, AccountPaymentFact, topic=ACCOUNT_PAYMENTS, rejections=rejections)
    patches = [patch for _, patch in said]
    store.hold_off_crediting(connection)
    changed, accounts = merged(store.payments(connection, {patch.payment_id for patch in patches}), patches)
    if not changed:
        return Outcome(rejections=rejections)
    store.save_payments(connection, changed.values())
    return Outcome(reallocations(accounts, cause=cause_of(batch)), rejections)


def allocate_step(connection: Connection, batch: Sequence[Stored]) -> Outcome:
    """Allocate the payments of accounts to their deals, whole, and write what has changed."""
    rejections: list[Rejection] = []
    asked = decoded(batch, Reallocation, topic=REALLOCATIONS, rejections=rejections)
    if not (accounts := sorted({message.account for _, message in asked})):
        return Outcome(rejections=rejections)
    # What came since is asked for again: what is read here may be older or newer than the batch, and never mixed.
    deals = store.lock_deals_of(connection, accounts)
    payments = store.payments_of(connection, accounts)
    valid = [payment for stored in payments.values() if (payment := payment_of(stored)) is not None]
    found = allocated({deal_id: owed_values(unpack(facts)) for deal_id, facts, _ in deals}, valid)
    packed = packed_by_deal(found.entries, payments)
    changed = {deal_id: packed.get(deal_id) for deal_id, _, before in deals if packed.get(deal_id) != before}
    store.save_allocated(connection, changed)
    store.save_unallocated(connection, accounts, left={one.payment.id: one.amount for one in found.left})
    save_taken_back(
        connection,
        [
            deal_id
            for deal_id, _, before in deals
            if deal_id in changed and takes_back(unpack(before or NO_FACTS), unpack(changed[deal_id] or NO_FACTS))
        ],
    )
    return Outcome(rejections=rejections)
