"""A table of lines with columns of one's choice, as CSV and as a spreadsheet that also shows the totals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Literal

from pydantic import Field

from services.payout.exports.files import (
    CSV_UTF8,
    SIGNIFICANT,
    XLSX,
    DatePattern,
    Dialect,
    Sheet,
    Value,
    date_text,
    grouped_amount,
    workbook,
)
from services.payout.gl.entry import EntryLine, JournalEntry, balances
from services.payout.gl.formats.base import Fault, JournalFormat, lines_of
from shared.money import from_minor, major_text
from shared.pay.policy import PolicyPart
from shared.spreadsheets import neutral

AMOUNTS = ("debit", "credit", "amount")
FIELDS = ("id", "date", "entity", "period", "origin", "currency", "kind", "memo", "line", "account", *AMOUNTS, "source")


class TableColumn(PolicyPart):
    """One column."""

    heading: str
    """What its first row says."""
    field: Annotated[str, Field(pattern=rf"^(?:{'|'.join(FIELDS)}|dimension:.+)$")]
    """What it holds: a field of a line, or a dimension by its name, as `dimension:Department`."""


class SheetSettings(PolicyPart):
    """Which columns, in which order."""

    columns: tuple[TableColumn, ...] = ()
    """By default every field, and every dimension that a line has."""
    dates: DatePattern = "YYYY-MM-DD"
    """How dates are written."""


class CsvSettings(SheetSettings):
    """Which columns, and how the text looks."""

    delimiter: Literal[",", ";", "\t", "|"] = ","
    """What separates cells."""
    decimal_mark: Literal[".", ","] = "."
    """What separates the decimals of an amount."""
    byte_order_mark: bool = False
    """Whether the file begins with one, which some spreadsheets need to read UTF-8."""


def check_csv(_: Sequence[JournalEntry], __: CsvSettings) -> Iterator[Fault]:
    """Any text can be quoted, so nothing is refused."""
    return iter(())


def check_sheet(entries: Sequence[JournalEntry], _: SheetSettings) -> Iterator[Fault]:
    """Amounts that a spreadsheet would round."""
    for entry, number, line in lines_of(entries):
        if abs(line.amount) >= 10**SIGNIFICANT:
            reason = f"has more than {SIGNIFICANT} digits, which a spreadsheet would round"
            yield Fault(entry.id, number, "amount", reason)


def write_csv(entries: Sequence[JournalEntry], settings: CsvSettings) -> bytes:
    """The table as text; what could be taken for a formula gets an apostrophe, amounts never do."""
    columns = _columns(entries, settings)
    rows = [[neutral(column.heading) for column in columns]]
    for entry, number, line in lines_of(entries):
        row = []
        for column in columns:
            # An amount is no text: an apostrophe before a negative one would make it one.
            minor = _minor(column.field, line)
            if minor is None:
                row.append(neutral(_text(column.field, entry, line=line, number=number, dates=settings.dates)))
            else:
                row.append(major_text(minor, entry.currency).replace(".", settings.decimal_mark))
        rows.append(row)
    encoding = "utf-8-sig" if settings.byte_order_mark else "utf-8"
    return Dialect(delimiter=settings.delimiter, encoding=encoding).encode(rows)


def write_sheet(entries: Sequence[JournalEntry], settings: SheetSettings) -> bytes:
    """The table as a spreadsheet: text stays text whatever it begins with, amounts are numbers."""
    columns = _columns(entries, settings)
    lines: list[list[Value]] = [[column.heading for column in columns]]
    for entry, number, line in lines_of(entries):
        row: list[Value] = []
        for column in columns:
            minor = _minor(column.field, line)
            if minor is None:
                row.append(_text(column.field, entry, line=line, number=number, dates=settings.dates))
            else:
                row.append(from_minor(minor, entry.currency))
        lines.append(row)
    totals: list[list[Value]] = [["account", "currency", "balance"]]
    totals += [
        [account, currency, from_minor(sums, currency)] for (account, currency), sums in balances(entries).items()
    ]
    # The document says it was made on the entries' own day, not today: the same entries give the same bytes.
    return workbook(
        [
            Sheet(name="Lines", rows=lines, amounts=grouped_amount),
            Sheet(name="Totals", rows=totals, amounts=grouped_amount),
        ],
        created=entries[0].day,
    )


def _columns(entries: Sequence[JournalEntry], settings: SheetSettings) -> tuple[TableColumn, ...]:
    if settings.columns:
        return settings.columns
    names = sorted({name for _, _, line in lines_of(entries) for name, _ in line.dimensions})
    plain = [TableColumn(heading=field, field=field) for field in FIELDS]
    return (*plain, *(TableColumn(heading=name, field=f"dimension:{name}") for name in names))


def _minor(field: str, line: EntryLine) -> int | None:
    """The amount that a field is, in minor units; None where it is text."""
    return {"debit": line.debit, "credit": line.credit, "amount": line.amount}.get(field)


def _text(field: str, entry: JournalEntry, *, line: EntryLine, number: int, dates: DatePattern) -> str:
    kind, _, name = field.partition(":")
    match kind:
        case "dimension":
            return line.dimension(name)
        case "date":
            return date_text(entry.day, dates)
        case "line":
            return str(number)
        case "account" | "source":
            return str(getattr(line, kind))
        case _:
            return str(getattr(entry, kind))


FORMATS = (
    JournalFormat(
        name="csv",
        title="table of lines, CSV",
        suffix="csv",
        media_type=CSV_UTF8.media_type(),
        settings=CsvSettings,
        check=check_csv,
        write=write_csv,
    ),
    JournalFormat(
        name="xlsx",
        title="table of lines and totals, spreadsheet",
        suffix="xlsx",
        media_type=XLSX,
        settings=SheetSettings,
        check=check_sheet,
        write=write_sheet,
    ),
)
