"""Contract costs as entries of the general ledger: one batch per month, entity and currency, which sums to zero."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from typing import Literal, NamedTuple

from shared.contract_costs.account import Accounted
from shared.contract_costs.assets import Asset, Expense
from shared.contract_costs.months import last_day, name
from shared.contract_costs.walk import Row

Account = Literal[
    "deferred_contract_costs",
    "commission_expense",
    "on_cost_expense",
    "impairment_loss",
    "accrued_commissions",
    "accrued_on_costs",
    "clawback_receivable",
]
"""What an account is for; the policy `gl_accounts` says which account of the company's chart it is."""
Event = Literal["capitalise", "expense", "amortise", "impair", "reverse", "clawback"]


class Posting(NamedTuple):
    """An amount on an account, debits positive, in minor units."""

    batch: str
    month: int
    date: date
    entity: str
    currency: str
    event: Event
    account: Account
    amount: int
    contracts: int
    """How many contracts it sums."""


_Part = tuple[Event, Account, int]


def batch_id(month: int, entity: str, currency: str) -> str:
    """The id of a month's batch; the same for ever, so that booking it twice shows."""
    return "-".join(part for part in ("contract-costs", name(month), entity, currency) if part)


def journals(found: Accounted) -> Iterator[Posting]:
    """All postings, summed per month, entity, currency, event and account; each event of a batch sums to zero."""
    sums: dict[tuple[int, str, str, Event, Account], int] = defaultdict(int)
    contracts: dict[tuple[int, str, str, Event, Account], set[str]] = defaultdict(set)

    def book(month: int, entity: str, currency: str, contract: str, parts: list[_Part]) -> None:
        for event, account, amount in parts:
            if amount:
                sums[month, entity, currency, event, account] += amount
                contracts[month, entity, currency, event, account].add(contract)

    for asset in found.assets:
        line = asset.line
        book(asset.recognised, line.entity, line.currency, line.contract_id, capitalised(asset))
    for spent in found.expenses:
        book(spent.month, spent.entity, spent.currency, spent.contract_id, expensed(spent))
    for row in found.rows:
        line = row.asset.line
        book(row.month, line.entity, line.currency, line.contract_id, left(row))
    for key, amount in sorted(sums.items()):
        month, entity, currency, event, account = key
        if amount:
            batch = batch_id(month, entity, currency)
            yield Posting(batch, month, last_day(month), entity, currency, event, account, amount, len(contracts[key]))


def capitalised(asset: Asset) -> list[_Part]:
    """Dr deferred contract costs, Cr what is owed for them (or the expense that payout's accrual has booked)."""
    pay: Account = asset.policy.credit
    on_cost: Account = "accrued_on_costs" if pay == "accrued_commissions" else "on_cost_expense"
    return [
        ("capitalise", "deferred_contract_costs", asset.total),
        ("capitalise", pay, -asset.commission),
        ("capitalise", on_cost, -asset.on_cost),
    ]


def expensed(spent: Expense) -> list[_Part]:
    """Dr expense, Cr what is owed; the other way round for what is taken back beyond the asset."""
    if spent.booked:
        return []
    owed: Account = "clawback_receivable" if spent.claim else "accrued_commissions"
    return [
        ("expense", "commission_expense", spent.amount),
        ("expense", owed, -spent.amount),
        ("expense", "on_cost_expense", spent.on_cost),
        ("expense", "accrued_on_costs", -spent.on_cost),
    ]


def left(row: Row) -> list[_Part]:
    """What leaves the asset: to expense, to the impairment loss, or to the claim on who was paid."""
    off: Account = "deferred_contract_costs"
    match row.source:
        case "run" | "estimate_change":
            return [("amortise", "commission_expense", row.amount), ("amortise", off, -row.amount)]
        case "impairment":
            return [("impair", "impairment_loss", row.amount), ("impair", off, -row.amount)]
        case "reversal":
            return [("reverse", off, -row.amount), ("reverse", "impairment_loss", row.amount)]
        case "clawback":
            booked = row.asset.policy.credit == "commission_expense"
            owed: Account = "clawback_receivable" if row.claim else "accrued_commissions"
            return [
                ("clawback", "commission_expense" if booked else owed, row.amount - row.on_cost),
                ("clawback", "on_cost_expense" if booked else "accrued_on_costs", row.on_cost),
                ("clawback", off, -row.amount),
            ]
