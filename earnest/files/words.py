"""Exact numbers as people read them: minor units, scaled rates and shares become decimal text, column by column."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from shared.explanation.numbers import ATTAINMENT_DIGITS
from shared.kernel.exact import NUMBER_SCALE, WHOLE_SHARE, whole, wide
from shared.money import minor_digits

SHARE_DIGITS = len(str(WHOLE_SHARE)) - 3
"""Decimals of a share written in percent."""
NUMBER_DIGITS = len(str(NUMBER_SCALE)) - 1
"""Decimals of a measure or a quota."""


def decimal_text(value: pl.Expr, digits: int, at_least: int) -> pl.Expr:
    """A whole number of 10^-digits as decimal text, with `at_least` decimals and no idle zeros beyond them."""
    sign = pl.when(value < whole(0)).then(pl.lit("-")).otherwise(pl.lit(""))
    if digits == 0:
        return sign + value.abs().cast(pl.String)
    padded = value.abs().cast(pl.String).str.zfill(digits + 1)
    fraction = padded.str.tail(digits)
    kept = fraction.str.head(at_least) + fraction.str.slice(at_least).str.strip_chars_end("0")
    point = pl.when(kept == "").then(pl.lit("")).otherwise(pl.lit("."))
    return sign + padded.str.head(-digits) + point + kept


def money(column: str, currencies: Iterable[str], finer: int = 0) -> pl.Expr:
    """Amounts in 10^-finer minor units as text in major units of the row's `currency`, with that currency's decimals."""
    found = pl.lit(None, dtype=pl.String)
    for currency in currencies:
        digits = minor_digits(currency)
        text = decimal_text(wide(column), digits + finer, digits)
        found = pl.when(pl.col("currency") == currency).then(text).otherwise(found)
    return found


def number(column: str, currencies: Iterable[str]) -> pl.Expr:
    """Numbers in 10^-9 as text, with at least the decimals of the row's `currency`."""
    found = pl.lit(None, dtype=pl.String)
    for currency in currencies:
        text = decimal_text(wide(column), NUMBER_DIGITS, minor_digits(currency))
        found = pl.when(pl.col("currency") == currency).then(text).otherwise(found)
    return found


def percent(column: str, digits: int) -> pl.Expr:
    """A column of 10^-digits percent as text, `62.5%`."""
    return decimal_text(wide(column), digits, 0) + pl.lit("%")


def attainment(measure: str) -> pl.Expr:
    """A measure in percent of `quota`, only to be read, as `shared.explanation.numbers.attainment` has it; blank without a quota."""
    scaled = wide(pl.col(measure).abs()) * whole(100 * 10**ATTAINMENT_DIGITS)
    quota = wide("quota")
    cut = scaled // quota
    odd = cut + ((cut * quota != scaled) & (cut % whole(2) == whole(0))).cast(pl.Int128)
    signed = pl.when(pl.col(measure) < 0).then(whole(0) - odd).otherwise(odd)
    return pl.when(pl.col("quota") > 0).then(decimal_text(signed, ATTAINMENT_DIGITS, 0) + pl.lit("%"))
