"""Owners and holders by the names that other systems have for them: an e-mail address, the id of a CRM."""

from __future__ import annotations

import polars as pl

from shared.kernel.plan.plan_set import PlanSet
from shared.kernel.roster import Roster, alias_key

AMBIGUOUS = "ambiguous_alias"


def with_participants(deals: pl.DataFrame, roster: Roster, *, plans: PlanSet) -> pl.DataFrame:
    """The deals, in whose owner, splits and columns of participants the alias of exactly one participant stands for
    that participant. Two shares of a deal that are one participant's are one share.

    An address of e-mail that is nobody's comes out in small letters, by which it is looked for.
    """
    named = [name for name in ("owner", *plans.participant_columns) if name in deals.columns]
    splits = deals["splits"].drop_nulls()
    looked_at = [*(deals[name] for name in named), splits.explode().struct.field("participant_id")]
    # Mostly nothing is to be done, and this is the hot path: neither aliases, nor addresses of e-mail.
    if roster.by_alias.is_empty() and not any(names.str.contains("@", literal=True).any() for names in looked_at):
        return deals
    meant = [_participant(pl.col(name), roster).alias(name) for name in named]
    return deals.with_columns(*meant, *([_merged_shares(deals, roster)] if splits.len() else []))


def named_by_alias(uncredited: pl.DataFrame, roster: Roster) -> pl.DataFrame:
    """`UNCREDITED` of which those unknown participants say so who are an alias that several share, and whose."""
    if roster.shared_aliases.is_empty():
        return uncredited
    shared = roster.shared_aliases.with_columns(pl.col("whose").list.join(", "))
    ambiguous = pl.col("reason").eq("unknown_participant") & pl.col("whose").is_not_null()
    found = uncredited.with_columns(alias=alias_key(pl.col("participant_id"))).join(shared, on="alias", how="left")
    return found.with_columns(
        reason=pl.when(ambiguous).then(pl.lit(AMBIGUOUS)).otherwise("reason"),
        about=pl.when(ambiguous).then("whose").otherwise("about"),
    ).select(uncredited.columns)


def _participant(name: pl.Expr, roster: Roster) -> pl.Expr:
    key, by_alias = alias_key(name), roster.by_alias
    meant = key.replace_strict(by_alias["alias"], by_alias["participant_id"], default=None, return_dtype=pl.String)
    own = name.is_in(roster.odd_ids.implode())
    return pl.when(own).then(name).otherwise(pl.coalesce(meant, key))


def _merged_shares(deals: pl.DataFrame, roster: Roster) -> pl.Series:
    shares = (
        deals.select("splits")
        .with_row_index("deal")
        .explode("splits")
        .unnest("splits")
        .drop_nulls("participant_id")
        .with_columns(participant_id=_participant(pl.col("participant_id"), roster))
        .group_by("deal", "participant_id", maintain_order=True)
        .agg(pl.col("share").sum())
    )
    lists = shares.group_by("deal", maintain_order=True).agg(splits=pl.struct("participant_id", "share"))
    numbered = deals.select("deal_id").with_row_index("deal")
    return numbered.join(lists, on="deal", how="left", maintain_order="left")["splits"]
