"""Payroll's export of what it paid, as CSV or XLSX under its own headings, read for a reconciliation."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from earnest.files.sheets import SUFFIXES, SheetError, first_sheet
from shared.contracts.base import CURRENCY
from shared.contracts.roster_rows import TooWide, fitted, names_in
from shared.money import MoneyError, major_text, to_minor
from shared.pay.reconciliation import FiledLine, PaidRow, reconcile

MOST_NAMED: Final = 10
_DELIMITERS: Final = {";": "';'", "\t": "tab", "|": "'|'", ",": ","}
"""What may stand between columns, and how it is said on a command line."""
_PLAIN: Final = re.compile(r"-?\d+(\.\d+)?")
# Only whole groups of three: 1,5 may be one and a half, and is not guessed at.
_GROUPED: Final = re.compile(r"-?\d{1,3}(,\d{3})+(\.\d+)?")


class PaymentsFileError(ValueError):
    """The file cannot be read as payments; says which rows and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentColumns:
    """Which column is what. `currency` is a column or, for a file in one currency, its code; `code` may be missing."""

    person: str = "person"
    amount: str = "amount"
    currency: str = "currency"
    code: str | None = None
    delimiter: str = ","
    decimal: str = "."
    options: str = "--"
    """How the options begin that name these columns on the command line."""


def read_payments(path: Path, columns: PaymentColumns) -> list[dict[str, str]]:
    """The payments of a file, each with person, amount, currency and perhaps code, as the API takes them. Blank rows
    are skipped.

    Raises:
        PaymentsFileError: a column is missing, or a row has no person, or no amount that can be trusted.
    """
    rows, refused = _rows(path, columns)
    header = names_in([name or "" for name in rows[0]]) if rows else []
    fixed = columns.currency if columns.currency not in header and re.fullmatch(CURRENCY, columns.currency) else None
    wanted = [columns.person, columns.amount, columns.code, None if fixed else columns.currency]
    if missing := [name for name in wanted if name is not None and name not in header]:
        raise PaymentsFileError(_without(path, header, columns=columns, missing=missing[0]))
    payments, wrong = [], [f"row {row}: {why}" for row, why in refused.items()]
    # Row 1 is the header; blank rows count, so that a person finds the number in the spreadsheet.
    for number, row in enumerate(rows[1:], 2):
        try:
            fit = fitted([cell or "" for cell in row], len(header))
        except TooWide as error:
            # Its cells have moved: 2,000.00 without quotes is a 2 and a 000.00.
            wrong.append(f"row {number}: {error}; a number with {columns.delimiter!r} in it has to stand in quotes")
            continue
        cells = {name: cell.strip() for name, cell in zip(header, fit, strict=True)}
        person, amount = cells.get(columns.person, ""), _amount(cells.get(columns.amount, ""), columns.decimal)
        if not any(cells.values()):
            continue
        if not person or amount is None:
            wrong.append(f"row {number}: {'no amount that can be read' if person else 'nobody is named'}")
            continue
        payment = {"person": person, "amount": amount, "currency": fixed or cells.get(columns.currency, "")}
        payments.append(payment | ({"code": cells.get(columns.code, "")} if columns.code else {}))
    if wrong:
        more = f"; and {len(wrong) - MOST_NAMED} more" if len(wrong) > MOST_NAMED else ""
        raise PaymentsFileError(f"{path.name}: {'; '.join(wrong[:MOST_NAMED])}{more}")
    return payments


def _without(path: Path, header: Sequence[str], *, columns: PaymentColumns, missing: str) -> str:
    """That a column is not there, and by which option its file says what it is called."""
    there = f"{path.name} has no column {missing!r}; it has {', '.join(filter(None, header)) or 'no heading at all'}"
    apart = next((sign for sign in _DELIMITERS if sign != columns.delimiter and sign in "".join(header)), None)
    if apart is not None and len(header) == 1:
        return f"{there}: are its columns apart by {apart!r}? Then say {columns.options}delimiter {_DELIMITERS[apart]}"
    option = next(name for name in ("person", "amount", "currency", "code") if getattr(columns, name) == missing)
    or_all = f", or the currency of all as {columns.options}currency EUR" if option == "currency" else ""
    return f"{there}: say which it is with {columns.options}{option}{or_all}"


def compare(released: list[dict[str, str]], paid: list[dict[str, str]]) -> dict[str, Any]:
    """What a released file and payroll's export differ in, as the API says it of a batch; both as `read_payments` gives
    them.

    Raises:
        PaymentsFileError: an amount has more decimals than its currency, or there is no such currency.
    """
    try:
        lines = [FiledLine(str(row), *_payment(each)) for row, each in enumerate(released, 1)]
        rows = [
            PaidRow(who, code=code if "code" in each else None, currency=currency, amount=amount)
            for each in paid
            for who, code, currency, amount in [_payment(each)]
        ]
    except MoneyError as error:
        raise PaymentsFileError(str(error)) from None
    found = reconcile(lines, rows)
    return {
        "matched": found.matched,
        "released": {currency: major_text(amount, currency) for currency, amount in found.released.items()},
        "paid": {currency: major_text(amount, currency) for currency, amount in found.paid.items()},
        "findings": [
            each._asdict() | {name: major_text(getattr(each, name), each.currency) for name in ("released", "paid")}
            for each in found.findings
        ],
    }


def _payment(row: dict[str, str]) -> tuple[str, str, str, int]:
    """Person, code, currency and amount in minor units."""
    return row["person"], row.get("code", ""), row["currency"], to_minor(Decimal(row["amount"]), row["currency"])


def _rows(path: Path, columns: PaymentColumns) -> tuple[list[tuple[str | None, ...]], dict[int, str]]:
    """Rows as text, the header first, and why some cannot be used."""
    try:
        if path.suffix.lower() in SUFFIXES:
            # Doubtful numbers matter where money is read: a personnel number with sixteen digits spoils no row.
            sheet = first_sheet(path, lambda name: name.strip() == columns.amount)
            return sheet.rows, sheet.refused
        content = path.read_bytes()
    except (OSError, SheetError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise PaymentsFileError(f"{path.name} cannot be read: {why}") from None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        # Spreadsheets on Windows save CSV in Windows-1252. A letter may come out wrong; digits and separators cannot.
        text = content.decode("cp1252", "replace")
    return [tuple(row) for row in csv.reader(io.StringIO(text, newline=""), delimiter=columns.delimiter)], {}


def _amount(text: str, decimal: str) -> str | None:
    """An amount as plain decimal text; None where it is none. Thousands may be grouped with the sign that is not the
    decimal's.
    """
    if decimal == ",":
        # Swapped: from here on the comma groups and the point divides, whatever the country writes.
        text = text.translate(str.maketrans(",.", ".,"))
    if _GROUPED.fullmatch(text):
        text = text.replace(",", "")
    return text if _PLAIN.fullmatch(text) else None
