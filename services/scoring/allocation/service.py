"""Payments by account as they are allocated, to look at."""

from __future__ import annotations

from collections import defaultdict

from sqlalchemy import Connection

from services.scoring.allocation import store
from services.scoring.allocation.schemas import AccountPaymentPage, AccountPaymentView, DealShare
from services.scoring.facts_codec import unpack
from shared.contracts.account_payments import PAYMENT
from shared.facts import value_of, values_of
from shared.money import major_text


def payments_page(
    connection: Connection, after: str, *, account: str | None, left: bool, limit: int
) -> AccountPaymentPage:
    """Payments after an id; of one account, or only those of which something is left."""
    found = store.page(connection, after, account=account, left=left, limit=limit)
    shares: dict[str, list[DealShare]] = defaultdict(list)
    for deal_id, packed in store.allocated_of(connection, {stored.account for stored, _ in found if stored.account}):
        for path, entry in values_of(unpack(packed)).items():
            shares[path.partition(".")[2]].append(DealShare(deal_id=deal_id, amount=entry["amount"]))
    views = []
    for stored, unallocated in found:
        said = value_of(stored.facts, PAYMENT)
        views.append(
            AccountPaymentView(
                payment_id=stored.payment_id,
                **{name: said[name] for name in ("account", "currency", "amount", "date", "reference")},
                deals=shares[stored.payment_id],
                left=None if unallocated is None else major_text(unallocated, said["currency"]),
            )
        )
    return AccountPaymentPage(payments=views, next=views[-1].payment_id if len(views) == limit else None)
