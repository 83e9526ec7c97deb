"""What contract costs do to the general ledger: pay that becomes an asset, and the asset that becomes expense."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

from services.payout.gl.policy import ContractCostAccounts, OnCosts


class CostRow(NamedTuple):
    """What happens to the contract costs of an entity in a month, in minor units; the schedule of contract costs gives it.

    A capitalisation names the asset's whole amount and, of it, the on-costs. A clawback names what it takes from the asset;
    an impairment that is reversed (IFRS) is negative.
    """

    kind: Literal["capitalisation", "amortisation", "impairment", "cost_clawback"]
    period: str
    entity: str
    currency: str
    amount: int
    on_cost: int = 0
    cost_center: str = ""
    component: str = ""


def cost_lines(cost: CostRow, accounts: ContractCostAccounts, on_costs: OnCosts | None) -> Iterator[tuple[str, int]]:
    """Accounts and amounts, debits positive. A clawback undoes a capitalisation: the ledger's own entry took back the expense."""
    match cost.kind:
        case "capitalisation" | "cost_clawback":
            sign = 1 if cost.kind == "capitalisation" else -1
            tax = on_costs.expense if on_costs else accounts.capitalised_from
            yield accounts.asset, sign * cost.amount
            yield accounts.capitalised_from, -sign * (cost.amount - cost.on_cost)
            yield tax, -sign * cost.on_cost
        case "amortisation":
            yield accounts.amortisation, cost.amount
            yield accounts.asset, -cost.amount
        case "impairment":
            yield accounts.impairment, cost.amount
            yield accounts.asset, -cost.amount
