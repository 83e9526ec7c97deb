"""Xero: the CSV import of manual journals. Lines of one narration and date are one journal; a file has 300 lines at
most.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated

from pydantic import Field

from services.payout.exports.files import CSV_UTF8, date_text
from services.payout.gl.entry import JournalEntry
from services.payout.gl.formats.base import (
    Fault,
    JournalFormat,
    currency_faults,
    entity_faults,
    key_faults,
    lines_of,
    setting_faults,
)
from shared.contracts.base import CurrencyCode
from shared.money import major_text
from shared.pay.policy import PolicyPart

MOST_LINES = 300  # in one file (Xero Central, "Import manual journals")
LONGEST_CODE = 10


class Settings(PolicyPart):
    """What differs between organisations."""

    currency: CurrencyCode = "USD"
    """The organisation's base currency, the only one of manual journals."""
    tax_rate: Annotated[str, Field(min_length=1)] = "Tax Exempt"
    """The full name of the tax rate of every line, as the organisation writes it."""
    tracking: Annotated[tuple[str, ...], Field(max_length=2)] = ()
    """The dimensions that are tracking categories, two at most."""


def check(entries: Sequence[JournalEntry], settings: Settings) -> Iterator[Fault]:
    """What the import refuses."""
    yield from entity_faults(entries)
    yield from currency_faults(entries, settings.currency)
    yield from key_faults(entries, 100)
    for entry, number, line in lines_of(entries):
        if len(line.account) > LONGEST_CODE:
            reason = f"{line.account!r} is no account code: it is longer than {LONGEST_CODE} characters"
            yield Fault(entry.id, number, "AccountCode", reason)
        for name, _ in line.dimensions:
            if name not in settings.tracking:
                yield Fault(entry.id, number, name, "is not among the tracking categories of the settings")
    yield from setting_faults("TaxRate", settings.tax_rate)
    yield from setting_faults("TrackingName", *settings.tracking)


def write(entries: Sequence[JournalEntry], settings: Settings) -> bytes:
    """The file. The id makes a narration the only one of its date."""
    tracked = ("TrackingName1", "TrackingOption1", "TrackingName2", "TrackingOption2")
    rows: list[Sequence[str]] = [("Narration", "Date", "Description", "AccountCode", "TaxRate", "Amount", *tracked)]
    for entry, _, line in lines_of(entries):
        # A category without an option is refused by the import, so a line that has no value names no category either.
        cells: list[str] = []
        for name in settings.tracking:
            value = line.dimension(name)
            cells += [name if value else "", value]
        rows.append(
            (
                f"{entry.id} {entry.memo}",  # lines of one narration and date are one journal
                date_text(entry.day, "DD/MM/YYYY"),
                entry.memo,
                line.account,
                settings.tax_rate,
                major_text(line.amount, entry.currency),
                *(cells + [""] * (len(tracked) - len(cells))),
            )
        )
    return CSV_UTF8.encode(rows)


FORMATS = (
    JournalFormat(
        name="xero",
        title="Xero manual journals, CSV",
        suffix="csv",
        media_type="text/csv; charset=utf-8",
        settings=Settings,
        check=check,
        write=write,
        most_lines=MOST_LINES,
    ),
)
