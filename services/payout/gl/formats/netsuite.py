"""NetSuite: the CSV import of journal entries. Rows of one External ID are one entry, and an id that was imported is
not taken again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Literal

from pydantic import Field

from services.payout.exports.files import CSV_UTF8, DatePattern, date_text
from services.payout.gl.entry import JournalEntry
from services.payout.gl.formats.base import Fault, JournalFormat, debit_and_credit, key_faults, lines_of, setting_faults
from shared.contracts.base import ExactDecimal
from shared.money import major_text, minor_digits
from shared.pay.policy import PolicyPart

LINE = ("Department", "Class", "Location")
MOST = 10**12
"""Ten digits and two decimals, in minor units."""
# In English whatever the locale: posting periods are matched by name.
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class Settings(PolicyPart):
    """What the account is set to."""

    prefix: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{0,20}$")] = "EARNEST-"
    """Put before ids, so that they are no other system's."""
    subsidiaries: dict[str, str] = Field(default_factory=dict)
    """The subsidiary of an entity, with its parents where NetSuite shows them: "Parent : Child"."""
    exchange_rates: dict[str, ExactDecimal] = Field(default_factory=dict)
    """Rates to the subsidiary's currency, as text; NetSuite takes its own where none is given."""
    dates: DatePattern = "MM/DD/YYYY"
    """As the user who imports has set."""
    approved: Literal["T", "F"] = "F"
    """Whether entries come in approved."""
    accounting_book: str = ""
    """The accounting book, if there are several."""


def check(entries: Sequence[JournalEntry], settings: Settings) -> Iterator[Fault]:
    """What the import refuses; one bad entry would fail the whole file."""
    yield from key_faults(entries, 200)
    yield from setting_faults("External ID", settings.prefix)
    yield from setting_faults("Subsidiary", *settings.subsidiaries.values())
    yield from setting_faults("Accounting Book", settings.accounting_book)
    for entry in entries:
        # Its amounts have two decimals at most: those of dinars would be rounded.
        if minor_digits(entry.currency) > 2:
            yield Fault(entry.id, 0, "currency", f"{entry.currency} has more than 2 decimals")
        # Without a list the entity's own name is the subsidiary's; with one, what is missing in it is a slip.
        if entry.entity and settings.subsidiaries and entry.entity not in settings.subsidiaries:
            yield Fault(entry.id, 0, "Subsidiary", f"the settings have no subsidiary for entity {entry.entity!r}")
    for entry, number, line in lines_of(entries):
        if abs(line.amount) * 100 >= MOST * 10 ** minor_digits(entry.currency):
            yield Fault(
                entry.id, number, "amount", f"{major_text(line.amount, entry.currency)} has more than 10 digits"
            )
        for name, _ in line.dimensions:
            if name not in (*LINE, "Name"):
                yield Fault(
                    entry.id, number, name, "NetSuite's journal lines have Department, Class, Location and Name"
                )


def write(entries: Sequence[JournalEntry], settings: Settings) -> bytes:
    """A row per line. What is of the whole entry stands in each of its rows, which the External ID holds together."""
    head = ("External ID", "Date", "Subsidiary", "Currency", "Exchange Rate", "Posting Period", "Memo", "Approved")
    rows: list[Sequence[str]] = [(*head, "Accounting Book", "Account", "Debit", "Credit", "Line Memo", "Name", *LINE)]
    for entry, _, line in lines_of(entries):
        rate = settings.exchange_rates.get(entry.currency)
        rows.append(
            (
                f"{settings.prefix}{entry.id}",
                date_text(entry.day, settings.dates),
                settings.subsidiaries.get(entry.entity, entry.entity),
                entry.currency,
                "" if rate is None else f"{rate:f}",
                f"{MONTHS[entry.day.month - 1]} {entry.day.year}",
                entry.memo,
                settings.approved,
                settings.accounting_book,
                line.account,
                *debit_and_credit(entry, line),
                entry.memo,
                line.dimension("Name"),
                *map(line.dimension, LINE),
            )
        )
    return CSV_UTF8.encode(rows)


FORMATS = (
    JournalFormat(
        name="netsuite",
        title="NetSuite journal entries, CSV",
        suffix="csv",
        media_type="text/csv; charset=utf-8",
        settings=Settings,
        check=check,
        write=write,
    ),
)
