"""The third reconciliation of a run: the general ledger against the ledger of pay, account by account."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from services.payout.gl.entry import Entry
from services.payout.gl.journals import Row

BESIDE_THE_LEDGER = frozenset({"on_cost", "contract_cost", "between_entities"})
"""Sources of lines that the ledger of pay has no account for."""


class Balance(NamedTuple):
    """An account of the ledger in an entity and month, in minor units: what the ledger has and what the books got."""

    entity: str
    period: str
    account: str
    currency: str
    ledger: int
    gl: int

    @property
    def difference(self) -> int:
        """What the books have more."""
        return self.gl - self.ledger


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """All accounts, and whether every difference is within the tolerance."""

    balances: tuple[Balance, ...]
    tolerance: int

    @property
    def differences(self) -> tuple[Balance, ...]:
        """The accounts beyond the tolerance."""
        return tuple(each for each in self.balances if abs(each.difference) > self.tolerance)

    @property
    def agrees(self) -> bool:
        """Whether there are none."""
        return not self.differences


def reconcile(ledger: Iterable[Row], gl: Iterable[Entry], tolerance: int = 0) -> Reconciliation:
    """Compare postings with entries; `tolerance` is in minor units, per account."""
    left: Counter[tuple[str, str, str, str]] = Counter()
    right: Counter[tuple[str, str, str, str]] = Counter()
    for row in ledger:
        left[row.entity, row.period, row.account, row.currency] += row.amount
    for entry in gl:
        for line in entry.lines:
            if line.source not in BESIDE_THE_LEDGER:
                right[entry.entity, entry.period, line.source, entry.currency] += line.amount
    keys = sorted(left.keys() | right.keys())
    return Reconciliation(tuple(Balance(*key, left[key], right[key]) for key in keys), tolerance)
