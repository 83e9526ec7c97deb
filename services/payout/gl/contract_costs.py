"""What contract costs do to the general ledger: pay that becomes an asset, and the asset that becomes expense."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from shared.contract_costs import journals
from shared.contract_costs.months import name

FAMILIES: Final[Mapping[journals.Event, str]] = {
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

    event: journals.Event
    account: journals.Account
    period: str
    entity: str
    currency: str
    amount: int


def booked_postings(
    kind: str, period: str, entity: str, currency: str, amount: int, on_cost: int
) -> Iterator[CostPosting]:
    """What entries of the subledger of contract costs book, where the accrual of pay has expensed everything: the asset only.

    Args:
        kind: of the entries.
        period: the month they are booked in.
        entity: whose they are.
        currency: of the amounts.
        amount: what the asset moves by, as the subledger says it.
        on_cost: of it, what is employer's contributions.
    """
    parts: dict[journals.Account, int]
    match kind:
        case "capitalisation":
            event: journals.Event = "capitalise"
            parts = {
                "deferred_contract_costs": amount,
                "commission_expense": on_cost - amount,
                "on_cost_expense": -on_cost,
            }
        case "clawback":
            event = "clawback"
            parts = {
                "deferred_contract_costs": -amount,
                "commission_expense": amount - on_cost,
                "on_cost_expense": on_cost,
            }
        case "amortisation":
            event, parts = "amortise", {"commission_expense": amount, "deferred_contract_costs": -amount}
        case "impairment" | "reversal":
            event = "impair" if kind == "impairment" else "reverse"
            parts = {"impairment_loss": amount, "deferred_contract_costs": -amount}
        case _:
            return
    for account, share in parts.items():
        if share:
            yield CostPosting(event, account, period, entity, currency, share)


def cost_postings(found: Iterable[journals.Posting]) -> Iterator[CostPosting]:
    """The postings of the schedules of contract costs."""
    for each in found:
        yield CostPosting(each.event, each.account, name(each.month), each.entity, each.currency, each.amount)
