"""Columns of exact numbers: fractions of whole numbers, added, multiplied, divided and compared without ever being rounded.

A column is a row of numerators over denominators, 128-bit integers with a bound on their size. What would not fit goes on in
Python's unlimited integers, slower and as right. Plain numbers beside a column are Python's own `int` and `Fraction`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from typing import Any, Literal, TypeAlias, cast

import numpy as np
import polars as pl

from shared.kernel.exact import Overflow

FITS = 2**126
"""Whole numbers below this are kept in 128 bits: the sum of two still fits."""
MOST_PAY = 10**18

Whole: TypeAlias = "pl.Series | np.ndarray[Any, Any]"
"""A column of whole numbers: Int128, or an array of Python integers where those may be larger."""
Bottom: TypeAlias = "Whole | int"
"""Denominators, above zero: one for each row, or the same for all."""
Number: TypeAlias = "int | Fraction"
Mode = Literal["half_up", "half_even", "up", "down"]
"""How a number between two whole ones is rounded: halves away from zero, halves to the even one, away from zero, to zero."""


@dataclass(frozen=True, eq=False)
class Exact:
    """`top / bottom`, row by row, in lowest terms or not. `most` bounds the size of the tops, `deepest` that of the bottoms."""

    top: Whole
    bottom: Bottom
    most: int
    deepest: int

    @staticmethod
    def of(values: pl.Series, scale: int = 1) -> Exact:
        """Whole numbers of `1/scale`; a null is zero."""
        wide = values.fill_null(0).cast(pl.Int128)
        return Exact(wide, scale, _largest(wide), scale)

    @staticmethod
    def fractions(values: Sequence[Fraction]) -> Exact:
        """A column of Python's fractions."""
        bottom = lcm(*(value.denominator for value in values))
        tops = np.array([int(value * bottom) for value in values], dtype=object)
        return Exact(tops, bottom, FITS, bottom)._fitted()

    @staticmethod
    def constant(value: Number, height: int) -> Exact:
        """The same number in every row."""
        exact = Fraction(value)
        top = pl.Series([exact.numerator], dtype=pl.Int128).new_from_index(0, height)
        return Exact(top, exact.denominator, abs(exact.numerator), exact.denominator)

    def __add__(self, other: Exact | Number) -> Exact:
        """The sum."""
        one, two = _over_one(self, self._beside(other))
        if one.most + two.most >= FITS:
            one, two = one._fitted(), two._fitted()
        a, b = _alike(one.top, two.top, one.most + two.most)
        return Exact(a + b, one.bottom, one.most + two.most, one.deepest)

    __radd__ = __add__

    def __neg__(self) -> Exact:
        """The opposite."""
        return self * -1

    def __sub__(self, other: Exact | Number) -> Exact:
        """The difference."""
        return self + -1 * other

    def __rsub__(self, other: Number) -> Exact:
        """The difference."""
        return -self + other

    def __mul__(self, other: Exact | Number) -> Exact:
        """The product."""
        if isinstance(other, Exact):
            top, most = _times(self.top, self.most, other.top, other.most)
            bottom, deepest = _times(self.bottom, self.deepest, other.bottom, other.deepest)
            return Exact(cast(Whole, top), bottom, most, deepest)
        by = Fraction(other)
        if isinstance(self.bottom, int):  # what both share is taken out, so that numbers stay small
            by = by / self.bottom
            top, most = _times(self.top, self.most, by.numerator, abs(by.numerator))
            return Exact(cast(Whole, top), by.denominator, most, by.denominator)
        top, most = _times(self.top, self.most, by.numerator, abs(by.numerator))
        bottom, deepest = _times(self.bottom, self.deepest, by.denominator, by.denominator)
        return Exact(cast(Whole, top), bottom, most, deepest)

    __rmul__ = __mul__

    def __truediv__(self, other: Exact | Number) -> Exact:
        """The quotient. Where the divisor is zero it is zero: whoever divides says before what zero means."""
        if not isinstance(other, Exact):
            return self * (1 / Fraction(other) if other else 0)
        size = where(_zero(other.top), 1, _whole(_size(other.top), other.most)).top
        sign = _whole(_sign(other.top), 1)
        bottom = other.bottom if not isinstance(other.bottom, int) else Fraction(other.bottom)
        inverse = sign * bottom if isinstance(bottom, Fraction) else sign * _whole(bottom, other.deepest)
        return self * Exact(inverse.top, size, inverse.most, max(1, other.most))

    def inverse(self) -> Exact:
        """One by it; zero where it is zero."""
        return self._beside(1) / self

    def __abs__(self) -> Exact:
        """The size."""
        return Exact(_size(self.top), self.bottom, self.most, self.deepest)

    def __lt__(self, other: Exact | Number) -> pl.Series:
        """Whether it is smaller, row by row."""
        one, two = _over_one(self, self._beside(other))
        a, b = _alike(one.top, two.top, max(one.most, two.most))
        return _yes(a < b)

    def __gt__(self, other: Exact | Number) -> pl.Series:
        """Whether it is larger."""
        return self._beside(other) < self

    def __le__(self, other: Exact | Number) -> pl.Series:
        """Whether it is not larger."""
        return ~(self > other)

    def __ge__(self, other: Exact | Number) -> pl.Series:
        """Whether it is not smaller."""
        return ~(self < other)

    def equals(self, other: Exact | Number) -> pl.Series:
        """Whether it is the same number."""
        return _yes(_zero((self - other).top))

    def least(self, other: Exact | Number) -> Exact:
        """The smaller of the two."""
        return where(self < other, self, other)

    def greatest(self, other: Exact | Number) -> Exact:
        """The larger of the two."""
        return where(self > other, self, other)

    def rounded(self, mode: Mode, unit: Fraction = Fraction(1)) -> Exact:
        """Rounded to whole units."""
        count = self * (1 / unit)
        size = abs(count)
        whole = size.floor()
        rest = size - whole
        match mode:
            case "half_up":
                more = rest >= Fraction(1, 2)
            case "half_even":
                odd = (whole * Fraction(1, 2)).floor() * 2 < whole
                more = (rest > Fraction(1, 2)) | (rest.equals(Fraction(1, 2)) & odd)
            case "up":
                more = rest > 0
            case "down":
                more = rest < 0
        return where(more, whole + 1, whole) * _whole(_sign(count.top), 1) * unit

    def floor(self) -> Exact:
        """The largest whole number that is not above it."""
        if isinstance(self.bottom, int) and self.bottom == 1:
            return self
        return _whole(_divided(self), self.most)

    def minor(self, digits: int, what: str) -> pl.Series:
        """Int64 of the smallest units of a currency, of which the numbers must be whole multiples.

        Raises:
            Overflow: one is beyond 10^18 of them; `what` names it.
        """
        whole = (self * 10**digits).floor()._fitted()
        if whole.most > MOST_PAY:
            raise Overflow(what)
        return cast(pl.Series, whole.top).cast(pl.Int64)

    def to_fractions(self) -> list[Fraction]:
        """Row by row as Python's fractions."""
        tops = [int(top) for top in self.top.tolist()] if isinstance(self.top, np.ndarray) else self.top.to_list()
        if isinstance(self.bottom, int):
            return [Fraction(top, self.bottom) for top in tops]
        return [Fraction(top, int(bottom)) for top, bottom in zip(tops, self.bottom, strict=True)]

    def _beside(self, other: Exact | Number) -> Exact:
        return other if isinstance(other, Exact) else Exact.constant(other, len(self.top))

    def _fitted(self) -> Exact:
        """The same with the bound that the tops really have, in 128 bits where they fit."""
        most = _largest(self.top)
        top = self.top
        if isinstance(top, np.ndarray) and most < FITS:
            top = pl.Series(top.tolist(), dtype=pl.Int128)
        return Exact(top, self.bottom, most, self.deepest)


def where(yes: pl.Series, then: Exact | Number, otherwise: Exact | Number) -> Exact:
    """`then` in the rows where `yes`, `otherwise` in the others."""
    one = then if isinstance(then, Exact) else Exact.constant(then, len(yes))
    two = otherwise if isinstance(otherwise, Exact) else Exact.constant(otherwise, len(yes))
    one, two = _over_one(one, two)
    a, b = _alike(one.top, two.top, max(one.most, two.most))
    picked = a.zip_with(yes, b) if isinstance(a, pl.Series) else np.where(yes.to_numpy(), a, b)
    return Exact(picked, one.bottom, max(one.most, two.most), one.deepest)


def total(parts: Sequence[Exact], height: int) -> Exact:
    """The sum of some columns."""
    found = Exact.constant(0, height)
    for part in parts:
        found = found + part
    return found


def _whole(values: Whole, most: int) -> Exact:
    return Exact(values, 1, most, 1)


def _over_one(one: Exact, two: Exact) -> tuple[Exact, Exact]:
    """Both over the same bottom."""
    if one.bottom is two.bottom:
        return one, two
    if isinstance(one.bottom, int) and isinstance(two.bottom, int):
        bottom: Bottom = lcm(one.bottom, two.bottom)
        up, other_up = cast(int, bottom) // one.bottom, cast(int, bottom) // two.bottom
        left, right = _times(one.top, one.most, up, up), _times(two.top, two.most, other_up, other_up)
        deepest = cast(int, bottom)
    else:
        bottom, deepest = _times(one.bottom, one.deepest, two.bottom, two.deepest)
        left = _times(one.top, one.most, two.bottom, two.deepest)
        right = _times(two.top, two.most, one.bottom, one.deepest)
    return (
        Exact(cast(Whole, left[0]), bottom, left[1], deepest),
        Exact(cast(Whole, right[0]), bottom, right[1], deepest),
    )


def _times(one: Bottom, most: int, two: Bottom, by: int) -> tuple[Bottom, int]:
    """The product of whole numbers, with its bound."""
    if isinstance(one, int) and isinstance(two, int):
        return one * two, abs(one * two)
    if isinstance(two, int) and two == 1:
        return one, most
    if isinstance(one, int) and one == 1:
        return two, by
    if most * by >= FITS:
        most, by = _largest(one), _largest(two)
    a, b = _alike(one, two, most * by)
    return a * b, most * by


def _alike(one: Bottom, two: Bottom, most: int) -> tuple[Any, Any]:
    """Both in a form in which they can be calculated with each other, where results may be as large as `most`."""
    large = any(isinstance(each, np.ndarray) or (isinstance(each, int) and each >= FITS) for each in (one, two))
    if most >= FITS or large:
        return _unlimited(one), _unlimited(two)
    return _series(one), _series(two)


def _series(values: Bottom) -> Any:
    return pl.Series([values], dtype=pl.Int128) if isinstance(values, int) else values


def _unlimited(values: Bottom) -> Any:
    return np.array(values.to_list(), dtype=object) if isinstance(values, pl.Series) else values


def _largest(values: Bottom) -> int:
    if isinstance(values, int):
        return abs(values)
    if isinstance(values, np.ndarray):
        return max((abs(int(value)) for value in values), default=0)
    return max(abs(int(cast(int, values.max() or 0))), abs(int(cast(int, values.min() or 0))))


def _divided(number: Exact) -> Any:
    a, b = _alike(number.top, number.bottom, max(number.most, number.deepest))
    return a // b


def _size(values: Whole) -> Whole:
    return cast(Whole, abs(values)) if isinstance(values, np.ndarray) else values.abs()


def _sign(values: Whole) -> pl.Series:
    if isinstance(values, np.ndarray):
        return pl.Series([(value > 0) - (value < 0) for value in values], dtype=pl.Int128)
    return (values > 0).cast(pl.Int128) - (values < 0).cast(pl.Int128)


def _zero(values: Whole) -> pl.Series:
    return _yes(values == 0)


def _yes(found: Any) -> pl.Series:
    return found if isinstance(found, pl.Series) else pl.Series(np.asarray(found, dtype=bool), dtype=pl.Boolean)
