"""Rows in order, in which those of one window follow one another: sums and steps within such runs, without grouping
anything."""

from __future__ import annotations

import polars as pl

_RUN = 10**9
"""Beyond every number of a fiscal period."""


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


def rolling_sum(values: pl.Series, leaving: pl.Series, *, begin: pl.Series, first: pl.Series) -> pl.Series:
    """The sum up to and including each row, from the row on with the place `first`, which is in the same run; of each
    row before that, what it takes with it when it leaves is `leaving`: all it added, where nothing else stands for
    it."""
    gone = leaving.cum_sum() - leaving
    before_run = gone.zip_with(begin, pl.Series([None], dtype=gone.dtype)).forward_fill()
    return running_sum(values, begin) - (gone.gather(first) - before_run)


def first_within(fiscal: pl.Series, begin: pl.Series, *, since: pl.Series) -> pl.Series:
    """The place of the first row in each row's run whose number is not below `since`, numbers being in order."""
    run = begin.cast(pl.Int64).cum_sum() * _RUN
    return (run + fiscal).search_sorted(run + since, side="left")


def enters(fiscal: pl.Expr, window: int, *, of: list[pl.Expr]) -> pl.Expr:
    """Whether in the window that ends with a row none of the same comes before it."""
    return (fiscal - fiscal.shift(1).over(of) >= window).fill_null(value=True)


def leaves(fiscal: pl.Expr, window: int, *, of: list[pl.Expr]) -> pl.Expr:
    """Whether none of the same follows a row before it leaves the window."""
    return (fiscal.shift(-1).over(of) - fiscal >= window).fill_null(value=True)


def previous(values: pl.Series, begin: pl.Series, *, first: pl.Series) -> pl.Series:
    """The value of the row before within the run; of the first row of a run what `first` has."""
    return first.zip_with(begin, values.shift(1))


def growth(values: pl.Series, begin: pl.Series) -> pl.Series:
    """By how much the values grow from row to row within a run, from zero."""
    # This telescopes: the growths of a window sum to its last value, whatever is in between. So lines sum to the
    # earning and months to the quarter, to the cent and without a correction.
    return values - previous(values, begin, first=pl.Series([0], dtype=values.dtype))
