"""Three comparisons that must hold before money leaves: source to credits, ledger to payroll, ledger to the general
ledger.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple

from services.payout.gl.reconciliation import AccountComparison

ComparisonKind = Literal["source_to_credits", "ledger_to_payroll", "ledger_to_gl"]
Sums = Mapping[str, int]
"""Minor units by currency."""


class Comparison(NamedTuple):
    """Two figures that should be one, in minor units of a currency, and by how much they may differ."""

    kind: ComparisonKind
    currency: str
    one: int
    other: int
    tolerance: int

    @property
    def difference(self) -> int:
        """By how much the one is larger."""
        return self.one - self.other

    @property
    def agrees(self) -> bool:
        """Whether the difference is within the tolerance."""
        return abs(self.difference) <= self.tolerance


def agreed_turnover(accounts: Iterable[AccountComparison]) -> tuple[Sums, Sums]:
    """What the month's accounts have in the ledger, and how much of that the general ledger has on the same accounts.

    Amounts count without their sign: the accounts of a ledger sum to zero, so that their sum would agree with anything.
    """
    booked: Counter[str] = Counter()
    agreed: Counter[str] = Counter()
    for account in accounts:
        booked[account.currency] += abs(account.ledger)
        agreed[account.currency] += abs(account.ledger) - abs(account.difference)
    return booked, agreed
