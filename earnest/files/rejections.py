"""What could not be used, and why: nothing that a file holds is dropped silently."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import polars as pl

from earnest.local.processes import LocalError

REJECTED = pl.Schema(
    {"file": pl.String(), "row": pl.Int64(), "id": pl.String(), "reason": pl.String(), "message": pl.String()}
)
"""`file` is deals, roster or earnings; `row` counts as a spreadsheet does, the header being row 1."""

Rejection = tuple[str, int | None, str | None, str, str]
"""A row of `REJECTED` before it is one."""
UNREADABLE = "unreadable_row"
BAD_VALUE = "bad_value"
_VARYING: Final = re.compile(r"'[^']*'|\b\d[\d.,/-]*")


def alike(reason: str) -> str:
    """A reason without what varies in it from row to row: what is quoted, numbers and dates."""
    return _VARYING.sub("…", reason)


class FileError(LocalError):
    """A file that cannot be read at all; the message names the file and what is wrong with it."""


@contextmanager
def output_folder(folder: Path) -> Iterator[None]:
    """Write into a folder, which is made when it is not there.

    Raises:
        FileError: it cannot be made, or something in it cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        raise FileError(f"{folder}: {error.strerror or error}") from None


def keep_inputs(written: Iterable[Path], *, read: Iterable[Path | None]) -> None:
    """See that nothing is written over what it is made from.

    Raises:
        FileError: a file that is to be written is one that is read.
    """
    inputs = {path.resolve() for path in read if path is not None}
    if over := next((path for path in written if path.resolve() in inputs), None):
        raise FileError(f"{over} is read, and would be written over: name another place to write to")


def in_sentences(table: pl.DataFrame, most: int) -> Iterator[str]:
    """The first rows of a `REJECTED` table in words, and how many more there are."""
    for file, row, name, _, message in table.head(most).iter_rows():
        yield f"Not used: {file}, row {row}{f', {name}' if name else ''}: {message}"
    if table.height > most:
        yield f"and {table.height - most:,} more rows that are not used"


def rejected(rows: Iterable[Rejection] = ()) -> pl.DataFrame:
    """A `REJECTED` table of these rows."""
    return pl.DataFrame(list(rows), schema=REJECTED, orient="row")


def in_order(table: pl.DataFrame) -> pl.DataFrame:
    """A `REJECTED` table in the order in which it is written."""
    # By every column, so that rows of one place have one order, too: the same input gives the same bytes.
    return table.sort("file", "row", "id", "reason", "message", nulls_last=True)
