"""Payments by account as they are stored, and what of them is paid on which deal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from services.scoring.facts_codec import pack
from shared.contracts.account_payments import PAYMENT, AccountPaymentFact
from shared.facts import Facts, value_of, values_of
from shared.money import to_minor
from shared.pay.allocation import AccountPayment
from shared.pay.deal_payments import Entries


class StoredPayment(NamedTuple):
    """A payment, the account that it is of, and its facts; of none where it was taken back as if it never were."""

    payment_id: str
    account: str | None
    facts: Facts


def merged(
    known: Mapping[str, StoredPayment], patches: Iterable[AccountPaymentFact]
) -> tuple[dict[str, StoredPayment], set[str]]:
    """The payments that patches change, by id, and the accounts whose payments are then others than before."""
    changed: dict[str, StoredPayment] = {}
    accounts: set[str] = set()
    for patch in patches:
        before = changed.get(patch.payment_id) or known.get(patch.payment_id)
        facts = {} if before is None else before.facts
        if not patch.merge_into(facts):
            continue
        value = value_of(facts, PAYMENT)
        account = None if value is None else value["account"]
        accounts |= {each for each in (account, before and before.account) if each}
        changed[patch.payment_id] = StoredPayment(patch.payment_id, account, facts)
    return changed, accounts


def payment_of(stored: StoredPayment) -> AccountPayment | None:
    """The payment as it is allocated; None where it was taken back as if it never were."""
    said: dict[str, Any] | None = value_of(stored.facts, PAYMENT)
    if said is None:
        return None
    return AccountPayment(
        id=stored.payment_id,
        account=said["account"],
        currency=said["currency"],
        day=date.fromisoformat(said["date"]),
        amount=to_minor(Decimal(said["amount"]), said["currency"]),
        reference=said["reference"],
        order=said["allocate"],
    )


def owed_values(facts: Facts) -> dict[str, Any]:
    """What is in force of a deal, as payments are allocated by it. One that is cancelled without a date was cancelled
    on the day, in UTC, on which that was said; one that was lost may never have been owed.
    """
    values = values_of(facts)
    if values.get("stage") == "cancelled" and not values.get("cancel_date"):
        values["cancel_date"] = facts["stage"][1][:10]
    return values


def packed_by_deal(entries: Entries, payments: Mapping[str, StoredPayment]) -> dict[str, str]:
    """What is allocated to each deal, packed as the facts of deals are: each entry was said by whoever said its
    payment.
    """
    # By id, and so the same text in whatever order payments came.
    return {
        deal_id: pack(
            {
                f"payments.{payment_id}": [entry, *payments[payment_id].facts[PAYMENT][1:]]
                for payment_id, entry in sorted(of_deal.items())
            }
        )
        for deal_id, of_deal in entries.items()
    }


def takes_back(before: Facts, after: Facts) -> bool:
    """Whether of what was allocated to a deal something is not any more, or another amount, or below zero."""
    lost = any(path not in after or after[path][0] != entry for path, (entry, *_) in before.items())
    return lost or any(entry["amount"].startswith("-") for entry, *_ in after.values())
