"""Exact columns calculate as Python's fractions do, also where numbers no longer fit into 128 bits."""

from __future__ import annotations

import os
from collections.abc import Callable
from fractions import Fraction
from math import floor, prod

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.kernel.arithmetic.exact_column import ExactColumn, total, where
from tests.reference_model.facts import rounded

some = settings(max_examples=2000 if os.environ.get("EARNEST_TEST_LONG") == "1" else 60, deadline=None)
sizes = st.sampled_from([1, 10**3, 10**18, 2**62, 2**100, 2**126, 2**140])
numbers = st.builds(
    lambda top, most, bottom: Fraction(top * most // 100, bottom),
    st.integers(-100, 100),
    sizes,
    st.sampled_from([1, 2, 3, 7, 100, 10**6, 10**9, 2**61 - 1]),
)
columns = st.integers(1, 4).flatmap(
    lambda height: st.tuples(*(st.lists(numbers, min_size=height, max_size=height) for _ in range(2)))
)
Pair = tuple[list[Fraction], list[Fraction]]


def over(one: Fraction, two: Fraction) -> Fraction:
    return one / two if two else Fraction(0)


SIGNS: dict[str, tuple[Callable[[ExactColumn, ExactColumn], ExactColumn], Callable[[Fraction, Fraction], Fraction]]] = {
    "+": (lambda a, b: a + b, lambda a, b: a + b),
    "-": (lambda a, b: a - b, lambda a, b: a - b),
    "*": (lambda a, b: a * b, lambda a, b: a * b),
    "/": (lambda a, b: a / b, over),
    "least": (lambda a, b: a.least(b), min),
    "greatest": (lambda a, b: a.greatest(b), max),
    "a * b - a": (lambda a, b: a * b - a, lambda a, b: a * b - a),
    "(a + b) / (a - b) * b": (lambda a, b: (a + b) / (a - b) * b, lambda a, b: over(a + b, a - b) * b),
}


@pytest.mark.parametrize("sign", list(SIGNS))
@some
@given(columns)
def test_columns_calculate_as_fractions(sign: str, pair: Pair) -> None:
    ours, pythons = SIGNS[sign]
    one, two = (ExactColumn.fractions(values) for values in pair)
    assert ours(one, two).to_fractions() == [pythons(a, b) for a, b in zip(*pair, strict=True)]


@some
@given(columns, numbers)
def test_columns_calculate_with_plain_numbers(pair: Pair, number: Fraction) -> None:
    column, values = ExactColumn.fractions(pair[0]), pair[0]
    assert (column + number).to_fractions() == [each + number for each in values]
    assert (number - column).to_fractions() == [number - each for each in values]
    assert (column * number).to_fractions() == [each * number for each in values]
    assert (column / number).to_fractions() == [over(each, number) for each in values]
    assert (column < number).to_list() == [each < number for each in values]
    assert (column >= number).to_list() == [each >= number for each in values]


@some
@given(columns)
def test_columns_compare_as_fractions(pair: Pair) -> None:
    one, two = (ExactColumn.fractions(values) for values in pair)
    both = list(zip(*pair, strict=True))
    assert (one < two).to_list() == [a < b for a, b in both]
    assert (one <= two).to_list() == [a <= b for a, b in both]
    assert one.equals(two).to_list() == [a == b for a, b in both]
    yes = pl.Series([number % 2 == 0 for number in range(len(both))])
    assert where(yes, one, otherwise=two).to_fractions() == [a if n % 2 == 0 else b for n, (a, b) in enumerate(both)]


@pytest.mark.parametrize("mode", ["half_up", "half_even", "up", "down"])
@some
@given(columns)
def test_columns_round_as_said(mode: str, pair: Pair) -> None:
    halves = [value + Fraction(1, 200) for value in pair[0]]
    for values in (pair[0], halves):
        column = ExactColumn.fractions(values)
        found = column.rounded(mode, Fraction(1, 100)).to_fractions()  # type: ignore[arg-type]
        assert found == [rounded(value, mode, 2) for value in values]
        assert column.floor().to_fractions() == [floor(value) for value in values]
        assert abs(column).to_fractions() == [abs(value) for value in values]


def test_a_sum_of_many_quotients_by_few_numbers_stays_in_lowest_terms() -> None:
    # Each deal's pay divided by the quota of its day: a hundred columns, whose quotas are two.
    quotas = [10**12 + 39, 10**12 + 61]
    parts = [Fraction(number, quotas[number % 2]) for number in range(200)]
    columns = [
        ExactColumn.constant(part.numerator) / ExactColumn.of(pl.Series([part.denominator, -part.denominator]))
        for part in parts
    ]
    assert total(columns, 2).to_fractions() == [sum(parts), -sum(parts)]
    halves = [
        ExactColumn.of(pl.Series([2 * 10**12, 4])).inverse() * ExactColumn.of(pl.Series([10**12, 2])) for _ in parts
    ]
    assert prod(halves, start=ExactColumn.constant(1, 2)).to_fractions() == [Fraction(1, 2) ** 200] * 2
