"""Deals that credit nobody, by reason: one wording for an import and for a payout run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from shared.kernel.reasons import in_words

Row = tuple[str, str | None, str, str | None]
"""deal, participant, reason and what that is about, as `UNCREDITED` has them."""


@dataclass(frozen=True)
class Missed:
    """A reason for which deals, or shares of them, credit nobody: how many there are, and the first with the reason in words."""

    reason: str
    deals: int
    first: str
    message: str

    @property
    def in_words(self) -> str:
        """A sentence."""
        many = f"{self.deals:,} won deals, or shares of them, credit"
        one = "1 won deal, or a share of it, credits"
        named = f", the first of them {self.first}" if self.deals > 1 else f", {self.first}"
        return f"{many if self.deals > 1 else one} nobody ({self.reason}){named}: {self.message}."


def missed_of(rows: Iterable[Row]) -> list[Missed]:
    """What is missed, the most frequent reason first."""
    by_reason: dict[str, list[Row]] = {}
    for row in sorted(rows, key=lambda each: (each[0], each[1] or "")):
        by_reason.setdefault(row[2], []).append(row)
    missed = [
        Missed(reason, len({deal for deal, *_ in of_reason}), first[0], in_words(reason, about=first[3], who=first[1]))
        for reason, of_reason in by_reason.items()
        for first in of_reason[:1]
    ]
    return sorted(missed, key=lambda each: (-each.deals, each.reason))
