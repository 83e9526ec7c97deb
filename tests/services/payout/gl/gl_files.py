"""Files of random months, read back by their layout."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from services.payout.gl.entry import EntryLine, JournalEntry
from services.payout.gl.formats import FORMATS
from services.payout.gl.journals import entries, numbered
from services.payout.gl.policy import GlAccounts
from shared.money import to_minor
from tests.services.payout.gl.gl_books import ACCOUNTS, journal, month, policy

DIMENSIONS = [
    {"name": "Class", "source": "component"},
    {"name": "Location", "source": "cost_center", "values": {"CC1": 'Köln "Mitte", 2'}, "lines": "all"},
]
CODES = {name: f"{6000 + number}" for number, name in enumerate(ACCOUNTS)}
Sums = dict[tuple[str, str], int]


def batch(seed: int, size: int = 150, book: GlAccounts | None = None, **options: Any) -> list[JournalEntry]:
    """Numbered entries of a random month."""
    used = book or policy(dimensions=DIMENSIONS)
    return numbered(1, entries(month(seed, size, **options), lambda _: used))


def written(name: str, made: Sequence[JournalEntry], **wanted: Any) -> list[bytes]:
    """The files of a format with some settings."""
    book = policy(formats={name: wanted})
    return FORMATS[name].files(made, book.settings(name))


def sums(amounts: Sequence[tuple[str, str, Decimal]]) -> Sums:
    """Exact sums per account and currency, in minor units."""
    found: Counter[tuple[str, str]] = Counter()
    for account, currency, amount in amounts:
        found[account, currency] += to_minor(amount, currency)
    return nonzero(found)


def nonzero(found: dict[tuple[str, str], int]) -> Sums:
    """Without accounts that came to nothing."""
    return {key: amount for key, amount in found.items() if amount}


def read(content: bytes, delimiter: str = ",") -> list[dict[str, str]]:
    """A CSV file by its header."""
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=delimiter))


def one(
    account: str = "Expenses:Pay",
    amount: int = 100,
    currency: str = "USD",
    value: str = "",
    entity: str = "E1",
    name: str = "Class",
) -> JournalEntry:
    """An entry with one account and value of our choice."""
    (entry,) = numbered(1, entries(journal("earning", amount, currency=currency, entity=entity), lambda _: policy()))
    lines = (EntryLine(account, amount, "earned", ((name, value),) if value else ()), entry.lines[1])
    return replace(entry, lines=lines)


CODE = "6000"
