"""QuickBooks Online: the CSV import of journal entries. Account numbers are off, and a sub-account is `Parent:Sub`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from services.payout.exports.files import CSV_UTF8, date_text
from services.payout.gl.entry import JournalEntry
from services.payout.gl.formats.base import (
    Fault,
    JournalFormat,
    debit_and_credit,
    entity_faults,
    key_faults,
    lines_of,
    setting_faults,
)
from shared.pay.policy import PolicyPart

LONGEST_NUMBER = 21  # of a journal (Intuit, "Import journal entries")
LINE = ("Name", "Location", "Class")


class Settings(PolicyPart):
    """What differs between companies."""

    prefix: str = ""
    """Put before journal numbers, which have 21 characters at most."""


def check(entries: Sequence[JournalEntry], settings: Settings) -> Iterator[Fault]:
    """What the import refuses."""
    yield from entity_faults(entries)
    yield from key_faults(entries, 100)
    yield from setting_faults("JournalNo", settings.prefix)
    for entry in entries:
        if len(number := settings.prefix + entry.id) > LONGEST_NUMBER:
            yield Fault(entry.id, 0, "JournalNo", f"{number!r} is longer than {LONGEST_NUMBER} characters")
    for entry, number_of_line, line in lines_of(entries):
        for name, _ in line.dimensions:
            if name not in LINE:
                yield Fault(entry.id, number_of_line, name, "QuickBooks Online's lines have Name, Location and Class")


def write(entries: Sequence[JournalEntry], settings: Settings) -> bytes:
    """A row per line; rows that follow each other with one JournalNo are one entry."""
    head = ("JournalNo", "JournalDate", "AccountName", "Debits", "Credits", "Description", "Name", "Currency")
    rows: list[Sequence[str]] = [(*head, "Location", "Class")]
    for entry, _, line in lines_of(entries):
        rows.append(
            (
                settings.prefix + entry.id,
                date_text(entry.day, "MM/DD/YYYY"),
                line.account,
                *debit_and_credit(entry, line),
                entry.memo,
                line.dimension("Name"),
                entry.currency,
                line.dimension("Location"),
                line.dimension("Class"),
            )
        )
    return CSV_UTF8.encode(rows)


FORMATS = (
    JournalFormat(
        name="quickbooks-online",
        title="QuickBooks Online journal entries, CSV",
        suffix="csv",
        media_type="text/csv; charset=utf-8",
        settings=Settings,
        check=check,
        write=write,
    ),
)
