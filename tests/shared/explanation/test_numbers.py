"""Attainments as people read them: on the side of every threshold on which the number lies that pay is made from."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from earnest.files import words
from shared.explanation.numbers import attainment

MILLION = 10**6


@pytest.mark.parametrize(
    ("measured", "quota", "said"),
    [
        (25_001, 100_000, "25.001"),
        (95, 100, "95.00"),
        (1, 3, "33.3333"),
        (2, 3, "66.6667"),
        (1_000_001, MILLION, "100.0001"),
        (10_000_001, 10 * MILLION, "100.0001"),
        (9_999_999, 10 * MILLION, "99.9999"),
        (100, 100, "100.00"),
        (-1, 3, "-33.3333"),
        (0, 7, "0.00"),
    ],
)
def test_an_attainment_has_two_decimals_or_those_that_decide(measured: int, quota: int, said: str) -> None:
    assert f"{attainment(measured, quota):f}" == said


@given(st.integers(-(10**12), 10**12), st.integers(1, 10**9), st.integers(-(10**7), 10**7))
def test_an_attainment_is_shown_on_its_own_side_of_every_threshold(measured: int, quota: int, millionths: int) -> None:
    shown, used = Fraction(attainment(measured, quota)) / 100, Fraction(measured, quota)
    mark = Fraction(millionths, MILLION)
    assert (shown < mark, shown > mark) == (used < mark, used > mark)


@given(st.integers(-(10**12), 10**12), st.integers(1, 10**9))
def test_files_and_sentences_show_the_same_attainment(measured: int, quota: int) -> None:
    row = pl.DataFrame({"after": [measured], "quota": [quota]}, schema={"after": pl.Int128, "quota": pl.Int128})
    text = row.select(words.attainment("after")).item()
    assert Decimal(text.removesuffix("%")) == attainment(measured, quota)
