"""What a deal is worth to a plan: its money in the plan's currency, and a share of it."""

from __future__ import annotations

from decimal import Decimal

import polars as pl

from shared.kernel.exact import RATE_SCALE, scaled, whole, wide
from shared.kernel.plan import Plan
from shared.money import minor_digits


def portion(amount: pl.Expr, share: Decimal) -> pl.Expr:
    """A share of whole minor units, halves away from zero."""
    product = wide(amount.abs()) * whole(scaled(abs(share), RATE_SCALE))
    rounded = (product * whole(2) + whole(RATE_SCALE)) // whole(2 * RATE_SCALE)
    return (rounded * amount.sign() * (-1 if share < 0 else 1)).cast(pl.Int64)


def exchanged(due: pl.DataFrame, amount: pl.Expr, plan: Plan, *, counts: bool) -> tuple[pl.DataFrame, pl.Expr]:
    """The amounts in the plan's currency, with the rate of the credit date; deals without a rate are left out. Counts stay counts."""
    if plan.exchange is None:
        return due.with_columns(exchange=pl.lit("")), amount
    table = pl.DataFrame(
        [(each.currency, each.effective_from, each.rate) for each in plan.exchange.rates],
        schema={"currency": pl.String, "from": pl.Date, "rate": pl.Decimal(38, 6)},
        orient="row",
    ).sort("from")
    rated = due.sort("credit_date").join_asof(
        table, left_on="credit_date", right_on="from", by="currency", check_sortedness=False
    )
    own = pl.col("currency") == plan.currency
    rated = rated.with_columns(rate=pl.lit(1, dtype=pl.Decimal(38, 6))) if counts else rated
    rated = rated.filter(own | pl.col("rate").is_not_null()).with_columns(
        exchange=pl.when(own | pl.lit(counts))
        .then(pl.lit(""))
        .otherwise(pl.col("rate").cast(pl.String).str.strip_chars_end("0").str.strip_chars_end("."))
    )
    digits = {code: minor_digits(code) for code in rated["currency"].unique()} | {plan.currency: plan.digits}
    scale = pl.col("currency").replace_strict({code: 10**each for code, each in digits.items()}, return_dtype=pl.Int128)
    micro = (pl.col("rate") * pl.lit(10**6).cast(pl.Decimal(38, 0))).cast(pl.Int128) * whole(10**plan.digits)
    bottom = scale * whole(10**6)
    size = (wide(amount.abs()) * micro * whole(2) + bottom) // (bottom * whole(2))
    return rated, pl.when(own).then(amount).otherwise((size * amount.sign()).cast(pl.Int64))
