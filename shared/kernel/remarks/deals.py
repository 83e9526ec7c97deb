"""What deals say that is allowed and yet looks like a slip: one deal under two ids, and dates years ahead."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

import polars as pl

from shared.kernel.remarks.remark import SHOWN, Remark

YEARS_AHEAD: Final = 5
"""A date so many years after everything else is rather a slip in the year."""
RARE: Final = 100
"""Deals that are alike in everything are a slip where they are one in so many; where there are more, it is how the
company sells."""


def deal_remarks(deals: pl.DataFrame) -> list[Remark]:
    """What stands out among won deals of which something could be paid; of `DEALS` with the plans' columns."""
    won = deals.filter((pl.col("stage") == "won") & (pl.col("amount") != 0))
    alike = [name for name in won.columns if name not in ("deal_id", "owner")]
    last = last_of_the_many(won["close_date"])
    return [*duplicate_deals(won, alike, all_deals=won.height), *(far_ahead(won, last) if last else [])]


def duplicate_deals(deals: pl.DataFrame, alike: Sequence[str], *, all_deals: int) -> list[Remark]:
    """Deals that are alike in everything but their id, where that is rare: probably one deal that came under two ids.

    Args:
        deals: deal_id, owner, and the columns in which deals are `alike`, an amount and a date among them; one row
            each.
        alike: the columns.
        all_deals: how many deals there are.
    """
    numbers = [name for name in alike if deals.schema[name] in (pl.Int64, pl.Date)]
    # Texts and lists are expensive to compare: numbers and dates first, which leave few.
    likely = deals.filter(pl.struct("owner", *numbers).is_duplicated())
    twice = (
        likely.group_by("owner", *alike)
        .agg(pl.col("deal_id").unique().sort())
        .filter(pl.col("deal_id").list.len() > 1)
        .sort(pl.col("deal_id").list.first())
    )
    if twice["deal_id"].list.len().sum() > max(2 * SHOWN, all_deals // RARE):
        return []
    return [
        Remark(
            kind="deal_twice",
            participant_id=owner or "",
            says=f"Deals {', '.join(ids[:SHOWN])} are alike in amount, dates, account and whose they are."
            " If they are one deal, cancel all but one.",
        )
        for owner, ids in twice.select("owner", "deal_id").iter_rows()
    ]


def far_ahead(deals: pl.DataFrame, after: date) -> list[Remark]:
    """Deals (deal_id, close_date) that close years after a day: they are paid when that month comes, so rather
    never."""
    late = deals.filter(pl.col("close_date") > far_from(after)).sort("close_date", "deal_id")
    return [one_far_ahead(deal, day) for deal, day in late.select("deal_id", "close_date").iter_rows()]


def far_from(day: date) -> date:
    """The day beyond which a date is far ahead of another."""
    return day + timedelta(days=366 * YEARS_AHEAD)


def one_far_ahead(deal: str, close_date: date) -> Remark:
    """Such a deal."""
    says = (
        f"Deal {deal} closes on {close_date}, more than {YEARS_AHEAD} years ahead, and is not paid before."
        " If the year is a slip, correct its close_date."
    )
    return Remark(kind="date_far_ahead", participant_id="", says=says)


def last_of_the_many(days: pl.Series) -> date | None:
    """The last day before a gap of years that most days lie before: what is beyond is far ahead of everything else."""
    known = days.drop_nulls().sort()
    if known.is_empty():
        return None
    beyond = known.to_frame("day").with_columns(
        far=(pl.col("day").diff().dt.total_days() > 366 * YEARS_AHEAD) & (pl.int_range(pl.len()) > known.len() // 2)
    )
    last: date = beyond.filter(~pl.col("far").fill_null(value=False).cum_max())["day"][-1]
    return last
