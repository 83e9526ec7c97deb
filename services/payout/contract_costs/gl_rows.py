"""What contract costs do in the general ledger, in the rows that it takes beside the postings of pay.

Only the asset is here: the accrual of pay has booked all of it as expense already (`credit: commission_expense`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Literal

from services.payout.contract_costs.account import Accounted
from services.payout.contract_costs.months import name
from services.payout.contract_costs.walk import Row
from services.payout.gl.contract_costs import CostRow

Kind = Literal["capitalisation", "amortisation", "impairment", "cost_clawback"]
Key = tuple[Kind, str, str, str, str]
KINDS: dict[str, Kind] = {
    "run": "amortisation",
    "estimate_change": "amortisation",
    "impairment": "impairment",
    "reversal": "impairment",
    "clawback": "cost_clawback",
}


def cost_rows(found: Accounted, first: str, last: str) -> Iterator[CostRow]:
    """Sums per kind, month, entity, currency and component, of the months from `first` through `last`."""
    amounts: Counter[Key] = Counter()
    on_costs: Counter[Key] = Counter()
    for asset in found.assets:
        line = asset.line
        key: Key = ("capitalisation", name(asset.recognised), line.entity, line.currency, line.component)
        amounts[key] += asset.total
        on_costs[key] += asset.on_cost
    for row in found.rows:
        amounts[_key(row)] += row.amount
        on_costs[_key(row)] += row.on_cost
    for (kind, period, entity, currency, component), amount in sorted(amounts.items()):
        if amount and first <= period <= last:
            on_cost = on_costs[kind, period, entity, currency, component]
            yield CostRow(kind, period, entity, currency, amount, on_cost, component=component)


def _key(row: Row) -> Key:
    line = row.asset.line
    return KINDS[row.source], name(row.month), line.entity, line.currency, line.component
