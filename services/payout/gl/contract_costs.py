"""What contract costs do to the general ledger: pay that becomes an asset, and the asset that becomes expense."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from services.payout.contract_costs import journals
from services.payout.contract_costs.months import name

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


def cost_postings(found: Iterable[journals.Posting]) -> Iterator[CostPosting]:
    """The postings of the schedules of contract costs."""
    for each in found:
        yield CostPosting(each.event, each.account, name(each.month), each.entity, each.currency, each.amount)
