"""What the deals of closed months earn now and earned when a run last looked: where a prior-period adjustment comes
from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import polars as pl

from shared.periods import Month

KEY: Final = ["participant_id", "currency", "period", "component", "deal_id"]
RULE_KEY: Final = ["participant_id", "currency", "period", "component", "rule"]


class Corrected(NamedTuple):
    """What closed months that were corrected earn by now, and earned when a run last looked.

    Args:
        deals: deals that earn something else: `KEY`, `amount` (when a run last looked), `amount_now`, `was_there` and
            `is_there` (whether it had a line), and `deal_amount`, `deal_currency`, `refunds` and `shares` as they were
            when a run last looked; by key.
        others: the same of what no deal earned, with `rule` in place of the deal.
        looked_at: by participant and month the run that last looked; empty where too much changed for what it saw to be
            told.
    """

    deals: pl.DataFrame
    others: pl.DataFrame
    looked_at: Mapping[tuple[str, Month], str]


def compared(before: pl.DataFrame, after: pl.DataFrame, *, key: Sequence[str] = tuple(KEY)) -> pl.DataFrame:
    """`Corrected.deals` between two tables `by_deal`, or `Corrected.others` between two `by_rule`."""
    # A deal may earn something new, or nothing any more: both sides stay.
    both = before.join(after.select(*key, "amount"), on=list(key), how="full", suffix="_now", coalesce=True)
    both = both.with_columns(was_there=pl.col("amount").is_not_null(), is_there=pl.col("amount_now").is_not_null())
    both = both.with_columns(pl.col("amount", "amount_now").fill_null(0))
    return both.filter(pl.col("amount") != pl.col("amount_now")).sort(key)


def by_deal(lines: pl.DataFrame, *more: str) -> pl.DataFrame:
    """What each deal earned each participant in a month, its amount and refunds, the participant's shares of it by
    rule, and what else is asked for.
    """
    of_deals = lines.filter(pl.col("deal_id").is_not_null())
    return of_deals.group_by(KEY).agg(
        pl.col("amount").sum(),
        pl.col("deal_amount", "refunds", *more).first(),  # facts of the deal, the same on every line of it
        # Distinct: tiers make several lines of one share.
        pl.struct("rule", "share").unique(maintain_order=True).alias("shares"),
    )


def by_rule(lines: pl.DataFrame) -> pl.DataFrame:
    """What each participant earned in a month without a deal, by what earned it."""
    return lines.filter(pl.col("deal_id").is_null()).group_by(RULE_KEY).agg(pl.col("amount").sum())
