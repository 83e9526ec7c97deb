"""Rows in order, in which those of one window follow one another: sums and steps within such runs, without grouping
anything."""

from __future__ import annotations

import polars as pl


def begins(rows: pl.DataFrame, keys: list[pl.Expr]) -> pl.Series:
    """Where a run begins: one of the keys, none of which is null, is another than in the row before."""
    # A comparison with the row before is linear and keeps the order; a group_by would hash every key of every deal.
    return rows.select(begins=pl.any_horizontal(key.ne_missing(key.shift(1)) for key in keys)).to_series()


def running_sum(values: pl.Series, begin: pl.Series) -> pl.Series:
    """The sum from the beginning of the run up to and including each row."""
    total = values.cum_sum()
    # The sum of everything up to the row, less the same just before its window began: two cumulative sums instead of
    # one for each window. The difference is exact because all of it is in integers, and sums that do not fit are caught
    # by `narrow` afterwards: what wraps in the total and unwraps in the difference is right again modulo 2**128.
    return total - (total - values).zip_with(begin, pl.Series([None], dtype=total.dtype)).forward_fill()


def previous(values: pl.Series, begin: pl.Series, *, first: pl.Series) -> pl.Series:
    """The value of the row before within the run; of the first row of a run what `first` has."""
    return first.zip_with(begin, values.shift(1))


def growth(values: pl.Series, begin: pl.Series) -> pl.Series:
    """By how much the values grow from row to row within a run, from zero."""
    # This telescopes: the growths of a window sum to its last value, whatever is in between. So lines sum to the
    # earning and months to the quarter, to the cent and without a correction.
    return values - previous(values, begin, first=pl.Series([0], dtype=values.dtype))
