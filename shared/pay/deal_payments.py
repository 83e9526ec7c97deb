"""Payments by account as payments of the deals that they are allocated to, from what is in force of these deals: the
same from files and in the running system.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any, NamedTuple

from shared.money import from_minor
from shared.pay.allocation import AccountDeal, AccountPayment, Left, allocate
from shared.pay.deal_facts import LOST, dated_amounts, units_of

Values = Mapping[str, Any]
"""What is in force of a deal, by path."""
Entries = dict[str, dict[str, dict[str, str]]]
"""By deal and id what was paid: amount and date, as texts."""


class Allocated(NamedTuple):
    """The payments of each deal, what is left of which payment, and those whose reference names nothing."""

    entries: Entries
    left: list[Left]
    unknown: list[AccountPayment]


def allocated(deals: Mapping[str, Values], payments: Sequence[AccountPayment]) -> Allocated:
    """Payments by account as payments of deals. What a deal already has of a payment of its account by this id is as
    if it were not there, so that allocating again gives the same; a payment of another account is another payment.
    """
    ours: dict[str, set[str]] = {}
    for payment in payments:
        ours.setdefault(payment.account, set()).add(payment.id)
    there = (
        _account_deal(name, values, ours=ours[account])
        for name, values in deals.items()
        if (account := values.get("account")) in ours
    )
    found = allocate([deal for deal in there if deal is not None], payments)
    entries: Entries = {}
    for share in found.shares:
        of_deal, payment = entries.setdefault(share.deal_id, {}), share.payment
        # A payment may be taken back of a deal in several parts: one entry has their sum.
        before = Decimal(of_deal.get(payment.id, {"amount": "0"})["amount"])
        amount = before + from_minor(share.amount, payment.currency)
        of_deal[payment.id] = {"amount": f"{amount:f}", "date": payment.day.isoformat()}
    return Allocated(entries, found.left, found.unknown)


def _account_deal(name: str, values: Values, *, ours: set[str]) -> AccountDeal | None:
    """A deal with what is owed by it; None where that cannot be told."""
    currency, amount = values.get("currency"), values.get("amount")
    if currency is None or amount is None:
        return None
    own = {path: entry for path, entry in values.items() if path.partition(".")[2] not in ours}
    units = partial(units_of, currency=currency)
    whole, paid = units(amount), dated_amounts(own, "payments", units=units)
    refunds = dated_amounts(values, "refunds", units=units)
    if whole is None or paid is None or refunds is None:
        return None
    closed = values.get("close_date")
    references = tuple(reference for reference in [values.get("contract")] if reference)
    return AccountDeal(
        deal_id=name,
        account=values["account"],
        currency=currency,
        closed_on=date.fromisoformat(closed) if closed else None,
        owed=whole - sum(entry.amount for entry in paid),
        references=references,
        paid=tuple(paid),
        refunds=tuple(refunds),
        lost_on=_lost_on(values),
    )


def _lost_on(values: Values) -> date | None:
    """The day from which a deal owes nothing; of one that is lost on no day that is known, the first there is: whether
    anything was ever owed by it cannot be told.
    """
    if values.get("stage") not in LOST:
        return None
    day = values.get("cancel_date")
    return date.fromisoformat(day) if day else date.min
