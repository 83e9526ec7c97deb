"""A table of lines with columns of one's choice, as CSV and as a spreadsheet that also shows the totals."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, time
from typing import Annotated, Literal

import xlsxwriter  # type: ignore[import-untyped]
from pydantic import Field

from services.payout.gl.entry import Entry, Line, balances
from services.payout.gl.formats.base import DateForm, Fault, Format, csv_bytes, day_text, lines_of, money
from shared.money import from_minor, minor_digits
from shared.pay.policy import PolicyPart
from shared.spreadsheets import neutral

AMOUNTS = ("debit", "credit", "amount")
FIELDS = ("id", "date", "entity", "period", "origin", "currency", "kind", "memo", "line", "account", *AMOUNTS, "source")
MOST_IN_A_SPREADSHEET = 10**15
"""A spreadsheet holds 15 digits of a number."""


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
    dates: DateForm = "YYYY-MM-DD"
    """How dates are written."""


class CsvSettings(SheetSettings):
    """Which columns, and how the text looks."""

    delimiter: Literal[",", ";", "\t", "|"] = ","
    """What separates cells."""
    decimal_mark: Literal[".", ","] = "."
    """What separates the decimals of an amount."""
    byte_order_mark: bool = False
    """Whether the file begins with one, which some spreadsheets need to read UTF-8."""


def check_csv(_: Sequence[Entry], __: CsvSettings) -> Iterator[Fault]:
    """Any text can be quoted, so nothing is refused."""
    return iter(())


def check_sheet(entries: Sequence[Entry], _: SheetSettings) -> Iterator[Fault]:
    """Amounts that a spreadsheet would round."""
    for entry, number, line in lines_of(entries):
        if abs(line.amount) >= MOST_IN_A_SPREADSHEET:
            yield Fault(entry.id, number, "amount", "has more than 15 digits, which a spreadsheet would round")


def write_csv(entries: Sequence[Entry], settings: CsvSettings) -> bytes:
    """The table as text; what could be taken for a formula gets an apostrophe, amounts never do."""
    columns = _columns(entries, settings)
    rows = [[neutral(column.heading) for column in columns]]
    for entry, number, line in lines_of(entries):
        row = []
        for column in columns:
            minor = _minor(column.field, line)
            if minor is None:
                row.append(neutral(_text(column.field, entry, number, line, settings.dates)))
            else:
                row.append(money(minor, entry.currency).replace(".", settings.decimal_mark))
        rows.append(row)
    return (b"\xef\xbb\xbf" if settings.byte_order_mark else b"") + csv_bytes(rows, settings.delimiter)


def write_sheet(entries: Sequence[Entry], settings: SheetSettings) -> bytes:
    """The table as a spreadsheet: text stays text whatever it begins with, amounts are numbers."""
    columns = _columns(entries, settings)
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True, "strings_to_formulas": False}) as book:
        if entries:
            book.set_properties({"created": datetime.combine(entries[0].day, time(), UTC).replace(tzinfo=None)})
        digits = {minor_digits(entry.currency) for entry in entries}
        looks = {each: book.add_format({"num_format": f"#,##0{'.' * (each > 0)}{'0' * each}"}) for each in digits}
        sheet = book.add_worksheet("Lines")
        for place, column in enumerate(columns):
            sheet.write_string(0, place, column.heading)
        for row, (entry, number, line) in enumerate(lines_of(entries), 1):
            for place, column in enumerate(columns):
                minor = _minor(column.field, line)
                if minor is None:
                    sheet.write_string(row, place, _text(column.field, entry, number, line, settings.dates))
                else:
                    look = looks[minor_digits(entry.currency)]
                    sheet.write_number(row, place, from_minor(minor, entry.currency), look)
        totals = book.add_worksheet("Totals")
        totals.write_row(0, 0, ["account", "currency", "balance"])
        for row, ((account, currency), amount) in enumerate(balances(entries).items(), 1):
            totals.write_string(row, 0, account)
            totals.write_string(row, 1, currency)
            totals.write_number(row, 2, from_minor(amount, currency), looks[minor_digits(currency)])
    return target.getvalue()


def _columns(entries: Sequence[Entry], settings: SheetSettings) -> tuple[TableColumn, ...]:
    if settings.columns:
        return settings.columns
    names = sorted({name for _, _, line in lines_of(entries) for name, _ in line.dimensions})
    plain = [TableColumn(heading=field, field=field) for field in FIELDS]
    return (*plain, *(TableColumn(heading=name, field=f"dimension:{name}") for name in names))


def _minor(field: str, line: Line) -> int | None:
    """The amount that a field is, in minor units; None where it is text."""
    return {"debit": line.debit, "credit": line.credit, "amount": line.amount}.get(field)


def _text(field: str, entry: Entry, number: int, line: Line, dates: DateForm) -> str:
    kind, _, name = field.partition(":")
    match kind:
        case "dimension":
            return line.dimension(name)
        case "date":
            return day_text(entry.day, dates)
        case "line":
            return str(number)
        case "account" | "source":
            return str(getattr(line, kind))
        case _:
            return str(getattr(entry, kind))


FORMATS = (
    Format(
        "csv",
        "table of lines, CSV",
        "csv",
        "text/csv; charset=utf-8; header=present",
        CsvSettings,
        check_csv,
        write_csv,
    ),
    Format(
        "xlsx",
        "table of lines and totals, spreadsheet",
        "xlsx",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        SheetSettings,
        check_sheet,
        write_sheet,
    ),
)
