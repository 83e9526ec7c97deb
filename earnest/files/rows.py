"""Rows of a CSV, Parquet or XLSX file as text, with the row numbers a spreadsheet shows; what a cell means is decided
elsewhere.
"""

from __future__ import annotations

import codecs
import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from difflib import get_close_matches
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import polars as pl

from earnest.files.rejections import BAD_VALUE, UNREADABLE, FileError, Rejection, rejected
from earnest.files.sheets import MOST_BYTES, MOST_CELLS, SUFFIXES, SheetError, first_sheet
from shared.contracts.roster_rows import BadHeader, TooWide, fitted, header_of

CHUNK = 50_000
ROW = "@row"
"""The column that holds the row number, a name no file is likely to use."""
TYPED = "@typed "
"""Before the name of a column: the column that says which cells of it are numbers or dates in the file itself, in plain
digits and as 2025-03-31 however texts are written. Only a mapping asks (`FileForm.binary`).
"""
FIRST_ROW = 2
"""The header is row 1; a Parquet file counts as if it had one."""


class FileForm(NamedTuple):
    """How a file is laid out.

    In rows with too many cells, the delimiters that are too many stand in the column `unquoted`, whose texts were
    written without quotes. `binary` takes floating-point numbers and times of a Parquet file as text, for a mapping
    that says how they are rounded and read.
    """

    encoding: str = "utf-8"
    delimiter: str = ","
    header_row: int = 1
    unquoted: str | None = None
    binary: bool = False


OURS = FileForm()


class Rows(NamedTuple):
    """`frame` has `ROW` and the file's columns as text, blank cells null; `rejected` has rows with too many cells."""

    frame: pl.DataFrame
    rejected: pl.DataFrame


def everything(_: str) -> bool:
    """All columns matter."""
    return True


def read_rows(
    path: Path,
    file: str,
    *,
    required: Sequence[str],
    used: Callable[[str], bool] = everything,
    form: FileForm = OURS,
) -> Rows:
    """The rows of a CSV file, of a file named `.parquet`, or of the first sheet of one named `.xlsx`.

    Rows of blank cells are left out. `file` is what the rejected rows name as their file; in columns that are not
    `used`, no cell of a spreadsheet is refused.

    Raises:
        FileError: the file cannot be read, or lacks a required column.
    """
    try:
        if path.suffix.lower() in SUFFIXES:
            read = _xlsx(path, file, used=used, form=form)
        else:
            read = _parquet(path, binary=form.binary) if path.suffix == ".parquet" else _csv(path, file, form=form)
    except OSError as error:
        raise FileError(f"{path}: {error.strerror or error}") from None
    if missing := [name for name in required if name not in read.frame.columns]:
        there = ", ".join(name for name in read.frame.columns if name != ROW)
        near = get_close_matches(missing[0], read.frame.columns, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        apart = other_delimiter([name for name in read.frame.columns if name != ROW], form.delimiter)
        hint = f"; {apart}" if apart else hint
        raise FileError(f"{path}: there is no column {', '.join(missing)}; its columns are {there}{hint}")
    # Blanks around a cell are never meant, and a cell of nothing else is as blank as an empty one.
    texts = pl.col(pl.String).str.strip_chars()
    stripped = read.frame.with_columns(texts).with_columns(pl.when(pl.col(pl.String) != "").then(pl.col(pl.String)))
    return Rows(stripped.filter(pl.any_horizontal(pl.col(pl.String).is_not_null())), read.rejected)


def other_delimiter(columns: Sequence[str], delimiter: str) -> str | None:
    """Whether what was read as one column is several, with another delimiter between them, as a question."""
    apart = next((sign for sign in ";\t|," if len(columns) == 1 and sign in columns[0]), None)
    return f"is its delimiter {apart!r}, and not {delimiter!r}?" if apart else None


def _encoding(path: Path, form: FileForm) -> str:
    """How a file is encoded: as its first bytes say, where it begins with a byte order mark, otherwise as is said."""
    with path.open("rb") as file:
        beginning = file.read(len(codecs.BOM_UTF8))
    if beginning == codecs.BOM_UTF8:
        return "utf-8-sig"
    return "utf-16" if beginning[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else form.encoding


def _csv(path: Path, file: str, *, form: FileForm) -> Rows:
    # Excel writes a byte order mark before UTF-8, which would become part of the first column's name. Line ends are
    # left as they are: inside quotes they belong to the cell.
    with path.open(encoding=_encoding(path, form), newline="") as text:
        # Strict: with a quote that is never closed, the rest of the file would silently become one cell.
        reader = csv.reader(text, strict=True, delimiter=form.delimiter)
        try:
            for _ in range(form.header_row - 1):  # titles above the header
                next(reader, [])
            header = _header(path, next(reader, []))
            wide: list[Rejection] = []
            # Numbered before anything is left out: `rejected.csv` names the row that a person sees in the spreadsheet.
            cells = reader if form.unquoted is None else _with_delimiters(reader, header, form=form, path=path)
            numbered = enumerate(cells, form.header_row + 1)
            # In chunks: cells as Python strings take several times the room that they take in a column.
            frames = [_frame(header, chunk, file=file, wide=wide) for chunk in _chunks(numbered)]
        except csv.Error as error:
            raise FileError(f"{path}, line {reader.line_num}: {error}") from None
        except UnicodeError:
            mend = (
                "; Excel on Windows writes `encoding: cp1252`" if form.binary and form.encoding == OURS.encoding else ""
            )
            raise FileError(f"{path}: the text is not {form.encoding.upper()}{mend}") from None
    # The empty frame keeps the columns of a file that has no rows.
    return Rows(pl.concat([_frame(header, [], file=file, wide=[]), *frames]), rejected(wide))


def _with_delimiters(
    rows: Iterable[list[str]], header: list[str], *, form: FileForm, path: Path
) -> Iterator[list[str]]:
    """Rows in which the cells that are too many are put back into the text that they are pieces of."""
    if form.unquoted not in header:
        raise FileError(f"{path}: there is no column {form.unquoted}; its columns are {', '.join(header)}")
    place = header.index(form.unquoted)
    for cells in rows:
        beyond = len(cells) - len(header)
        if beyond > 0:
            end = place + beyond + 1
            yield [*cells[:place], form.delimiter.join(cells[place:end]), *cells[end:]]
        else:
            yield cells


def _header(path: Path, cells: Sequence[str]) -> list[str]:
    try:
        header = header_of(cells)
    except BadHeader as error:
        raise FileError(f"{path}: {error}") from None
    if ROW in header:
        raise FileError(f"{path}: no column may be named {ROW}")
    return header


def _chunks(numbered: Iterator[tuple[int, list[str]]]) -> Iterator[list[tuple[int, list[str]]]]:
    while chunk := list(islice(numbered, CHUNK)):
        yield chunk


def _frame(
    header: list[str],
    chunk: Iterable[tuple[int, list[str]]],
    *,
    file: str,
    wide: list[Rejection],
) -> pl.DataFrame:
    """Rows as columns; what a row lacks at its end is blank, what it has beyond the header goes to `wide`."""
    width, numbers, kept = len(header), [], []
    for number, cells in chunk:
        try:
            kept.append(cells if len(cells) == width else fitted(cells, width))
        except TooWide as error:
            wide.append((file, number, cells[0].strip(), UNREADABLE, str(error)))
            continue
        numbers.append(number)
    columns = zip(*kept, strict=True) if kept else ([] for _ in header)
    texts = [pl.Series(name, list(values), dtype=pl.String) for name, values in zip(header, columns, strict=True)]
    return pl.DataFrame([pl.Series(ROW, numbers, dtype=pl.Int64), *texts])


def _parquet(path: Path, *, binary: bool) -> Rows:
    try:
        return Rows(_parquet_texts(path, binary=binary), rejected())
    # Bytes that are not what they say make the reader panic, which is no `PolarsError`.
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        raise FileError(f"{path}: this is no Parquet file that can be read ({str(error).splitlines()[0]})") from None


def _parquet_texts(path: Path, *, binary: bool) -> pl.DataFrame:
    """The columns as text. A file of a few bytes may stand for any number of rows and texts: both are looked at before
    they are made.
    """
    scan = pl.scan_parquet(path, glob=False)
    schema = scan.collect_schema()
    _header(path, schema.names())
    for name, kind in schema.items():
        # The decimal text of a binary number is a guess at what was meant, and money is never guessed.
        if kind.is_float() and not binary:
            raise FileError(f"{path}: column {name} holds floating-point numbers, which are not exact; store decimals")
        if kind.is_nested() or (kind.is_temporal() and kind != pl.Date and not (binary and kind == pl.Datetime)):
            raise FileError(
                f"{path}: column {name} holds {kind}; store text, whole numbers, decimals, dates or booleans"
            )
    # The number of rows stands in the file's footer: asking for it reads none of them.
    rows = scan.select(pl.len()).collect().item()
    if rows * len(schema) > MOST_CELLS:
        raise FileError(
            f"{path}: it has {rows:,} rows of {len(schema):,} columns; {MOST_CELLS:,} cells at most are read"
        )
    frame = scan.collect()
    # A text may stand in the file once and count for a million rows: lengths are summed over the rows before texts are
    # made.
    lengths = [
        pl.col(pl.String).str.len_bytes(),
        pl.col(pl.Categorical, pl.Enum).cast(pl.Categorical).cat.len_bytes(),
        pl.col(pl.Binary).bin.size(),
    ]
    sums = (length.cast(pl.Int64).sum() for length in lengths)
    written = sum(size for of_kind in sums for row in frame.select(of_kind).rows() for size in row)
    if written > MOST_BYTES:
        raise FileError(f"{path}: its texts have {written:,} bytes; {MOST_BYTES:,} at most are read")
    typed = [name for name, kind in schema.items() if binary and (kind.is_numeric() or kind.is_temporal())]
    times, numbers = pl.col(pl.Datetime), pl.col(pl.Float32, pl.Float64)
    if binary:
        # A whole number in a column that is binary because some are missing is an id more often than not: 17850, and no
        # 17850.0. And what is missing there is no number.
        texts = numbers.fill_nan(None).cast(pl.String).str.replace(r"\.0$", "")
        frame = frame.with_columns(times.dt.to_string("iso"), texts)
    frame = frame.cast(pl.String).with_row_index(ROW, FIRST_ROW).with_columns(pl.col(ROW).cast(pl.Int64))
    return frame.with_columns(pl.lit(True).alias(f"{TYPED}{name}") for name in typed)


def _xlsx(path: Path, file: str, *, used: Callable[[str], bool], form: FileForm) -> Rows:
    path.open("rb").close()  # a file that is not there or not readable is told as every other
    try:
        rows, refused, typed = first_sheet(path, used, header_row=form.header_row, binary=form.binary)
    except SheetError as error:
        raise FileError(f"{path}: this is no XLSX workbook that can be read ({error})") from None
    header_row = form.header_row
    header = _header(path, [name or "" for name in (rows[header_row - 1] if len(rows) >= header_row else ())])
    wide: list[Rejection] = [
        (file, row, (rows[row - 1][0] or "").strip(), BAD_VALUE, why)
        for row, why in refused.items()
        if row > header_row
    ]
    numbered = enumerate(([cell or "" for cell in row] for row in rows[header_row:]), header_row + 1)
    frame = _frame(header, (pair for pair in numbered if pair[0] not in refused), file=file, wide=wide)
    if form.binary:
        frame = frame.with_columns(
            pl.col(ROW).is_in(typed[place]).alias(f"{TYPED}{name}") for place, name in enumerate(header)
        )
    return Rows(frame, rejected(sorted(wide)))
