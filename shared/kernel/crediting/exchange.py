"""What a deal is worth to a plan: its money in the plan's currency, and a share of it."""

from __future__ import annotations

from decimal import Decimal

import polars as pl

from shared.formatting import trimmed
from shared.kernel.arithmetic.exact_column import ExactColumn
from shared.kernel.arithmetic.expressions import RATE_SCALE, scaled, whole, wide
from shared.kernel.language.conventions import ExchangeRate
from shared.kernel.language.filters import minor_units
from shared.kernel.plan.version import Plan


def portion(amount: pl.Expr, share: Decimal) -> pl.Expr:
    """A share of whole minor units, halves away from zero."""
    product = wide(amount.abs()) * whole(scaled(abs(share), RATE_SCALE))
    rounded = (product * whole(2) + whole(RATE_SCALE)) // whole(2 * RATE_SCALE)
    return (rounded * amount.sign() * (-1 if share < 0 else 1)).cast(pl.Int64)


def exchanged(due: pl.DataFrame, amount: pl.Expr, *, plan: Plan, counts: bool) -> tuple[pl.DataFrame, pl.Expr]:
    """The amounts in the plan's currency, with `exchange`, the rate of the credit date. Counts stay counts, and null
    null. Where the plan has no rate both are null.

    The product is exact and rounded once, to the plan's smallest unit, halves away from zero.

    Raises:
        Overflow: an amount is beyond 10^18 minor units.
    """
    if plan.exchange is None:
        return due.with_columns(exchange=pl.lit("")), amount
    rated = due.sort("credit_date").join_asof(
        _rates(plan), left_on="credit_date", right_on="from", by="currency", check_sortedness=False
    )
    own = pl.col("currency") == plan.currency
    if counts:
        rated = rated.with_columns(top=pl.lit(1, pl.Int128), bottom=pl.lit(1, pl.Int128), exchange=pl.lit(""))
    # No rate on or before the day is no credit; `uncredited` tells it as `no_rate`. A later rate must not count: it was
    # not known when the deal was made.
    rated = rated.with_columns(exchange=pl.when(own).then(pl.col("exchange").fill_null("")).otherwise("exchange"))
    units = minor_units(rated["currency"]) | {plan.currency: 10**plan.digits}
    size = pl.col("currency").replace_strict(units, return_dtype=pl.Int128)
    top, bottom = pl.col("top").fill_null(1) * whole(10**plan.digits), pl.col("bottom").fill_null(1) * size
    known = rated.select(amount=wide(amount), top=top, bottom=bottom)
    # One fraction and one rounding: amount, by the smaller unit of the one currency, times the rate, times that of the
    # other. A JPY amount of 0 decimals and a KWD amount of 3 need no case of their own.
    exact = ExactColumn.of(known["amount"]) * ExactColumn.of(known["top"]) / ExactColumn.of(known["bottom"])
    in_plan = exact.rounded("half_up").minor(0, "the amount of a credit").alias("in_plan")
    is_known = known["amount"].is_not_null() & rated["exchange"].is_not_null()
    unknown = pl.when(is_known).then(in_plan).alias("in_plan")
    return rated.with_columns(unknown), pl.col("in_plan")


def _rates(plan: Plan) -> pl.DataFrame:
    """By currency and day what one unit is worth, `top / bottom`, and `exchange`, the same in words."""
    assert plan.exchange is not None
    return pl.DataFrame(
        [
            (rate.currency, rate.effective_from, *rate.worth.as_integer_ratio(), _said(rate, plan.currency))
            for rate in plan.exchange.rates
        ],
        schema={
            "currency": pl.String,
            "from": pl.Date,
            "top": pl.Int128,
            "bottom": pl.Int128,
            "exchange": pl.String,
        },
        orient="row",
    ).sort("from")


def _said(rate: ExchangeRate, currency: str) -> str:
    if rate.rate is not None:
        return f"1 {rate.currency} = {trimmed(rate.rate)} {currency}"
    assert rate.units is not None
    return f"{trimmed(rate.units)} {rate.currency} = 1 {currency}"
