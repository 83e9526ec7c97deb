"""Columns of exact numbers: fractions of whole numbers, added, multiplied, divided and compared without ever being
rounded.

Plain numbers beside a column are Python's own `int` and `Fraction`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from typing import Any, Final, Literal, TypeAlias, cast

import numpy as np
import polars as pl

from shared.kernel.arithmetic.expressions import MOST_SUM, Overflow
from shared.kernel.arithmetic.integers import (
    FITS,
    Factor,
    Whole,
    alike,
    fitted,
    lowest,
    product,
    sign_of,
    size_of,
    times,
    truths,
)

# Far beyond what a plan needs that somebody means, and small enough that a formula which squares its squares is refused
# in milliseconds and not when the memory is full.
MOST_BITS: Final = 4096
_LARGEST: Final = 1 << MOST_BITS
_DEEP: Final = 1 << MOST_BITS // 4
Number: TypeAlias = "int | Fraction"
Mode = Literal["half_up", "half_even", "up", "down"]
"""How a number between two whole ones is rounded: halves away from zero, halves to the even one, away from zero, to
zero."""


@dataclass(frozen=True, eq=False, kw_only=True)
class ExactColumn:
    """`top / (by * per)`, row by row, in lowest terms or not.

    `by` is the same in all rows, `per` is each row's own: a quota by which was divided. So numbers by the same quotas
    stay small beside each other, whatever they were multiplied with. `most` bounds the size of the tops, `deepest` that
    of `per`; `by` and `per` are above zero.
    """

    top: Whole
    most: int
    by: int = 1
    per: Factor = 1
    deepest: int = 1

    def __post_init__(self) -> None:
        """Refuse numbers that only grow: squares of squares would soon fill every memory.

        Raises:
            Overflow: a top or a bottom has more than `MOST_BITS` bits.
        """
        if self.most > _LARGEST or self.by > _LARGEST or self.deepest > _LARGEST:
            raise Overflow("a number in a formula")

    @staticmethod
    def of(values: pl.Series, scale: int = 1) -> ExactColumn:
        """Whole numbers of `1/scale`; a null is zero."""
        # Nulls are zero here so that no operation below has to think of them; where null means something else, whoever
        # calls keeps it beside the column.
        top, most = fitted(values.fill_null(0).cast(pl.Int128))
        return ExactColumn(top=top, by=scale, most=most)

    @staticmethod
    def fractions(values: Sequence[Fraction]) -> ExactColumn:
        """A column of Python's fractions."""
        by = lcm(*(value.denominator for value in values))
        top, most = fitted(np.array([int(value * by) for value in values], dtype=object))
        return ExactColumn(top=top, by=by, most=most)

    @staticmethod
    def constant(value: Number, height: int = 1) -> ExactColumn:
        """The same number in every row."""
        exact = Fraction(value)
        top, most = fitted(np.array([exact.numerator], dtype=object))
        rows = top.new_from_index(0, height) if isinstance(top, pl.Series) else np.repeat(top, height)
        return ExactColumn(top=rows, by=exact.denominator, most=most)

    def __add__(self, other: ExactColumn | Number) -> ExactColumn:
        """The sum."""
        one, two = _over_one(self, _column(other))
        # Sums are where bounds grow for nothing: a running total of a thousand columns has a bound a thousand times too
        # high.
        if one.most + two.most >= FITS:
            one, two = one._fitted(), two._fitted()
        a, b = alike(one.top, two.top, most=one.most + two.most)
        return ExactColumn(top=a + b, by=one.by, most=one.most + two.most, per=one.per, deepest=one.deepest)

    __radd__ = __add__

    def __neg__(self) -> ExactColumn:
        """The opposite."""
        return self * -1

    def __sub__(self, other: ExactColumn | Number) -> ExactColumn:
        """The difference."""
        return self + -1 * other

    def __rsub__(self, other: Number) -> ExactColumn:
        """The difference."""
        return -self + other

    def __mul__(self, other: ExactColumn | Number) -> ExactColumn:
        """The product."""
        if isinstance(other, ExactColumn):
            one, two = _shallow(self, other)
            top, most = times(one.top, one.most, (two.top, two.most))
            per, deepest = product(one.per, one.deepest, two=two.per, by=two.deepest)
            return ExactColumn(top=top, by=one.by * two.by, most=most, per=per, deepest=deepest)
        factor = Fraction(other) / self.by  # what both share is taken out, so that numbers stay small
        top, most = times(self.top, self.most, (factor.numerator, abs(factor.numerator)))
        return ExactColumn(top=top, by=factor.denominator, most=most, per=self.per, deepest=self.deepest)

    __rmul__ = __mul__

    def __truediv__(self, other: ExactColumn | Number) -> ExactColumn:
        """The quotient. Where the divisor is zero it is zero: whoever divides says before what zero means."""
        if not isinstance(other, ExactColumn):
            return self * (1 / Fraction(other) if other else 0)
        # (a/b) / (c/d) is (a*d) / (b*c): the sign goes up, so that bottoms stay above zero and comparing needs no case
        # for them. A zero below becomes 1, and the zero of its sign above makes the quotient zero.
        divisor = where(sign_of(other.top) == 0, 1, otherwise=ExactColumn(top=size_of(other.top), most=other.most))
        inverse, most = times(sign_of(other.top), 1, (other.per, other.deepest))
        return self * ExactColumn(top=inverse, most=most, per=divisor.top, deepest=divisor.most) * other.by

    def inverse(self) -> ExactColumn:
        """One by it; zero where it is zero."""
        return ExactColumn.constant(1) / self

    def __abs__(self) -> ExactColumn:
        """The size."""
        return ExactColumn(top=size_of(self.top), by=self.by, most=self.most, per=self.per, deepest=self.deepest)

    def __lt__(self, other: ExactColumn | Number) -> pl.Series:
        """Whether it is smaller, row by row."""
        one, two = _over_one(self, _column(other))
        a, b = alike(one.top, two.top, most=max(one.most, two.most))
        return truths(a < b)

    def __gt__(self, other: ExactColumn | Number) -> pl.Series:
        """Whether it is larger."""
        return _column(other) < self

    def __le__(self, other: ExactColumn | Number) -> pl.Series:
        """Whether it is not larger."""
        return ~(self > other)

    def __ge__(self, other: ExactColumn | Number) -> pl.Series:
        """Whether it is not smaller."""
        return ~(self < other)

    def equals(self, other: ExactColumn | Number) -> pl.Series:
        """Whether it is the same number."""
        one, two = _over_one(self, _column(other))
        a, b = alike(one.top, two.top, most=max(one.most, two.most))
        return truths(a == b)

    def least(self, other: ExactColumn | Number) -> ExactColumn:
        """The smaller of the two."""
        return where(self < other, self, otherwise=other)

    def greatest(self, other: ExactColumn | Number) -> ExactColumn:
        """The larger of the two."""
        return where(self > other, self, otherwise=other)

    def rounded(self, mode: Mode, unit: Fraction = Fraction(1)) -> ExactColumn:
        """Rounded to whole units."""
        count = self * (1 / unit)
        if count._is_whole:
            return self
        # Rounding looks at the size and gives the sign back afterwards: `//` rounds down, which on the left of zero
        # would be away from it.
        bottom = count._bottom()
        size = ExactColumn(top=size_of(count.top), most=count.most)
        match mode:
            case "half_up":
                # floor(x + 1/2) without a fraction: (2a + b) // 2b for x = a/b.
                whole = (size * 2 + bottom)._floor_by(bottom * 2)
            case "half_even":
                twice = size * 2 + bottom
                whole = twice._floor_by(bottom * 2)
                # An exact half is where the doubled number divides evenly; then the even one of both neighbours is
                # meant, and half up has taken the upper.
                odd = ~(whole._floor_by(ExactColumn.constant(2)) * 2).equals(whole)
                whole = where((whole * bottom * 2).equals(twice) & odd, whole - 1, otherwise=whole)
            case "up":
                whole = (size + bottom - 1)._floor_by(bottom)
            case "down":
                whole = size._floor_by(bottom)
        return whole * ExactColumn(top=sign_of(count.top), most=1) * unit

    def shown(self, scale: int, what: str) -> pl.Series:
        """Int128 of whole numbers of `1/scale`, for people to read: cut off, and where that was not exact the last
        digit made odd.

        So a number is never shown on the other side of a coarser one, and not on it either: just below 25% it is not
        25%.

        Raises:
            Overflow: one does not fit; `what` names it.
        """
        count = self * scale
        if count._is_whole:
            return count.cut_off(what)
        bottom = count._bottom()
        size = ExactColumn(top=size_of(count.top), most=count.most)
        whole = size._floor_by(bottom)
        cut, inexact = whole.cut_off(what), ~(whole * bottom).equals(size)
        # Cut, never rounded: 24.9999999996% shown as 25% would stand beside a tier that it has not reached. The odd
        # last digit keeps it off every number with fewer digits, and so off every threshold, which has six at most.
        even = cut % pl.Series([2], dtype=pl.Int128) == 0
        return (cut + (inexact & even).cast(pl.Int128)) * sign_of(count.top)

    def floor(self) -> ExactColumn:
        """The largest whole number that is not above it."""
        return self if self._is_whole else ExactColumn(top=self.top, most=self.most)._floor_by(self._bottom())

    def minor(self, digits: int, what: str) -> pl.Series:
        """Int64 of the smallest units of a currency, of which the numbers must be whole multiples.

        Raises:
            Overflow: one is beyond 10^18 of them; `what` names it.
        """
        # Whoever calls has rounded to this unit before, so nothing is lost here; the check against 10**18 leaves room
        # for nine such amounts in an Int64, so that differences and sums of a few need no check of their own.
        whole = (self * 10**digits).floor()._fitted()
        if whole.most > MOST_SUM:
            raise Overflow(what)
        return cast(pl.Series, whole.top).cast(pl.Int64)

    def cut_off(self, what: str) -> pl.Series:
        """Int128 of the whole numbers before the decimals.

        Raises:
            Overflow: one does not fit; `what` names it.
        """
        whole = self.rounded("down")._fitted()
        if whole.most >= FITS:
            raise Overflow(what)
        return cast(pl.Series, whole.top)

    def cut(self, what: str) -> tuple[pl.Series, pl.Series | None]:
        """The same, and in which rows there were decimals; None where there can be none.

        Raises:
            Overflow: one does not fit; `what` names it.
        """
        whole = self.cut_off(what)
        return whole, None if self._is_whole else ~self.equals(ExactColumn.of(whole))

    def taken(self, rows: pl.Series) -> ExactColumn:
        """The numbers of some rows, by their places."""
        return ExactColumn(
            top=_taken(self.top, rows), by=self.by, most=self.most, per=_taken(self.per, rows), deepest=self.deepest
        )

    def to_fractions(self) -> list[Fraction]:
        """Row by row as Python's fractions."""
        tops = [int(top) for top in self.top.to_list()] if isinstance(self.top, pl.Series) else self.top.tolist()
        if isinstance(self.per, int):
            return [Fraction(top, self.by) for top in tops]
        return [Fraction(top, self.by * int(per)) for top, per in zip(tops, self.per, strict=True)]

    @property
    def _is_whole(self) -> bool:
        return self.by == 1 and isinstance(self.per, int)

    def _bottom(self) -> ExactColumn:
        return _column(self.by) if isinstance(self.per, int) else ExactColumn(top=self.per, most=self.deepest) * self.by

    def _floor_by(self, bottom: ExactColumn) -> ExactColumn:
        """Of whole numbers, the whole part of their quotient, cut off downwards."""
        a, b = alike(self.top, bottom.top, most=max(self.most, bottom.most))
        return ExactColumn(top=a // b, most=self.most)

    def _lowest(self) -> ExactColumn:
        """The same in lowest terms, apart from what all rows are divided by."""
        if isinstance(self.per, int):
            return self
        (top, most), (per, deepest) = map(fitted, lowest(self.top, self.per))
        return ExactColumn(top=top, by=self.by, most=most, per=per, deepest=deepest)

    def _fitted(self) -> ExactColumn:
        """The same with the bound that the tops really have, in 128 bits where they fit."""
        top, most = fitted(self.top)
        return ExactColumn(top=top, by=self.by, most=most, per=self.per, deepest=self.deepest)


def where(yes: pl.Series, then: ExactColumn | Number, *, otherwise: ExactColumn | Number) -> ExactColumn:
    """`then` in the rows where `yes`, `otherwise` in the others."""
    one, two = _over_one(_column(then), _column(otherwise))
    most = max(one.most, two.most)
    a, b = alike(one.top, two.top, most=most)
    picked = a.zip_with(yes, b) if isinstance(a, pl.Series) else np.where(yes.to_numpy(), a, b)
    return ExactColumn(top=picked, by=one.by, most=most, per=one.per, deepest=one.deepest)


def total(parts: Sequence[ExactColumn], height: int) -> ExactColumn:
    """The sum of some columns."""
    return sum(parts, ExactColumn.constant(0, height))


def _column(number: ExactColumn | Number) -> ExactColumn:
    return number if isinstance(number, ExactColumn) else ExactColumn.constant(number)


def _shallow(one: ExactColumn, two: ExactColumn) -> tuple[ExactColumn, ExactColumn]:
    """Both, in lowest terms where their bottoms would be deep together: the pay of a hundred deals, each divided by its
    own quota, has small numbers again."""
    return (one._lowest(), two._lowest()) if one.deepest * two.deepest > _DEEP else (one, two)


def _over_one(one: ExactColumn, two: ExactColumn) -> tuple[ExactColumn, ExactColumn]:
    """Both over the same bottom."""
    if one.per is not two.per:
        one, two = _shallow(one, two)
    by = lcm(one.by, two.by)
    ups = [(by // column.by, by // column.by) for column in (one, two)]
    # Identity is enough and equality would cost a pass: columns that were divided by the same quota share the very
    # object, and their bottoms are then not multiplied with each other.
    if one.per is two.per:
        tops = [times(column.top, column.most, up) for column, up in zip((one, two), ups, strict=True)]
        per, deepest = one.per, one.deepest
    else:
        others = [(two.per, two.deepest), (one.per, one.deepest)]
        tops = [
            times(column.top, column.most, up, over) for column, up, over in zip((one, two), ups, others, strict=True)
        ]
        per, deepest = product(one.per, one.deepest, two=two.per, by=two.deepest)
    left, right = (ExactColumn(top=top, by=by, most=most, per=per, deepest=deepest) for top, most in tops)
    return left, right


def _taken(values: Any, rows: pl.Series) -> Any:
    """Of the numbers of rows those of some rows; one number for all rows stays so."""
    if isinstance(values, int):
        return values
    return values.gather(rows) if isinstance(values, pl.Series) else values[rows.to_numpy()]
