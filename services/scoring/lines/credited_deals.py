"""What deals credit until a month ends: the credits, the facts of their deals, and who holds these."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl

from services.scoring.credit.deal_facts import DEAL_FACTS, deal_facts
from services.scoring.credit.deals import credits_of
from shared.kernel.tables import CREDITS, empty
from shared.periods import Month


@dataclass(frozen=True, kw_only=True)
class CreditedDeals:
    """What credits anyone until a month ends.

    Args:
        credits: `CREDITS` of the month, and of earlier ones where the deals are read.
        facts: `DEAL_FACTS` of their deals, and `closed_on`.
        holders: holder, latest: who holds the deals, and the last day on which one credits anyone.
    """

    credits: pl.DataFrame
    facts: pl.DataFrame
    holders: pl.DataFrame


def credited_deals(pages: Iterable[pl.DataFrame], period: Month) -> CreditedDeals:
    """What pages of stored deals (deal_id, close_date, owner, sharers, credits, facts) credit until the end of the
    month.

    Pages are let go one after the other: a month of deals as text is far more than what is kept of it.
    """
    credits, facts = [empty(CREDITS)], [pl.DataFrame(schema={**DEAL_FACTS, "closed_on": pl.Date()})]
    holders = [pl.DataFrame(schema={"holder": pl.String(), "latest": pl.Date()})]
    for page in pages:
        credits.append(credits_of(page).filter(pl.col("period") <= period))
        crediting = page.join(credits[-1], on="deal_id", how="semi", maintain_order="left")
        # `deal_facts` keeps the order of its rows, so that the date can be laid beside them.
        facts.append(deal_facts(crediting).with_columns(crediting["close_date"].alias("closed_on")))
        holders += _holders(crediting, credits[-1])
    return CreditedDeals(credits=pl.concat(credits), facts=pl.concat(facts), holders=_latest(pl.concat(holders)))


def _holders(deals: pl.DataFrame, credits: pl.DataFrame) -> list[pl.DataFrame]:
    dates = credits.select("deal_id", latest="credit_date")
    dated = deals.select("deal_id", "owner", "sharers").join(dates, on="deal_id")
    shared = dated.filter(pl.col("sharers").is_not_null()).explode("sharers")
    return [_latest(dated.select("latest", holder="owner")), _latest(shared.select("latest", holder="sharers"))]


def _latest(holders: pl.DataFrame) -> pl.DataFrame:
    return holders.drop_nulls("holder").group_by("holder").agg(pl.col("latest").max())
