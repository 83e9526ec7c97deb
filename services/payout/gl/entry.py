"""An entry of the general ledger: dated lines on the books' own accounts that sum to zero."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal, NamedTuple

from shared.periods import Month

Kind = Literal[
    "accrual",
    "true_up",
    "reversal",
    "payment",
    "draw",
    "clawback",
    "transfer",
    "capitalisation",
    "amortisation",
    "impairment",
]

WORDS: Final[dict[Kind, str]] = {
    "accrual": "Commission accrual",
    "true_up": "Commission true-up",
    "reversal": "Commission reversal",
    "payment": "Commission payment",
    "draw": "Draws against commission",
    "clawback": "Commission clawback",
    "transfer": "Transfer between entities",
    "capitalisation": "Capitalised contract costs",
    "amortisation": "Amortisation of contract costs",
    "impairment": "Impairment of contract costs",
}
"""What the memo of an entry says."""

Dimensions = tuple[tuple[str, str], ...]
"""The dimensions of a line by name, in the policy's order."""


class EntryLine(NamedTuple):
    """An amount in minor units on an account of the books; debits are positive.

    `source` is the account of the ledger of pay whose sum it is part of, or what else it comes from: `on_cost`,
    `contract_cost`, `between_entities`.
    """

    account: str
    amount: int
    source: str
    dimensions: Dimensions = ()

    @property
    def debit(self) -> int:
        """The amount where it is a debit, or zero."""
        return max(0, self.amount)

    @property
    def credit(self) -> int:
        """The amount where it is a credit, or zero."""
        return max(0, -self.amount)

    def dimension(self, name: str) -> str:
        """The value of a dimension, or nothing."""
        return dict(self.dimensions).get(name, "")


class NotBookable(ValueError):
    """What was booked cannot become entries of these books."""


class Unbalanced(NotBookable):
    """The lines of an entry do not sum to zero."""

    def __init__(self, entry: str, difference: int, *, currency: str) -> None:
        super().__init__(f"entry {entry}: debits exceed credits by {difference} minor units of {currency}")
        self.entry, self.difference, self.currency = entry, difference, currency


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalEntry:
    """One journal of an entity in one currency, dated in the month `period` and about the month `origin`.

    `family` groups the kinds that one cause can have: what is booked about an earlier month is a true-up or, where it
    takes back more than it gives, a reversal.
    """

    id: str
    day: date
    entity: str
    period: Month
    origin: Month
    currency: str
    kind: Kind
    family: str
    lines: tuple[EntryLine, ...]
    again: bool = False
    """Whether it adds to an entry of an earlier batch."""

    def __post_init__(self) -> None:
        # Double entry: whatever made the lines, an entry that does not balance cannot exist.
        if difference := sum(line.amount for line in self.lines):
            name = self.id or f"{self.family} of {self.entity or 'no entity'} in {self.period} about {self.origin}"
            raise Unbalanced(name, difference, currency=self.currency)

    @property
    def memo(self) -> str:
        """What the entry is, in words."""
        about = f", about {self.origin}" if self.origin != self.period else ""
        return f"{WORDS[self.kind]} {self.period}{about}{' (difference)' if self.again else ''}"


def balances(entries: Iterable[JournalEntry]) -> dict[tuple[str, str], int]:
    """The trial balance: sums per account and currency in minor units; zeros stay, so that every account shows."""
    sums: Counter[tuple[str, str]] = Counter()
    for entry in entries:
        for line in entry.lines:
            sums[line.account, entry.currency] += line.amount
    return dict(sorted(sums.items()))
