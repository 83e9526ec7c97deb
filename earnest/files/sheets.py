"""The first sheet of an XLSX file as text: text cells as they stand, dates as dates, numbers by their shortest decimal
text.

A spreadsheet keeps numbers in binary. The shortest decimal that means the same is what was typed, up to fifteen digits;
what has more digits than that, or more than six decimals, came out of binary arithmetic, and nobody can say what was
meant.
"""

from __future__ import annotations

import re
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path, PurePosixPath
from typing import Final, NamedTuple
from xml.etree import ElementTree

import fastexcel
import polars as pl

SUFFIXES = (".xlsx", ".xlsm")
# A binary number of 64 bits tells all decimals of up to 15 digits apart, and not all of more.
MOST_DIGITS, MOST_DECIMALS = 15, 6
MOST_BYTES, MOST_CELLS = 500_000_000, 30_000_000
"""Of a workbook, unpacked, and of a sheet, up to its last row and column."""
MOST_PARTS: Final = 10_000
MOST_SHRUNK, SMALL = 100, 20_000_000
"""How many times larger than packed a workbook may be that is not small: real ones are ten to thirty times."""
MOST_SPARSE, FEW = 20, 500_000
"""How many times more cells a sheet may reach over than it has, unless these are few: room is made for all of them."""
_MIDNIGHT = r"^([0-9]{4}-[0-9]{2}-[0-9]{2}) 00:00:00$"
_SHEETS = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_SHEET, _CELL = re.compile(rb"<(?:\w+:)?sheetData"), re.compile(rb"<(?:\w+:)?c[\s/>]")
_PLACE = re.compile(rb"""\br\s*=\s*["']\s*([A-Za-z]{0,8})([0-9]{1,12})""")
"""Where a cell or a row says that it is; written with either quote, and in any order of attributes."""
_MERGED = re.compile(rb'<mergeCell [^<>]{0,200}?ref="([A-Z]{1,8})([0-9]{1,12}):([A-Z]{1,8})([0-9]{1,12})"')
_TEXT, _VALUE = re.compile(rb"<(?:\w+:)?si[\s>]"), re.compile(rb"<(?:\w+:)?v(?:\s[^<>]*)?>\s*([0-9]{1,9})\s*<")
_LINKS = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


class SheetError(ValueError):
    """The file is no workbook that can be read."""


class SheetRows(NamedTuple):
    """The cells of all rows as text (blank: None), header included; by row, from 1, why it cannot be used; and by the
    place of a column, from 0, in which rows it has what is a number or, for a mapping, a date.
    """

    rows: list[tuple[str | None, ...]]
    refused: dict[int, str]
    typed: dict[int, list[int]]


def first_sheet(path: Path, used: Callable[[str], bool], *, header_row: int = 1, binary: bool = False) -> SheetRows:
    """The first sheet of a workbook; formulas count as the values that were last computed.

    `used` says of which columns, by their names in the `header_row`, the cells matter: doubtful numbers in others do
    not spoil their row. `binary` takes what binary arithmetic has blurred, for a mapping that says how it is rounded.

    Raises:
        SheetError: it cannot be read.
    """
    try:
        _check_size(path)
        workbook = fastexcel.read_excel(path)
        # The library does not say of what kind a cell is, but what of a cell is left when all are read as one kind:
        # three readings tell numbers from texts.
        texts, flags, numbers = (_read(workbook, kind) for kind in ("string", "boolean", "float"))
        # And a fourth one dates, of which the text alone may be anybody's.
        dates = _read(workbook, "datetime") if binary else None
        # Errors such as #DIV/0! read as blank, and a blank cell says nothing: a deal would keep what an earlier row
        # said of it.
        sheet = _first_sheet(path)
        errors = [*_errors(sheet), *_merged_cells(sheet, texts.height, columns=texts.width)]
    except (SheetError, OSError, MemoryError):
        raise
    except BaseException as error:
        # Libraries raise many kinds of errors about bytes that are not what they say; a panic is not even an
        # `Exception`.
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        raise SheetError((str(error).splitlines() or [""])[0] or type(error).__name__) from None
    refused: dict[int, str] = {}
    columns: list[list[str | None]] = []
    of_column: dict[int, list[int]] = {}
    names = texts.row(header_row - 1) if texts.height >= header_row else (None,) * texts.width
    header = [(name or "").strip() for name in names]
    for place, name in enumerate(header):
        cells = texts.to_series(place).str.replace(_MIDNIGHT, "$1").to_list()
        # Numbers read as yes and no too; what is truly yes or no has that word as its text.
        is_number = flags.to_series(place).is_not_null() & ~texts.to_series(place).is_in(["true", "false"])
        is_typed = is_number if dates is None else is_number | dates.to_series(place).is_not_null()
        of_column[place] = [row + 1 for row in is_typed.arg_true()]
        for row in is_number.arg_true():
            cells[row] = text = shortest(numbers.to_series(place)[row])
            if used(name) and (why := doubt(text, binary=binary)):
                refused.setdefault(row + 1, f"{name}: {why}")
        columns.append(cells)
    for row, place, what in errors:
        name = header[place] if place < len(header) else ""
        if used(name):
            refused.setdefault(row, f"{name}: {what}")
    return SheetRows(list(zip(*columns, strict=True)), refused, of_column)


def shortest(number: object) -> str:
    """The shortest decimal that means this binary number, without exponent."""
    text = f"{Decimal(repr(number)):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def doubt(text: str, *, binary: bool = False) -> str | None:
    """Why the number of a spreadsheet is not to be trusted; None where it is, and with `binary` where only decimals are
    doubtful.
    """
    whole, _, decimals = text.lstrip("-").partition(".")
    if binary:
        decimals = ""
    if len(decimals) > MOST_DECIMALS:
        return f"{text} has more than {MOST_DECIMALS} decimals: round it, or store it as text"
    if len((whole + decimals).strip("0")) > MOST_DIGITS:
        return f"{text} has more than the {MOST_DIGITS} digits that a spreadsheet keeps exactly: store it as text"
    return None


def _read(workbook: fastexcel.ExcelReader, kind: fastexcel.DType) -> pl.DataFrame:
    """All cells as one kind; what is not of it is null. Only numbers, and yes and no, are of kind `boolean`."""
    return workbook.load_sheet(0, header_row=None, skip_rows=0, dtypes=kind).to_polars()


def _check_size(path: Path) -> None:
    """A reader makes room for everything between the first cell and the last: what lies absurdly far out is refused
    before.

    Every part is looked at: which of them is the first sheet may be said in a way that readers do not understand alike.
    """
    with zipfile.ZipFile(path) as archive:
        parts = archive.infolist()
        packed, unpacked = sum(part.compress_size for part in parts), sum(part.file_size for part in parts)
        if len(parts) > MOST_PARTS:
            raise SheetError(f"it has {len(parts):,} parts; {MOST_PARTS:,} at most are read")
        if unpacked > MOST_BYTES or (unpacked > SMALL and unpacked > MOST_SHRUNK * packed):
            most = min(MOST_BYTES, max(SMALL, MOST_SHRUNK * packed))
            raise SheetError(f"its {packed:,} bytes unpack to {unpacked:,}; {most:,} at most are read")
        contents = (archive.read(part) for part in parts)  # as many bytes as a part says: a lie breaks its checksum
        used, lengths = Counter[int](), list[int]()
        for content in contents:
            if _SHEET.search(content):
                _check_extent(content)
                used.update(map(int, _VALUE.findall(content)))
            elif b"<sst" in content or b":sst" in content:
                lengths += [len(text) for text in _TEXT.split(content)[1:]]
    # A text may stand in the file once and count for a million rows.
    written = sum(times * lengths[place] for place, times in used.items() if place < len(lengths))
    if written > MOST_BYTES:
        raise SheetError(f"its texts have {written:,} bytes; {MOST_BYTES:,} at most are read")


def _check_extent(sheet: bytes) -> None:
    """See that no cell lies too far out; one that does not say where it is lies beside the one before."""
    rows = columns = said = 0
    there = sum(1 for _ in _CELL.finditer(sheet))
    for place in _PLACE.finditer(sheet):
        letters, digits = place.groups()
        rows, columns = max(rows, int(digits)), max(columns, _column(letters.decode().upper()))
        said += bool(letters)
    if there > said:
        cells = [len(_CELL.findall(row)) for row in sheet.split(b"row")]
        rows, columns = max(rows, len(cells)), max(columns, *cells)
    if rows * columns > MOST_CELLS:
        raise SheetError(f"it reaches to row {rows:,} and column {columns:,}; {MOST_CELLS:,} cells at most are read")
    if rows * columns > max(FEW, MOST_SPARSE * there):
        what = f"it reaches to row {rows:,} and column {columns:,}, and has {there:,} cells"
        raise SheetError(f"{what}: delete the empty rows and columns before the last ones")


def _column(letters: str) -> int:
    """The number of a column, from 1."""
    column = 0
    for letter in letters:
        column = column * 26 + ord(letter) - ord("A") + 1
    return column


def _first_sheet(path: Path) -> bytes:
    """The XML of the first sheet; nothing where there is none."""
    with zipfile.ZipFile(path) as archive:
        first = ElementTree.fromstring(archive.read("xl/workbook.xml")).find(f"{_SHEETS}sheets/{_SHEETS}sheet")
        if first is None:
            return b""
        links = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))
        target = {link.attrib["Id"]: link.attrib["Target"] for link in links}[first.attrib[_LINKS]]
        name = target.lstrip("/") if target.startswith("/") else str(PurePosixPath("xl") / target)
        return archive.read(name)


def _merged_cells(sheet: bytes, height: int, *, columns: int) -> Iterator[tuple[int, int, str]]:
    """Row (from 1), column (from 0) and why not to read it of cells that are one over several rows: of all of these but
    the first, reading finds nothing. The sheet is so many rows and columns large, and no cell is merged twice.
    """
    merged = 0
    for first, top, _, bottom in _MERGED.findall(sheet):
        rows = range(int(top), min(int(bottom), height) + 1) if top != bottom else ()
        merged += len(rows)
        if merged > height * columns:
            raise SheetError("it merges cells that are merged already")
        for row in rows:
            what = f"the cells of rows {int(top)} to {int(bottom)} are merged: unmerge them, and fill each"
            yield row, _column(first.decode()) - 1, what


def _errors(sheet: bytes) -> Iterator[tuple[int, int, str]]:
    """Row (from 1), column (from 0) and what is in cells that hold an error, which reading takes for blank."""
    if b't="e"' not in sheet:
        return
    for cell, place, text in re.findall(rb'<c ([^>]*?r="([A-Z]+[0-9]+)"[^>]*)(?<!/)>(.*?)</c>', sheet, re.DOTALL):
        if b't="e"' in cell:
            letters, digits = re.fullmatch(r"([A-Z]+)([0-9]+)", place.decode()).groups()  # type: ignore[union-attr]
            shown = re.search(rb"<v>(.*?)</v>", text)
            what = shown.group(1).decode() if shown else ""
            yield int(digits), _column(letters) - 1, f"the cell holds the error {what}"
