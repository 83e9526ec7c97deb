"""Who holds a deal, and which part of it, or of an amount that a rule names, is whose."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from shared.kernel.arithmetic.expressions import WHOLE_SHARE, allocated
from shared.kernel.crediting.deal_amounts import exact_number
from shared.kernel.language.credit_columns import NET, PART
from shared.kernel.language.crediting_rules import CreditingRule


def holders_of(deals: pl.DataFrame) -> pl.DataFrame:
    """One row per holder of each deal: the deal's columns, `participant_id`, `share` and the credited `PART`."""
    owned = deals.filter(pl.col("splits").is_null() & pl.col("owner").is_not_null()).with_columns(
        pl.col(NET).alias(PART), participant_id="owner", share=pl.lit(WHOLE_SHARE, dtype=pl.Int64)
    )
    shared = deals.filter(pl.col("splits").is_not_null())
    if shared.is_empty():
        return owned.drop("splits")
    divided = (
        shared.explode("splits")
        .unnest("splits")
        .with_columns(allocated(NET, "share", within="deal_id", ties="participant_id").alias(PART))
    )
    return pl.concat([owned.drop("splits"), divided.select(name for name in owned.columns if name != "splits")])


def with_parts(holders: pl.DataFrame, rules: Sequence[CreditingRule]) -> pl.DataFrame:
    """Beside `PART`, the part of each amount that rules name: a column by the name of the expression."""
    for text in sorted({rule.amount for rule in rules if rule.amount is not None}):
        name = part_of(text)
        known = holders.with_columns(exact_number(text, holders).alias(name))
        split = allocated(name, "share", within="deal_id", ties="participant_id")
        shared = pl.col("share") == WHOLE_SHARE
        holders = known.with_columns(pl.when(shared).then(pl.col(name)).otherwise(split).alias(name))
    return holders


def part_of(text: str | None) -> str:
    """The column that has a holder's part of an amount by this text; without one, of the deal's."""
    return PART if text is None else f"{PART} {text}"
