"""The third reconciliation of a run: the general ledger against the ledger of pay, account by account."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from services.payout.gl.entry import JournalEntry
from services.payout.gl.journals import PostingSum
from shared.periods import Month

BESIDE_THE_LEDGER = frozenset({"on_cost", "contract_cost", "between_entities"})
"""Sources of lines that the ledger of pay has no account for."""


class AccountComparison(NamedTuple):
    """An account of the ledger in an entity and month, in minor units: what the ledger has and what the books got."""

    entity: str
    period: Month
    account: str
    currency: str
    ledger: int
    gl: int

    @property
    def difference(self) -> int:
        """What the books have more."""
        return self.gl - self.ledger


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerReconciliation:
    """All accounts, and whether every difference is within the tolerance."""

    balances: tuple[AccountComparison, ...]
    tolerance: int

    @property
    def differences(self) -> tuple[AccountComparison, ...]:
        """The accounts beyond the tolerance."""
        return tuple(balance for balance in self.balances if abs(balance.difference) > self.tolerance)

    @property
    def agrees(self) -> bool:
        """Whether there are none."""
        return not self.differences


def reconcile(ledger: Iterable[PostingSum], gl: Iterable[JournalEntry], *, tolerance: int = 0) -> LedgerReconciliation:
    """Compare postings with entries; `tolerance` is in minor units, per account."""
    booked: Counter[tuple[str, Month, str, str]] = Counter()
    posted: Counter[tuple[str, Month, str, str]] = Counter()
    for row in ledger:
        booked[row.entity, row.period, row.account, row.currency] += row.amount
    for entry in gl:
        for line in entry.lines:
            if line.source not in BESIDE_THE_LEDGER:
                posted[entry.entity, entry.period, line.source, entry.currency] += line.amount
    # Of either side: an account that only one of them has differs by all of it.
    keys = sorted(booked.keys() | posted.keys())
    return LedgerReconciliation(
        balances=tuple(AccountComparison(*key, ledger=booked[key], gl=posted[key]) for key in keys),
        tolerance=tolerance,
    )
