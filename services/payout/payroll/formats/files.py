"""Rows become bytes: delimited text and spreadsheets. The same rows give the same bytes, for ever."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from hashlib import sha256
from typing import Final, Literal

import xlsxwriter  # type: ignore[import-untyped]

from services.payout.payroll.formats.cells import Value

XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CSV: Final = "text/csv"
TEXT: Final = "text/plain"

SIGNIFICANT: Final = 15
"""A spreadsheet keeps so many digits of a number: a longer amount would change in one."""

Quoting = Literal["minimal", "all", "none"]

_QUOTING: Final[dict[str, Literal[0, 1, 3]]] = {
    "minimal": csv.QUOTE_MINIMAL,
    "all": csv.QUOTE_ALL,
    "none": csv.QUOTE_NONE,
}
_MEDIA: Final = {"ascii": "us-ascii", "cp1252": "windows-1252", "utf-8-sig": "utf-8"}
_CREATED: Final = datetime(2000, 1, 1)  # noqa: DTZ001 - a property of the document, not an instant


@dataclass(frozen=True, slots=True)
class File:
    """One file of a batch; the first of a batch is the one that payroll imports."""

    name: str
    media_type: str
    content: bytes

    @property
    def sha256(self) -> str:
        """The hash of the bytes, in hex."""
        return sha256(self.content).hexdigest()


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """How delimited text is written."""

    delimiter: str = ","
    newline: str = "\r\n"
    encoding: str = "ascii"
    quoting: Quoting = "minimal"

    def media_type(self, header: bool = True) -> str:
        """The media type with the charset; for CSV also whether there is a header."""
        charset = _MEDIA.get(self.encoding, self.encoding)
        if self.delimiter == "\t":
            return f"text/tab-separated-values; charset={charset}"
        return f"{CSV}; charset={charset}; header={'present' if header else 'absent'}"

    def encode(self, rows: Iterable[Sequence[str]]) -> bytes:
        """Rows as bytes."""
        text = io.StringIO(newline="")
        writer = csv.writer(text, delimiter=self.delimiter, lineterminator=self.newline, quoting=_QUOTING[self.quoting])
        writer.writerows(rows)
        return text.getvalue().encode(self.encoding)


def workbook(sheet: str, rows: Iterable[Sequence[Value]], date_format: str = "yyyy-mm-dd") -> bytes:
    """A spreadsheet of one sheet: text stays text (ids keep their zeros), amounts are numbers, dates are dates."""
    content = io.BytesIO()
    book = xlsxwriter.Workbook(content, {"in_memory": True, "default_date_format": date_format})
    book.set_properties({"created": _CREATED})
    page = book.add_worksheet(sheet)
    money = [book.add_format({"num_format": "0." + "0" * digits if digits else "0"}) for digits in range(5)]
    for at, row in enumerate(rows):
        for column, value in enumerate(row):
            if isinstance(value, Decimal):
                page.write_number(at, column, value, money[max(0, -int(value.as_tuple().exponent))])
            elif isinstance(value, date):
                page.write_datetime(at, column, value)
            elif value:
                page.write_string(at, column, value)
    book.close()
    return content.getvalue()
