"""Contract costs as entries of the general ledger: one batch per month, entity and currency, which sums to zero."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Literal, NamedTuple

from shared.contract_costs.entries import Entry, EntryAmount, EntryKind
from shared.periods import Month, last_day

CostAccount = Literal[
    "deferred_contract_costs",
    "commission_expense",
    "on_cost_expense",
    "impairment_loss",
    "accrued_commissions",
    "accrued_on_costs",
    "clawback_receivable",
]
"""What an account is for; the policy `gl_accounts` says which account of the company's chart it is."""
JournalEvent = Literal["capitalise", "expense", "amortise", "impair", "reverse", "clawback"]


class JournalLine(NamedTuple):
    """An amount on an account, debits positive, in minor units."""

    batch: str
    period: Month
    date: date
    entity: str
    currency: str
    event: JournalEvent
    account: CostAccount
    amount: int
    contracts: int
    """How many contracts it sums."""


def batch_id(period: Month, entity: str, *, currency: str) -> str:
    """The id of a month's batch; the same for ever, so that booking it twice shows."""
    return "-".join(part for part in ("contract-costs", period, entity, currency) if part)


def journals(moved: Iterable[Entry]) -> Iterator[JournalLine]:
    """All lines, summed per month, entity, currency, event and account; each event of a batch sums to zero."""
    sums: dict[tuple[Month, str, str, JournalEvent, CostAccount], int] = defaultdict(int)
    contracts: dict[tuple[Month, str, str, JournalEvent, CostAccount], set[str]] = defaultdict(set)
    for period, key, amount, expensed_before in moved:
        event, parts = accounts_of(key.kind, amount, claim=key.claim, expensed_before=expensed_before)
        for account, part in parts.items():
            if part:
                sums[period, key.entity, key.currency, event, account] += part
                contracts[period, key.entity, key.currency, event, account].add(key.contract_id)
    for about, amount_of in sorted(sums.items()):
        period, entity, currency, event, account = about
        if amount_of:  # corrections of one month may cancel each other
            yield JournalLine(
                batch=batch_id(period, entity, currency=currency),
                period=period,
                date=last_day(period),
                entity=entity,
                currency=currency,
                event=event,
                account=account,
                amount=amount_of,
                contracts=len(contracts[about]),
            )


def accounts_of(
    kind: EntryKind, entry: EntryAmount, *, claim: bool, expensed_before: bool
) -> tuple[JournalEvent, dict[CostAccount, int]]:
    """What an entry does to which accounts, debits positive; the amounts sum to zero.

    Args:
        kind: of the entry.
        entry: its amount, and of it the on-costs.
        claim: whether a clawback is a claim on the participant.
        expensed_before: whether the accrual of pay has expensed all of it: then capitalising takes it back out of
            expense, a clawback puts it back there, and what never becomes an asset is booked already.
    """
    pay, on_cost = entry.amount - entry.on_cost, entry.on_cost
    match kind:
        case "capitalisation":  # ASC 340-40-25-1, IFRS 15.91
            return "capitalise", {
                "deferred_contract_costs": entry.amount,
                "commission_expense" if expensed_before else "accrued_commissions": -pay,
                "on_cost_expense" if expensed_before else "accrued_on_costs": -on_cost,
            }
        case "amortisation":  # ASC 340-40-35-1, IFRS 15.99
            return "amortise", {"commission_expense": entry.amount, "deferred_contract_costs": -entry.amount}
        case "impairment":  # ASC 340-40-35-3, IFRS 15.101
            return "impair", {"impairment_loss": entry.amount, "deferred_contract_costs": -entry.amount}
        case "reversal":  # IFRS 15.104: its amount is negative, so both accounts go the other way
            return "reverse", {"impairment_loss": entry.amount, "deferred_contract_costs": -entry.amount}
        case "clawback":  # the claim itself is booked by the accrual where that has expensed the pay
            owed: CostAccount = "clawback_receivable" if claim else "accrued_commissions"
            return "clawback", {
                "commission_expense" if expensed_before else owed: pay,
                "on_cost_expense" if expensed_before else "accrued_on_costs": on_cost,
                "deferred_contract_costs": -entry.amount,
            }
        case "expense" if expensed_before:  # ASC 340-40-25-3, IFRS 15.93: never an asset, and expensed by the accrual
            return "expense", {}
        case "expense":
            owed = "clawback_receivable" if claim else "accrued_commissions"
            return "expense", {
                "commission_expense": pay,
                owed: -pay,
                "on_cost_expense": on_cost,
                "accrued_on_costs": -on_cost,
            }
