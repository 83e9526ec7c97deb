"""What a reader finds in a payroll file: who gets how much for what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple


class Paid(NamedTuple):
    """One amount of a file, under payroll's own words. A deduction is negative."""

    person: str
    code: str
    amount: Decimal
    currency: str | None = None


def sums(found: Iterable[Paid]) -> dict[tuple[str, str], Decimal]:
    """What each person gets under each code."""
    added: Counter[tuple[str, str]] = Counter()
    for each in found:
        added[each.person, each.code] += each.amount  # type: ignore[assignment]
    return {key: Decimal(value) for key, value in added.items() if value}
