"""A file that is handed over, and rows as bytes: text and spreadsheets. The same rows give the same bytes, for ever.

A released batch is proven by writing it again (`earnest verify`), so whatever decides a byte here stands still: line
ends, quoting, the day on which a spreadsheet says it was made.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from hashlib import sha256
from typing import Final, Literal

import xlsxwriter  # type: ignore[import-untyped]

XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SIGNIFICANT: Final = 15
"""A spreadsheet keeps so many digits of a number, which is an IEEE double: a longer amount would change in one."""

Value = str | Decimal | date | None
"""What a cell holds before it is written; None is an empty cell."""

Quoting = Literal["minimal", "all", "none"]
DatePattern = Literal["YYYY-MM-DD", "YYYYMMDD", "MM/DD/YYYY", "DD/MM/YYYY", "DD.MM.YYYY", "YYYY/MM/DD", "DD-MM-YYYY"]
"""How the reader of a file wants dates."""

_QUOTING: Final[dict[str, Literal[0, 1, 3]]] = {
    "minimal": csv.QUOTE_MINIMAL,
    "all": csv.QUOTE_ALL,
    "none": csv.QUOTE_NONE,
}
_CHARSETS: Final = {"ascii": "us-ascii", "cp1252": "windows-1252", "utf-8-sig": "utf-8"}
"""Python's names of encodings that IANA registers under another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """One file of a batch, under the name by which its reader finds it."""

    name: str
    media_type: str
    content: bytes

    @property
    def sha256(self) -> str:
        """The hash of the bytes, in hex."""
        return sha256(self.content).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How delimited text is written: unless a reader wants otherwise, with CRLF and double quotes, as in RFC 4180."""

    delimiter: str = ","
    newline: str = "\r\n"
    encoding: str = "ascii"
    quoting: Quoting = "minimal"

    def media_type(self, header: bool = True) -> str:
        """The media type with the charset; for CSV also whether there is a header, as RFC 4180 registers it."""
        charset = _CHARSETS.get(self.encoding, self.encoding)
        if self.delimiter == "\t":
            return f"text/tab-separated-values; charset={charset}"
        return f"text/csv; charset={charset}; header={'present' if header else 'absent'}"

    def encode(self, rows: Iterable[Sequence[str]]) -> bytes:
        """Rows as bytes.

        Raises:
            UnicodeEncodeError: a character is not in the encoding; formats refuse such text before they write.
        """
        text = io.StringIO(newline="")
        writer = csv.writer(text, delimiter=self.delimiter, lineterminator=self.newline, quoting=_QUOTING[self.quoting])
        writer.writerows(rows)
        return text.getvalue().encode(self.encoding)


CSV_UTF8: Final = Dialect(encoding="utf-8")
"""The plain CSV that most programs of the books import."""


def date_text(day: date, pattern: DatePattern) -> str:
    """The date in a pattern: `date_text(date(2026, 6, 30), "DD.MM.YYYY") == "30.06.2026"`."""
    parts = {"YYYY": f"{day.year:04}", "MM": f"{day.month:02}", "DD": f"{day.day:02}"}
    text: str = pattern
    for token, digits in parts.items():
        text = text.replace(token, digits)
    return text


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One sheet of a spreadsheet. `amounts` gives the number format of an amount with so many decimals."""

    name: str
    rows: Iterable[Sequence[Value]]
    amounts: Callable[[int], str]


def plain_amount(digits: int) -> str:
    """Without separators, as `0.00`: what payroll reads."""
    return f"0.{'0' * digits}" if digits else "0"


def grouped_amount(digits: int) -> str:
    """With separators of thousands, as `#,##0.00`: what people read."""
    return f"#,##0.{'0' * digits}" if digits else "#,##0"


def workbook(sheets: Iterable[Sheet], *, created: date) -> bytes:
    """A spreadsheet. Text stays text whatever it begins with (ids keep zeros, nothing is calculated), amounts are
    numbers.

    `created` is a property of the document, given rather than read from a clock: otherwise no two writings had the same
    bytes.
    """
    content = io.BytesIO()
    # Dates are written in no certain pattern of the settings: what a reader sees of them is its own locale's business.
    book = xlsxwriter.Workbook(content, {"in_memory": True, "default_date_format": "yyyy-mm-dd"})
    book.set_properties({"created": datetime.combine(created, time())})
    for sheet in sheets:
        page = book.add_worksheet(sheet.name)
        # ISO 4217 knows currencies without decimals and with four.
        looks = [book.add_format({"num_format": sheet.amounts(digits)}) for digits in range(5)]
        for at, row in enumerate(sheet.rows):
            for column, value in enumerate(row):
                if isinstance(value, Decimal):
                    page.write_number(at, column, value, looks[max(0, -int(value.as_tuple().exponent))])
                elif isinstance(value, date):
                    page.write_datetime(at, column, value)
                elif value is not None:
                    page.write_string(at, column, value)  # `write` would take "=1+1" for a formula and "1" for a number
    book.close()
    return content.getvalue()
