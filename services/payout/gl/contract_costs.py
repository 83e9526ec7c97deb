"""What contract costs do to the general ledger: pay that becomes an asset, and the asset that becomes expense."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from shared.contract_costs.entries import EntryAmount, EntryKind
from shared.contract_costs.journals import CostAccount, JournalEvent, accounts_of
from shared.periods import Month

FAMILIES: Final[Mapping[JournalEvent, str]] = {
    "capitalise": "capitalisation",
    "expense": "cost_expense",
    "amortise": "amortisation",
    "impair": "impairment",
    "reverse": "impairment",
    "clawback": "cost_clawback",
}
"""Which events go into one entry."""
EXPENSES: Final = frozenset({"commission_expense", "on_cost_expense", "impairment_loss", "amortisation"})


class CostPosting(NamedTuple):
    """An amount in minor units, debits positive, that an event of contract costs books. An event sums to zero."""

    event: JournalEvent
    account: CostAccount
    period: Month
    entity: str
    currency: str
    amount: int


def booked_postings(
    kind: EntryKind, period: Month, *, entity: str, currency: str, amount: int, on_cost: int
) -> Iterator[CostPosting]:
    """What entries of the subledger of contract costs book, where the accrual of pay has expensed all: the asset only.

    Args:
        kind: of the entries.
        period: the month they are booked in.
        entity: whose they are.
        currency: of the amounts.
        amount: what the asset moves by, as the subledger says it.
        on_cost: of it, what is employer's contributions.
    """
    event, parts = accounts_of(kind, EntryAmount(amount, on_cost), claim=False, expensed_before=True)
    for account, share in parts.items():
        if share:
            yield CostPosting(
                event=event, account=account, period=period, entity=entity, currency=currency, amount=share
            )
