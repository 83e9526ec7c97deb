"""QuickBooks Desktop: an IIF file of general journals, tab-separated, debits positive. It has no place for a
currency.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from services.payout.exports.files import Dialect, date_text
from services.payout.gl.entry import EntryLine, JournalEntry
from services.payout.gl.formats.base import Fault, JournalFormat, currency_faults, entity_faults, key_faults, lines_of
from shared.contracts.base import CurrencyCode
from shared.money import major_text
from shared.pay.policy import PolicyPart

COLUMNS = ("TRNSTYPE", "DATE", "ACCNT", "CLASS", "AMOUNT", "DOCNUM", "MEMO")
LONGEST_NUMBER = 11  # of a document
ENCODING = "cp1252"
# Not quoted: IIF is split at tabs and nothing else. Control characters in texts are refused, so no text holds one.
_IIF = Dialect(delimiter="\t", encoding=ENCODING, quoting="none")


class Settings(PolicyPart):
    """What differs between companies."""

    currency: CurrencyCode = "USD"
    """The company file's currency; another is refused."""


def check(entries: Sequence[JournalEntry], settings: Settings) -> Iterator[Fault]:
    """What the import refuses."""
    yield from entity_faults(entries)
    yield from currency_faults(entries, settings.currency)
    yield from key_faults(entries, 159, forbidden='"')
    for entry in entries:
        if len(entry.id) > LONGEST_NUMBER:
            yield Fault(entry.id, 0, "DOCNUM", f"is longer than {LONGEST_NUMBER} characters")
    for entry, number, line in lines_of(entries):
        for name, value in (("account", line.account), *line.dimensions):
            # Refused rather than replaced: `?` in an account's name would be another account.
            if value.encode(ENCODING, "replace").decode(ENCODING) != value:
                yield Fault(entry.id, number, name, f"{value!r} has a character outside Windows-1252")
            if name not in ("account", "Class"):
                yield Fault(entry.id, number, name, "a line of an IIF journal has Class only")


def write(entries: Sequence[JournalEntry], _: Settings) -> bytes:
    """The file: the first line of a journal is TRNS, every other one SPL."""
    rows: list[Sequence[str]] = [
        ("!TRNS", "TRNSID", *COLUMNS),
        ("!SPL", "SPLID", *COLUMNS),
        ("!ENDTRNS",),
    ]
    for entry in entries:
        for number, line in enumerate(entry.lines):
            rows.append(("SPL" if number else "TRNS", "", *_cells(entry, line)))
        rows.append(("ENDTRNS",))
    return _IIF.encode(rows)


def _cells(entry: JournalEntry, line: EntryLine) -> Sequence[str]:
    day, amount = date_text(entry.day, "MM/DD/YYYY"), major_text(line.amount, entry.currency)
    return "GENERAL JOURNAL", day, line.account, line.dimension("Class"), amount, entry.id, entry.memo


FORMATS = (
    JournalFormat(
        name="quickbooks-desktop",
        title="QuickBooks Desktop general journals, IIF",
        suffix="iif",
        media_type="text/plain; charset=windows-1252",
        settings=Settings,
        check=check,
        write=write,
    ),
)
