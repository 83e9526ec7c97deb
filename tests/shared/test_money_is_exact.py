"""Money at the edges: exact or an error, never a rounded guess."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.money import AmountTooLarge, InexactAmount, UnknownCurrency, from_minor, minor_digits, to_minor


@pytest.mark.parametrize(("currency", "digits"), [("USD", 2), ("EUR", 2), ("JPY", 0), ("KWD", 3)])
def test_a_currency_has_its_own_decimals(currency: str, digits: int) -> None:
    assert minor_digits(currency) == digits


@given(st.integers(-(10**15), 10**15), st.sampled_from(["USD", "JPY", "KWD"]))
def test_minor_units_survive_the_way_out_and_back(minor: int, currency: str) -> None:
    assert to_minor(from_minor(minor, currency), currency) == minor


def test_an_amount_with_more_decimals_than_its_currency_is_refused() -> None:
    with pytest.raises(InexactAmount, match="more than 2 decimals"):
        to_minor(Decimal("1.005"), "USD")
    with pytest.raises(InexactAmount, match="more than 0 decimals"):
        to_minor(Decimal("1.5"), "JPY")


def test_what_is_no_currency_is_refused() -> None:
    with pytest.raises(UnknownCurrency, match="'ZZZ' is not a currency"):
        to_minor(Decimal(1), "ZZZ")


def test_an_amount_beyond_what_is_computed_with_is_refused() -> None:
    with pytest.raises(AmountTooLarge):
        to_minor(Decimal(10) ** 15, "USD")
