"""Numbers of a column are written alike, whatever stands beside them in it: short ways for columns of which all have few
decimals change no text.
"""

from __future__ import annotations

from decimal import Decimal

import polars as pl
import pytest

from earnest.files.display import attainment, decimal_text
from shared.spreadsheets import neutral, neutral_table

NUMBERS = [None, 0, 7, -7, 100, -12_345_600, 10**9, 10**24, -(10**24) + 1, 120_000_000]
FINE = 123_456_789
"""A number with as many decimals as there are."""


@pytest.mark.parametrize(("digits", "at_least"), [(0, 0), (2, 2), (9, 2), (7, 0), (9, 0)])
def test_a_number_is_written_alike_beside_any_other(digits: int, at_least: int) -> None:
    def written(numbers: list[int | None]) -> list[str | None]:
        column = pl.DataFrame({"it": pl.Series(numbers, dtype=pl.Int128)})
        return column.select(decimal_text(pl.col("it"), digits, at_least=at_least)).to_series().to_list()

    together = written([*NUMBERS, FINE])[:-1]
    assert [written([number])[0] for number in NUMBERS] == together
    assert written([]) == []
    for number, text in zip(NUMBERS, together, strict=True):
        if number is None or text is None:
            assert number is text
            continue
        assert Decimal(text) == Decimal(number).scaleb(-digits)
        decimals = len(text.partition(".")[2])
        assert at_least <= decimals <= digits
        assert decimals == at_least or not text.endswith("0")


def test_attainments_are_cut_with_an_odd_last_digit() -> None:
    shares = pl.DataFrame({"it": pl.Series([10**9, 999_999_999, -999_999_999, 0, None], dtype=pl.Int128)})
    assert shares.select(attainment("it")).to_series().to_list() == ["100%", "99.99999%", "-99.99999%", "0%", None]


def test_a_text_that_could_be_a_formula_is_kept_from_it_in_any_column() -> None:
    texts = ["=1+1", "plain", "-5.00", "-", "@sum", None]
    table = pl.DataFrame({"few": texts, "none": ["a", "b", "c", "d", "e", None]})
    assert neutral_table(table)["few"].to_list() == ["'=1+1", "plain", "-5.00", "-", "'@sum", None]
    assert neutral_table(table)["none"].to_list() == table["none"].to_list()
    assert neutral("=1+1") == "'=1+1"
