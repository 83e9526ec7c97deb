"""Exact arithmetic in Polars expressions: 128-bit sums that are checked, shares that sum to the whole, and the scales
of stored numbers.

Stored money is Int64 minor units. What a statement shows of a calculation is in whole numbers of these scales; the
calculation itself is in fractions (`shared.kernel.arithmetic.exact_column`).
"""

from __future__ import annotations

from decimal import Decimal

import polars as pl

AMOUNT_SCALE = 10**6
"""What a statement shows of an amount: whole numbers of 10^-6 minor units."""
RATE_SCALE = 10**9
"""What it shows of a rate: whole numbers of 10^-9."""
NUMBER_DIGITS = 9
NUMBER_SCALE = 10**NUMBER_DIGITS
"""What it shows of a measure, a quota or an attainment: whole numbers of 10^-9, whatever they measure
(`shared.kernel.tables.NUMBER`)."""
WHOLE_SHARE = 10**8
"""A share of 100 %: shares are whole numbers of 10^-8."""

ROUNDING = "rounding of the deal"
"""How a statement calls the part of a line that is no pay at a rate: what rounding a deal by itself adds or takes."""
REPRICED = "deals before it, by what multiplies them now"
"""The same of what a line changes of deals that were paid in turn before it."""
LEAST_OF_DEAL, MOST_OF_DEAL = "to the least of a deal", "to the most of a deal"
"""The same of what the least and the most of a deal add and take."""
REST_OF_MOST = "to what is left of the most of a deal"
"""The same of the most of a deal of which other credits have had their part."""
WITHOUT_RATE = (ROUNDING, REPRICED, LEAST_OF_DEAL, MOST_OF_DEAL, REST_OF_MOST)

# A decimal digit below the end of Int64 (9.22 * 10**18): stored sums fit, and so does the difference of two. The
# 128-bit sum itself cannot wrap: 10**9 amounts of 10**18 are 10**27.
MOST_SUM = 10**18
"""The largest sum, and the largest amount, in minor units."""


class Overflow(ArithmeticError):
    """A sum is beyond what the calculation represents exactly."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} is beyond 10^18 minor units")
        self.what = what


def whole(value: int) -> pl.Expr:
    """A literal 128-bit integer."""
    return pl.lit(value, dtype=pl.Int128)


def wide(column: str | pl.Expr) -> pl.Expr:
    """A column as 128-bit integers, so that its sums and products cannot wrap."""
    return (pl.col(column) if isinstance(column, str) else column).cast(pl.Int128)


def scaled(value: Decimal, scale: int) -> int:
    """A decimal as a whole number of `1/scale`.

    Raises:
        ValueError: the value has more decimals than the scale holds.
    """
    product = value * scale
    if product != int(product):
        raise ValueError(f"{value} has more decimals than {1 / Decimal(scale)} allows")
    return int(product)


def narrow(frame: pl.DataFrame, *columns: str, what: str) -> pl.DataFrame:
    """Bring 128-bit columns of sums back to Int64.

    Raises:
        Overflow: a sum is beyond `MOST_SUM`.
    """
    for column in columns if frame.height else ():
        if frame.select((pl.col(column).abs() > whole(MOST_SUM)).any()).item():
            raise Overflow(what)
    return frame.with_columns(pl.col(columns).cast(pl.Int64))


def allocated(amount: str, share: str, *, within: str, ties: str) -> pl.Expr:
    """Divide `amount` by `share` (10^-8 each) among the rows of one `within`, by largest remainder; `ties` decides
    ties.

    Parts have the sign of the amount and sum to it exactly where the shares sum to the whole.
    """
    # 10**18 minor units by 10**8 shares are 10**26: beyond 64 bits, well within 128. Sizes are divided and the sign is
    # put back, so that a refund of a deal is divided as the deal was.
    product = wide(pl.col(amount).abs()) * wide(share)
    floor, rest = product // whole(WHOLE_SHARE), product % whole(WHOLE_SHARE)
    # Hamilton's method over columns; `shared.money.largest_remainder` is the same for a few numbers. Nothing is missing
    # beyond the number of rows, because each floor loses less than one. Ties go by participant, never by the order of
    # rows, which differs between a batch and a stream.
    missing = wide(pl.col(amount).abs()).first().over(within) - floor.sum().over(within)
    place = pl.struct(-rest.cast(pl.Int64), pl.col(ties)).rank("ordinal").over(within)
    part = floor + (place <= missing).cast(pl.Int128)
    return (part * pl.col(amount).sign()).cast(pl.Int64)
