"""What is in force on the date of a credit."""

from __future__ import annotations

import polars as pl


def in_force(rows: pl.DataFrame, table: pl.DataFrame, *, by: str | None) -> pl.DataFrame:
    """Rows, sorted by credit date, with what the table says from its `effective_from` on, of all or of each `by`."""
    found = rows.join_asof(table, left_on="credit_date", right_on="effective_from", by=by, check_sortedness=False)
    return found.drop("effective_from", strict=False)
