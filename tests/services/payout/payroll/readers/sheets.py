"""Readers of spreadsheets, with openpyxl: Workday's payroll input, and any table under headings."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

import openpyxl

from tests.services.payout.payroll.readers.paid import Paid


def table(content: bytes) -> Iterator[dict[str, Any]]:
    """The rows of the only sheet under its headings; no cell is a formula."""
    book = openpyxl.load_workbook(io.BytesIO(content))
    (sheet,) = book.worksheets
    assert not any(cell.data_type == "f" for row in sheet.iter_rows() for cell in row)
    head, *body = sheet.iter_rows(values_only=True)
    for row in body:
        yield dict(zip(map(str, head), row, strict=True))


def amount(value: Any) -> Decimal:
    """A number of a cell as the fifteen digits that a spreadsheet shows of it."""
    assert isinstance(value, int | float)
    return Decimal(f"{value:.15g}")


def workday(content: bytes) -> list[Paid]:
    found = []
    for at, cells in enumerate(table(content), 1):
        assert cells["Row ID"] == str(at)
        assert cells["Adjustment"] in {"Y", "N"}
        assert isinstance(cells["Worker"], str)
        assert isinstance(cells["Start Date"], datetime)
        assert cells["Start Date"] <= cells["End Date"]
        found.append(Paid(cells["Worker"], cells["Earning"], amount(cells["Amount"]), cells["Currency"]))
    return found
