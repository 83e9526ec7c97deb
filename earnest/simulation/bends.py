"""Where a function of amounts that is calculated, not known, does not run straight: its bends and its jumps."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Final

PARTS: Final = 4
"""Into how many parts an interval is divided whose values do not lie on a line."""
AT_ONCE: Final = 1500
"""Amounts that are calculated in one go after the first; of more intervals, those that are furthest off the line."""
GOES: Final = 24
"""Enough to divide the longest interval down to 1; a curve, which bends everywhere, is left before."""


def along_bends(
    amounts: Sequence[int],
    values: Sequence[int],
    *,
    pay: Callable[[Sequence[int]], list[int]],
    tolerance: int,
) -> tuple[list[int], list[int]]:
    """The amounts with those around each bend and jump between them, and the values of all.

    Args:
        amounts: rising, each once.
        values: what `pay` gives for each of them.
        pay: the function, of many amounts at once.
        tolerance: how far off a line a value may lie that is only rounded.
    """
    known = dict(zip(amounts, values, strict=True))
    intervals = [(low, high) for low, high in pairwise(amounts) if high - low > 1]
    for _ in range(GOES):
        if not intervals:
            break
        inner = sorted({each for low, high in intervals for each in _between(low, high)})
        known |= dict(zip(inner, pay(inner), strict=True))
        bent = [part for low, high in intervals for part in _bent(low, high, known=known, tolerance=tolerance)]
        furthest = sorted(bent, reverse=True)[: AT_ONCE // (PARTS - 1)]
        intervals = [(low, high) for _, low, high in furthest]
    tried = sorted(known)
    return tried, [known[amount] for amount in tried]


def crossings(
    columns: Collection[Fraction], numbers: Collection[Fraction], *, factors: Sequence[Fraction]
) -> set[Fraction]:
    """Amounts at which a quotient, product or difference of the amount and another column is one of the numbers: a
    margin of 30% is one of the largest amount that has it.

    Args:
        columns: what the deal has beside its amount.
        numbers: those of the plans.
        factors: of what is credited of an amount.
    """
    return {
        crossing / factor
        for column in set(columns) - {Fraction(0)}
        for number in set(numbers) - {Fraction(0)}
        for crossing in (column / number, column * number, column + number, column / (1 - number or 1))
        for factor in {Fraction(1), *factors}
    }


def _between(low: int, high: int) -> list[int]:
    """The ends of its parts within an interval."""
    return sorted({low + (high - low) * step // PARTS for step in range(1, PARTS)} - {low})


def _bent(low: int, high: int, *, known: dict[int, int], tolerance: int) -> Iterator[tuple[int, int, int]]:
    """The parts of an interval whose values do not lie on the line between its ends, with how far they are off."""
    inner = _between(low, high)
    length, rise = high - low, known[high] - known[low]
    off = max(abs((known[each] - known[low]) * length - rise * (each - low)) for each in inner)
    if off > tolerance * length:
        yield from ((off // length, one, two) for one, two in pairwise([low, *inner, high]) if two - one > 1)
