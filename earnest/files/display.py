"""Exact numbers as people read them: minor units, scaled rates and shares become decimal text, column by column."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from functools import partial

import polars as pl

from shared.explanation.numbers import ATTAINMENT_DIGITS
from shared.kernel.arithmetic.expressions import NUMBER_DIGITS, WHOLE_SHARE, wide
from shared.money import minor_digits

SHARE_DIGITS = len(str(WHOLE_SHARE)) - 3
"""Decimals of a share written in percent."""


def decimal_text(value: pl.Expr, digits: int, *, at_least: int) -> pl.Expr:
    """A whole number of 10^-digits as decimal text, with `at_least` decimals and no idle zeros beyond them."""
    # By columns at hand and not by expressions: what all of a column has in common is seen, and nothing is done twice.
    return value.map_batches(
        partial(_decimal_text, digits=digits, at_least=at_least), return_dtype=pl.String, is_elementwise=True
    )


def _decimal_text(numbers: pl.Series, *, digits: int, at_least: int) -> pl.Series:
    idle, numbers = digits - at_least, numbers.cast(pl.Int128)
    if idle and (numbers % _whole(10**idle) == _whole(0)).all():  # as of most columns: half the work
        numbers, digits, idle = numbers // _whole(10**idle), at_least, 0
    if digits == 0:
        return numbers.cast(pl.String)
    # As a decimal of that scale, which is written in one go: several times as quick as cutting texts. Sums have 25
    # digits at most, so that 38 hold them with their decimals.
    text = (numbers.cast(pl.Decimal(38, digits)) * pl.Series([Decimal(1).scaleb(-digits)])).cast(pl.String)
    if not idle:
        return text
    if at_least:
        return text.str.head(-idle) + text.str.tail(idle).str.strip_chars_end("0")
    return text.str.strip_chars_end("0").str.strip_chars_end(".")


def money(column: str, currencies: Iterable[str], *, finer: int = 0) -> pl.Expr:
    """Amounts in 10^-finer minor units as text in major units, with the decimals of the row's `currency`."""
    return _by_currency(currencies, lambda digits: decimal_text(wide(column), digits + finer, at_least=digits))


def number(column: str, currencies: Iterable[str]) -> pl.Expr:
    """Numbers as text, with at least the decimals of the row's `currency`."""
    scaled = pl.col(column).to_physical()
    return _by_currency(currencies, lambda digits: decimal_text(scaled, NUMBER_DIGITS, at_least=digits))


def plain_number(column: str, currencies: Iterable[str], *, finer: int = 0) -> pl.Expr:
    """What is counted in 10^-finer minor units as a number of major units, without idle zeros: `3`, `0.5`."""
    return _by_currency(currencies, lambda digits: decimal_text(wide(column), digits + finer, at_least=0))


def _by_currency(currencies: Iterable[str], text: Callable[[int], pl.Expr]) -> pl.Expr:
    """Each row's text by the decimals of its own `currency`; null where that is none of `currencies`."""
    texts = pl.lit(None, dtype=pl.String)
    for currency in currencies:
        texts = pl.when(pl.col("currency") == currency).then(text(minor_digits(currency))).otherwise(texts)
    return texts


def percent(column: str, digits: int) -> pl.Expr:
    """A column of 10^-digits percent as text, `62.5%`."""
    return decimal_text(wide(column), digits, at_least=0) + pl.lit("%")


def attainment(column: str) -> pl.Expr:
    """A column of attainments in percent, only to be read, as `shared.explanation.numbers.attainment` has it."""
    shown = pl.col(column).to_physical().map_batches(_shown_attainment, return_dtype=pl.Int128, is_elementwise=True)
    return decimal_text(shown, ATTAINMENT_DIGITS, at_least=0) + pl.lit("%")


def _shown_attainment(share: pl.Series) -> pl.Series:
    finer, whole = _whole(10 ** (NUMBER_DIGITS - 2 - ATTAINMENT_DIGITS)), share.abs().cast(pl.Int128)
    cut = whole // finer
    # What is cut makes the last digit odd: nothing is shown on a threshold that it has not reached.
    odd = cut + ((cut * finer != whole) & (cut % _whole(2) == _whole(0))).cast(pl.Int128)
    return odd * share.sign().cast(pl.Int128)


def _whole(number: int) -> pl.Series:
    return pl.Series([number], dtype=pl.Int128)
