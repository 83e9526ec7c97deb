"""Attainments as people read them: on the side of every threshold on which the number lies that pay is made from."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from earnest.files import display
from shared.explanation.numbers import attainment, plain
from shared.kernel.arithmetic.exact_column import ExactColumn
from shared.kernel.evaluation.pay import shown
from shared.kernel.tables import NUMBER

MILLION = 10**6


def as_kept(number: Fraction) -> Decimal:
    """A number as earnings and lines keep it."""
    kept: Decimal = shown(ExactColumn.fractions([number]), "a number").item()
    return kept


@pytest.mark.parametrize(
    ("measured", "quota", "said"),
    [
        (25_001, 100_000, "25.001"),
        (95, 100, "95.00"),
        (1, 3, "33.33333"),
        (2, 3, "66.66667"),
        (1_000_001, MILLION, "100.0001"),
        (10_000_001, 10 * MILLION, "100.00001"),
        (9_999_999, 10 * MILLION, "99.99999"),
        (100, 100, "100.00"),
        (9_999_985, 10 * MILLION, "99.99985"),
        (39_999_999_999, 40_000_000_000, "99.99999"),
        (99_999_899_999, 10**11, "99.99989"),
        (-1, 3, "-33.33333"),
        (0, 7, "0.00"),
        (10**27, 1, "100000000000000000000000000000.00"),
    ],
)
def test_an_attainment_has_two_decimals_or_those_that_decide(measured: int, quota: int, said: str) -> None:
    assert f"{attainment(as_kept(Fraction(measured, quota))):f}" == said


@given(st.integers(-(10**12), 10**12), st.fractions(min_value=0, max_denominator=10**9), st.integers(-(10**7), 10**7))
def test_an_attainment_is_shown_on_its_own_side_of_every_threshold(
    measured: int, quota: Fraction, millionths: int
) -> None:
    used = measured / (quota + 1)
    kept = as_kept(used)
    mark = Fraction(millionths, MILLION)
    for shows in (Fraction(kept), Fraction(attainment(kept)) / 100):
        assert (shows < mark, shows > mark) == (used < mark, used > mark)


@given(st.decimals(-(10**12), 10**12, places=9))
def test_files_and_sentences_show_the_same_attainment(share: Decimal) -> None:
    row = pl.DataFrame({"attainment": [share]}, schema={"attainment": NUMBER})
    text = row.select(display.attainment("attainment")).item()
    assert Decimal(text.removesuffix("%")) == attainment(share)


def test_a_number_of_many_digits_is_not_rounded_by_writing_it() -> None:
    number = Decimal("1234567890123456789012345678.123456789")
    assert f"{plain(number, 2):f}" == "1234567890123456789012345678.123456789"
