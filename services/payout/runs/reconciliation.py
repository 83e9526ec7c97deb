"""Three comparisons that must hold before money leaves: source to credits, ledger to payroll, ledger to the general ledger."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

Kind = Literal["source_to_credits", "ledger_to_payroll", "ledger_to_gl"]


class Compared(NamedTuple):
    """Two figures that should be one, in minor units of a currency, and whether their difference is within the tolerance."""

    kind: Kind
    currency: str
    left: int
    right: int
    tolerance: int

    @property
    def difference(self) -> int:
        """By how much the left is larger."""
        return self.left - self.right

    @property
    def agrees(self) -> bool:
        """Whether the difference is within the tolerance."""
        return abs(self.difference) <= self.tolerance


def compared(kind: Kind, left: Mapping[str, int], *, right: Mapping[str, int], tolerance: int) -> list[Compared]:
    """The comparison in every currency that either side has."""
    return [
        Compared(
            kind=kind, currency=currency, left=left.get(currency, 0), right=right.get(currency, 0), tolerance=tolerance
        )
        for currency in sorted(left.keys() | right.keys())
    ]
