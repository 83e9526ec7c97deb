"""Columns of whole numbers: 128-bit integers while they fit, beyond that Python's unlimited integers, slower and as
right.

A column of one row stands for the same number in every row.
"""

from __future__ import annotations

from typing import Any, TypeAlias, cast

import numpy as np
import polars as pl

# Int128 wraps silently, so an operation is only done in 128 bits when a bound says beforehand that its result fits.
FITS = 2**126
"""Whole numbers below this are kept in 128 bits: the sum of two still fits."""

Whole: TypeAlias = "pl.Series | np.ndarray[Any, Any]"
"""A column of whole numbers: Int128, or an array of Python integers where those may be larger."""
Factor: TypeAlias = "Whole | int"


def times(one: Whole, most: int, *factors: tuple[Factor, int]) -> tuple[Whole, int]:
    """The product of whole numbers and its bound, each given with its own bound."""
    for factor, by in factors:
        if isinstance(factor, int) and factor == 1:
            continue
        bound = by
        # The bounds that are carried along are those of the worst row that could be. Before giving up 128 bits for
        # good, look at the rows that are really there: one pass over the column is far cheaper than Python's integers.
        if most * bound >= FITS:
            most, bound = largest(one), _size(factor)
        a, b = alike(one, factor, most=most * bound)
        one, most = a * b, most * bound
    return one, most


def product(one: Factor, most: int, *, two: Factor, by: int) -> tuple[Factor, int]:
    """The product of two factors, each a number or a column, with its bound."""
    if isinstance(one, int):
        return (two, by) if one == 1 else product(two, by, two=one, by=most)
    return times(one, most, (two, by))


def alike(one: Factor, two: Factor, *, most: int) -> tuple[Any, Any]:
    """Both in a form in which they can be calculated with each other, where results may be as large as `most`."""
    large = any(
        isinstance(factor, np.ndarray) or (isinstance(factor, int) and abs(factor) >= FITS) for factor in (one, two)
    )
    if most >= FITS or large:
        # An object array stays one until `fitted` brings it back: going to and fro for every operation would cost more
        # than it gains.
        return _unlimited(one), _unlimited(two)
    return _series(one), _series(two)


def _series(values: Factor) -> Any:
    return pl.Series([values], dtype=pl.Int128) if isinstance(values, int) else values


def _unlimited(values: Factor) -> Any:
    return np.array(values.to_list(), dtype=object) if isinstance(values, pl.Series) else values


# The least and the greatest, since the absolute value of the smallest Int128 does not fit itself.
def largest(values: Whole) -> int:
    """The size of the largest."""
    if isinstance(values, np.ndarray):
        return max((abs(int(value)) for value in values), default=0)
    return max(abs(int(cast(int, values.max() or 0))), abs(int(cast(int, values.min() or 0))))


def fitted(values: Whole) -> tuple[Whole, int]:
    """The same in 128 bits where they fit, and the size of the largest."""
    most = largest(values)
    if isinstance(values, np.ndarray) and most < FITS:
        values = pl.Series(values.tolist(), dtype=pl.Int128)
    return values, most


def lowest(top: Whole, bottom: Whole) -> tuple[Whole, Whole]:
    """The same fractions in lowest terms; bottoms are above zero."""
    a, b = _unlimited(top), _unlimited(bottom)
    shared = np.gcd(a, b)
    return a // shared, b // shared


def size_of(values: Whole) -> Whole:
    """Without their sign."""
    return cast(Whole, abs(values)) if isinstance(values, np.ndarray) else values.abs()


def sign_of(values: Whole) -> pl.Series:
    """1, 0 or -1."""
    if isinstance(values, np.ndarray):
        return pl.Series([(value > 0) - (value < 0) for value in values], dtype=pl.Int128)
    return values.sign()


def truths(compared: Any) -> pl.Series:
    """The result of a comparison as a column."""
    return (
        compared if isinstance(compared, pl.Series) else pl.Series(np.asarray(compared, dtype=bool), dtype=pl.Boolean)
    )


def _size(values: Factor) -> int:
    return abs(values) if isinstance(values, int) else largest(values)
