"""Decimals are bounded before they are expanded: an exponent costs nothing to write and all memory to write out."""

from __future__ import annotations

import pytest

from shared.decimals import NotDecimal, bounded_decimal, figure, moved, plain_decimal

HOSTILE = [
    "1e999999999",
    "1e-999999999",
    "1E+100",
    "9" * 5000,
    "0." + "1" * 5000,
    "nan",
    "-inf",
    "sNaN",
    "1_000",
    "1,000",
    "",
    "٣",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_numbers_that_cannot_be_amounts_are_refused_by_their_text(text: str) -> None:
    for read in (plain_decimal, bounded_decimal):
        with pytest.raises(NotDecimal, match="is not a decimal number"):
            read(text)
    assert figure(f"{text}%") == f"{text}%"


def test_the_point_moves_exactly_whatever_the_digits() -> None:
    assert moved("125050", -2) == "1250.50"
    assert moved("-1.5E3", 2) == "-150000"
    assert moved("123456789012345678901234567890.123456789012", -2) == "1234567890123456789012345678.90123456789012"
    assert (figure("6%"), figure("12.5 %"), figure("0.06"), figure("6%%")) == ("0.06", "0.125", "0.06", "6%%")
