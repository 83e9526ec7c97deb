"""What contract costs leave as files: the schedule, the roll-forward, journals, and what was expensed or not used."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, Literal

import polars as pl
import xlsxwriter  # type: ignore[import-untyped]

from earnest.files.contract_costs import CostFile
from earnest.files.rejections import output_folder
from shared.contract_costs.entries import entries
from shared.contract_costs.journals import batch_id, journals
from shared.contract_costs.rollforward import By, calculated_in_a_year, rollforward
from shared.contract_costs.schedule import ContractCostBooks
from shared.money import from_minor, minor_digits
from shared.periods import Month, month_of_number
from shared.spreadsheets import write_csv

Format = Literal["csv", "json", "xlsx"]
Table = list[dict[str, Any]]
Tables = Mapping[str, tuple[tuple[str, ...], Table]]
"""By name, the columns and the rows of a table."""

SCHEDULE: Final = (
    "asset_id",
    "earning_line_id",
    "contract_id",
    "entity",
    "currency",
    "start",
    "months",
    "period",
    "amount",
    "cum_amount",
    "carrying",
    "source",
    "journal_batch_id",
)
ROLLFORWARD: Final = (
    "period",
    "entity",
    "currency",
    "opening",
    "additions",
    "amortisation",
    "impairment",
    "reversal",
    "clawback",
    "closing",
    "current",
    "non_current",
    "expensed",
)
JOURNALS: Final = (
    "batch_id",
    "date",
    "period",
    "entity",
    "currency",
    "event",
    "account",
    "debit",
    "credit",
    "contracts",
)
EXPENSED: Final = (
    "earning_line_id",
    "contract_id",
    "entity",
    "currency",
    "period",
    "amount",
    "on_cost",
    "reason",
    "why",
    "journal_batch_id",
)
REJECTED: Final = ("file", "row", "id", "reason", "message")


def window(books: ContractCostBooks) -> tuple[Month, Month] | None:
    """The first and the last month in which something moves; None where nothing does."""
    months = [entry.period for entry in entries(books)]
    return (min(months), max(months)) if months else None


def tables(file: CostFile, first: Month, *, last: Month, by: By) -> Tables:
    """All tables by name, of the months from `first` through `last`: columns and rows, amounts as exact decimals."""
    books = file.books
    return {
        "schedule": (SCHEDULE, list(_schedule(books, first, last=last))),
        "rollforward": (ROLLFORWARD, list(_rollforward(books, first, last=last, by=by))),
        "journals": (JOURNALS, list(_journals(books, first, last=last))),
        "expensed": (EXPENSED, list(_expensed(books, first, last=last))),
        "rejected": (REJECTED, list(file.rejected.iter_rows(named=True))),
    }


def _schedule(books: ContractCostBooks, first: Month, *, last: Month) -> Iterator[dict[str, Any]]:
    for row in books.schedule:
        line, period = row.asset.line, month_of_number(row.month)
        if first <= period <= last:
            cells = (
                row.asset.id,
                line.earning_line_id,
                line.contract_id,
                line.entity,
                line.currency,
                str(row.asset.start),
                row.months,
                period,
                *(from_minor(minor, line.currency) for minor in (row.amount, row.cum_amount, row.carrying)),
                row.source,
                batch_id(period, line.entity, currency=line.currency),
            )
            yield dict(zip(SCHEDULE, cells, strict=True))


def _rollforward(books: ContractCostBooks, first: Month, *, last: Month, by: By) -> Iterator[dict[str, Any]]:
    for row in rollforward(entries(books), calculated_in_a_year(books), first=first, last=last, by=by):
        yield {
            name: from_minor(cell, row.currency) if isinstance(cell, int) else cell
            for name, cell in zip(ROLLFORWARD, row, strict=True)
        }


def _journals(books: ContractCostBooks, first: Month, *, last: Month) -> Iterator[dict[str, Any]]:
    for line in journals(entries(books)):
        if first <= line.period <= last:
            amount = from_minor(abs(line.amount), line.currency)
            # Of a signed amount, in which debits are positive, one column or the other: books know no signs.
            debit, credit = (amount, None) if line.amount > 0 else (None, amount)
            who = (line.entity, line.currency, line.event, line.account)
            cells = (line.batch, str(line.date), line.period, *who, debit, credit, line.contracts)
            yield dict(zip(JOURNALS, cells, strict=True))


def _expensed(books: ContractCostBooks, first: Month, *, last: Month) -> Iterator[dict[str, Any]]:
    for expense in sorted(books.expenses, key=lambda expense: (expense.month, expense.line_id, expense.reason)):
        period = month_of_number(expense.month)
        if first <= period <= last:
            amounts = (from_minor(expense.amount, expense.currency), from_minor(expense.on_cost, expense.currency))
            # What the ledger of pay has booked as an expense already has no journal here: it would be booked twice.
            batch = "" if expense.booked else batch_id(period, expense.entity, currency=expense.currency)
            who = (expense.line_id, expense.contract_id, expense.entity, expense.currency)
            cells = (*who, period, *amounts, expense.reason, expense.why, batch)
            yield dict(zip(EXPENSED, cells, strict=True))


def write_costs(made: Tables, folder: Path, *, formats: Iterable[Format]) -> list[Path]:
    """Write the tables: a CSV file each, one JSON document, one XLSX workbook. Returns the files, in order.

    Raises:
        FileError: the folder cannot be written.
    """
    written: list[Path] = []
    with output_folder(folder):
        for kind in dict.fromkeys(formats):
            if kind == "csv":
                for table, (columns, rows) in made.items():
                    written.append(folder / f"{table}.csv")
                    write_table(columns, rows, path=written[-1])
            elif kind == "json":
                written.append(folder / "contract-costs.json")
                document = {table: rows for table, (_, rows) in made.items()}
                written[-1].write_text(json.dumps(document, indent=2, default=str) + "\n")
            else:
                written.append(folder / "contract-costs.xlsx")
                _workbook(made, written[-1])
    return written


def write_table(columns: Sequence[str], rows: Table, *, path: Path) -> None:
    """Write rows as a CSV file.

    Raises:
        OSError: it cannot be written.
    """
    texts = [[None if row[name] is None else str(row[name]) for name in columns] for row in rows]
    write_csv(pl.DataFrame(texts, schema=dict.fromkeys(columns, pl.String), orient="row"), path)


def _workbook(made: Tables, path: Path) -> None:
    """One sheet per table; amounts are numbers with the currency's decimals, text is never a formula."""
    with xlsxwriter.Workbook(path, {"strings_to_formulas": False, "strings_to_urls": False}) as book:
        book.set_properties({"created": datetime(2000, 1, 1, tzinfo=UTC)})  # the same input gives the same bytes
        bold = book.add_format({"bold": True, "bottom": 1})
        money = {
            digits: book.add_format({"num_format": "#,##0" + ("." + "0" * digits if digits else "")})
            for digits in range(5)
        }
        for table, (columns, rows) in made.items():
            # The widths of columns are set by the longest cell: a spreadsheet shows a number that does not fit as ####.
            sheet = book.add_worksheet(table)
            sheet.freeze_panes(1, 0)
            sheet.write_row(0, 0, columns, bold)
            for place, column in enumerate(columns):
                longest = max((len(str(row[column] or "")) for row in rows), default=0)
                sheet.set_column(place, place, min(60, max(len(column), longest) + 2))
            for number, row in enumerate(rows, 1):
                for place, column in enumerate(columns):
                    cell = row[column]
                    if isinstance(cell, Decimal):
                        sheet.write_number(number, place, cell, money[minor_digits(row["currency"])])
                    elif isinstance(cell, int):
                        sheet.write_number(number, place, cell)
                    elif cell is not None:
                        sheet.write_string(number, place, cell)
