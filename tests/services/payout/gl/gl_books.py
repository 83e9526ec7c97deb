"""Random months of the ledger of pay, and policies for the books they go to."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

from services.payout.gl.journals import PostingSum
from services.payout.gl.policy import GlAccounts

ACCOUNTS = {
    "earned": "Expenses:Commissions",
    "adjusted": "Expenses:Commissions:Adjusted",
    "guaranteed": "Expenses:Guarantees",
    "held": "Liabilities:AccruedCommissions:Held",
    "payable": "Liabilities:AccruedCommissions",
    "draw": "Assets:Draws",
    "clawback": "Assets:Clawbacks",
    "paid": "Liabilities:PayrollClearing",
}
PAIRS = {
    "earning": ("earned", "payable"),
    "hold": ("payable", "held"),
    "guarantee": ("guaranteed", "payable"),
    "adjustment": ("adjusted", "payable"),
    "payment": ("payable", "paid"),
    "return": ("paid", "payable"),
    "draw": ("draw", "payable"),
    "recovery": ("payable", "draw"),
    "forgiveness": ("guaranteed", "draw"),
    "clawback": ("clawback", "payable"),
}


def policy(accounts: dict[str, str] | None = None, **fields: Any) -> GlAccounts:
    """A policy with an account for everything."""
    rules = [{"ledger": ledger, "account": account} for ledger, account in (accounts or ACCOUNTS).items()]
    base = {"kind": "gl_accounts", "id": "default", "valid_from": "2020-01-01", "accounts": rules}
    return GlAccounts.of(base | {"intercompany": "Assets:Intercompany"} | fields)


def journal(kind: str, amount: int, **facts: str) -> list[PostingSum]:
    """The two postings of a journal, in June 2026 and about it unless said otherwise."""
    debit, credit = PAIRS[kind]
    told = {
        "origin_period": "2026-06",
        "period": "2026-06",
        "entity": "E1",
        "cost_center": "CC1",
        "currency": "USD",
    } | facts
    rows = []
    for account, sign in ((debit, 1), (credit, -1)):
        named = account in {"earned", "held"}
        part = {name: told.get(name, "") if named else "" for name in ("component", "plan")}
        rows.append(PostingSum(account=account, kind=kind, amount=sign * amount, **(told | part)))
    return rows


def month(
    seed: int, journals: int = 60, currencies: tuple[str, ...] = ("USD", "EUR", "JPY", "KWD"), entities: int = 2
) -> list[PostingSum]:
    """A month of random journals with origins up to a year back, of every kind and sign."""
    dice = random.Random(seed)
    rows: list[PostingSum] = []
    for _ in range(journals):
        rows += journal(
            dice.choice(list(PAIRS)),
            dice.choice([1, -1]) * dice.choice([1, dice.randrange(100), dice.randrange(10**7), dice.randrange(10**10)]),
            origin_period=dice.choice(["2026-06", "2026-06", "2026-05", "2026-01", "2025-06"]),
            entity=f"E{dice.randrange(entities) + 1}",
            cost_center=dice.choice(["CC1", "CC2", "CC3"]),
            currency=dice.choice(currencies),
            component=dice.choice(["commission", "spif"]),
            plan=dice.choice(["ae", "sdr"]),
        )
    return [row for row in rows if row.amount]


def ledger_balances(rows: list[PostingSum], names: dict[str, str] | None = None) -> dict[tuple[str, str], int]:
    """Sums of the ledger per account of the books and currency."""
    sums: Counter[tuple[str, str]] = Counter()
    for row in rows:
        sums[(names or ACCOUNTS)[row.account], row.currency] += row.amount
    return {key: amount for key, amount in sums.items() if amount}
