"""What could not be used, and why: nothing that a file holds is dropped silently."""

from __future__ import annotations

from collections.abc import Iterable

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


class FileError(LocalError):
    """A file that cannot be read at all; the message names the file and what is wrong with it."""


def rejected(rows: Iterable[Rejection] = ()) -> pl.DataFrame:
    """A `REJECTED` table of these rows."""
    return pl.DataFrame(list(rows), schema=REJECTED, orient="row")


def in_order(table: pl.DataFrame) -> pl.DataFrame:
    """A `REJECTED` table in the order in which it is written."""
    return table.sort("file", "row", "id", "reason", "message", nulls_last=True)
