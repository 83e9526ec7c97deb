"""Text in files that people open with a spreadsheet: what it would calculate is kept from being a formula. One guard
for every export.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Final

import polars as pl

_BEGINS: Final = r"=+\-@\t\r\n\x00＝＋－＠"
"""What a formula may begin with, also in full width, and what a spreadsheet skips before one (OWASP, "CSV Injection").
"""
_FORMULA: Final = f"^[{_BEGINS}]"
PLAIN: Final = rf"[^{_BEGINS}][^\t\r\n\x00]*"
"""As a regular expression: one line of text that no spreadsheet takes for a formula, for settings that come into a file
as they are.
"""
_NEGATIVE: Final = r"^-([0-9]+(\.[0-9]+)?%?)?$"
"""A negative number, or a dash alone."""
_formula: Final = re.compile(_FORMULA)


def could_be_formula(text: str) -> bool:
    """Whether a spreadsheet may take a cell with this text for a formula, quoted or not: it begins as one does."""
    return bool(_formula.match(text))


def neutral(text: str) -> str:
    """Free text with an apostrophe before it where a spreadsheet might calculate it. Amounts are never written with
    this.
    """
    return f"'{text}" if could_be_formula(text) else text


def write_csv(table: pl.DataFrame, path: Path, *, ours: Collection[str] = ()) -> None:
    """Write a table for people as CSV, `neutral_table` of it.

    Raises:
        OSError: it cannot be written.
    """
    neutral_table(table, ours).write_csv(path)


def csv_text(table: pl.DataFrame, *, ours: Collection[str] = ()) -> str:
    """A table for people as the text of a CSV file, `neutral_table` of it."""
    return neutral_table(table, ours).write_csv()


def write_csv_in_parts(tables: Iterable[pl.DataFrame], path: Path, *, ours: Collection[str] = ()) -> None:
    """Write the rows of tables of the same columns as one file, each as soon as it is there.

    Raises:
        OSError: it cannot be written.
    """
    with path.open("wb") as file:
        for number, table in enumerate(tables):
            neutral_table(table, ours).write_csv(file, include_header=number == 0)


def neutral_table(table: pl.DataFrame, ours: Collection[str] = ()) -> pl.DataFrame:
    """`neutral` of every text column, where a negative number stays a number; `ours` are columns whose words begin with
    our own numbers.
    """
    texts = [name for name, kind in table.schema.items() if kind == pl.String and name not in ours]
    begin_so = table.select(pl.col(texts).str.contains(_FORMULA).any())
    return table.with_columns(
        pl.when(pl.col(name).str.contains(_FORMULA) & ~pl.col(name).str.contains(_NEGATIVE))
        .then(pl.lit("'") + pl.col(name))
        .otherwise(pl.col(name))
        .alias(name)
        for name in texts
        if begin_so[name].any()  # of most columns no text does
    )
