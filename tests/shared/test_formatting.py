"""Numbers as people read them, and whole parts of a whole."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.formatting import amount, counted, grouped, money, percent, trimmed
from shared.money import UnknownCurrency, largest_remainder


@pytest.mark.parametrize(
    ("made", "text"),
    [
        (grouped(Decimal("12500.50")), "12,500.50"),
        (grouped(Decimal("1E+3")), "1,000"),
        (trimmed(Decimal("12500.50")), "12,500.5"),
        (trimmed(Decimal("1200")), "1,200"),
        (trimmed(Decimal("1.5"), 2), "1.50"),
        (trimmed(Decimal(7), 2), "7.00"),
        (amount(Decimal("0.5")), "0.50"),
        (amount(Decimal("1.255")), "1.255"),
        (amount(Decimal(-1200)), "-1,200"),
        (percent(Decimal("0.125")), "12.5%"),
        (percent(Decimal(12)), "1,200%"),
        (percent(Decimal("0.0000000000000000000000000000000001")), "0.00000000000000000000000000000001%"),
        (money(123450, "USD"), "1,234.50"),
        (money(-1234, "JPY", code=True), "-1,234 JPY"),
        (money(1234, "KWD", signed=True), "+1.234"),
        (money(0, "USD", signed=True), "+0.00"),
    ],
)
def test_a_number_is_written_with_all_that_it_has(made: str, text: str) -> None:
    assert made == text


def test_money_of_no_currency_is_refused() -> None:
    with pytest.raises(UnknownCurrency):
        money(1, "XYZ")


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=12), st.integers(0, 10**12))
def test_parts_sum_to_the_whole_and_are_within_one_of_their_share(weights: list[int], whole: int) -> None:
    shares = [Fraction(whole * weight, sum(weights) or 1) for weight in weights]
    total = whole if sum(weights) else 0
    parts = largest_remainder(shares, total)
    assert sum(parts) == total
    assert all(abs(part - share) < 1 for part, share in zip(parts, shares, strict=True))


def test_what_is_left_over_goes_to_the_largest_rest_and_of_equals_to_the_first() -> None:
    assert largest_remainder([Decimal("1.5"), Decimal("1.7"), Decimal("1.8")], 5) == [1, 2, 2]
    assert largest_remainder([Fraction(1, 2), Fraction(1, 2)], 1) == [1, 0]
    assert largest_remainder([Decimal("-1.5"), Decimal("-1.25")], -3) == [-2, -1]


def test_one_of_something_is_said_so() -> None:
    assert [counted(number, "payment") for number in (0, 1, 2345)] == ["0 payments", "1 payment", "2,345 payments"]
    assert counted(2, "entry", "entries") == "2 entries"
