"""A deal as it is stored: its facts, who holds it, whom it credits, and whom it does not and why. One row, so one
write.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

import polars as pl

from services.scoring.facts_codec import NO_FACTS, pack, pack_patch, unpack
from services.scoring.row_codec import NO_ROWS, decode_rows, encode_rows
from shared.contracts.deals import DealFact
from shared.facts import values_of
from shared.kernel import Credited
from shared.kernel.tables import CREDITS, UNCREDITED, empty

STORED = pl.Schema(
    {
        "deal_id": pl.String(),
        "version": pl.Int64(),
        "close_date": pl.Date(),
        "owner": pl.String(),
        "sharers": pl.List(pl.String()),
        "facts": pl.String(),
        "credits": pl.String(),
        "uncredited": pl.String(),
        "account": pl.String(),
    }
)
"""Deals as stored. `owner` holds a deal alone; `sharers` hold a split one, or are named by it beside its owner.
`credits` and `uncredited` are lists of rows without what the deal says itself: their deal, and as a rule their date and
with it their period. `account` is whose payments may be for it; null where it is not one line.
"""

CREDIT = {name: CREDITS[name] for name in CREDITS if name != "deal_id"}
"""The columns of a credit as it is listed beside its deal."""
_UNCREDITED = {name: UNCREDITED[name] for name in UNCREDITED if name != "deal_id"}


@dataclass(frozen=True, slots=True)
class DueDeal:
    """A deal to be credited: its version, its facts packed, and their values in force by path."""

    version: int
    packed: str
    values: Mapping[str, Any]


def due_deals(stored: pl.DataFrame, patches: Iterable[DealFact], *, again: Set[str]) -> dict[str, DueDeal]:
    """What is to be credited: deals that the patches change, and those of `again` that are stored (`STORED`)."""
    known = {
        deal_id: (version, facts)
        for deal_id, version, facts in stored.select("deal_id", "version", "facts").iter_rows()
    }
    by_deal: dict[str, list[DealFact]] = {}
    for patch in patches:
        by_deal.setdefault(patch.deal_id, []).append(patch)
    due: dict[str, DueDeal] = {}
    for deal_id, of_deal in by_deal.items():
        # This is the hot path: of a new deal's only patch all fields are in force, and go to the text as they came.
        if deal_id not in known and len(of_deal) == 1:
            [patch] = of_deal
            if patch.fields:
                packed = pack_patch(
                    patch.fields, patch.occurred_at, sequence=patch.sequence, source=patch.source, by=patch.by
                )
                due[deal_id] = DueDeal(1, packed, patch.fields)
            continue
        version, packed = known.get(deal_id, (0, NO_FACTS))
        facts = unpack(packed)
        # A sum, and not any(): that would leave off at the first patch which changes something.
        changes = sum(patch.merge_into(facts) for patch in of_deal)
        if changes:
            due[deal_id] = DueDeal(version + changes, pack(facts), values_of(facts))
    for deal_id in again & known.keys() - due.keys():
        version, packed = known[deal_id]
        due[deal_id] = DueDeal(version, packed, values_of(unpack(packed)))
    return due


def taken_back(stored: pl.DataFrame, patches: Iterable[DealFact]) -> list[str]:
    """Deals of which the patches take a payment back: with a null, a negative amount, or another payment under its
    id.
    """
    # Only what is paid less than before matters: what was released by a payment has to be looked at again.
    paying = [(patch.deal_id, paid) for patch in patches if (paid := _payments(patch.fields))]
    if not paying:
        return []
    names = pl.Series([deal_id for deal_id, _ in paying])
    known = stored.filter(pl.col("deal_id").is_in(names.implode()))
    before = {
        deal_id: _payments(values_of(unpack(facts))) for deal_id, facts in known.select("deal_id", "facts").rows()
    }
    decreased = set()
    for deal_id, paid in paying:
        there = before.setdefault(deal_id, {})
        for path, payment in paid.items():
            if payment is None or payment["amount"].startswith("-") or there.get(path, payment) != payment:
                decreased.add(deal_id)
        there |= paid
    return sorted(decreased)


def _payments(values: Mapping[str, Any]) -> dict[str, Any]:
    return {path: value for path, value in values.items() if path.startswith("payments.")}


def accounts_of(stored: pl.DataFrame, altered: pl.DataFrame, *, patched: Sequence[str]) -> tuple[list[str], list[str]]:
    """The accounts whose deals the patches altered, those that lose one among them; and the deals that left an account.
    Of deals as they were `stored` and are (`STORED`).
    """
    now = altered.filter(pl.col("deal_id").is_in(patched)).select("deal_id", "account")
    both = now.join(stored.select("deal_id", before="account"), on="deal_id", how="left")
    moved = both.filter(pl.col("before").is_not_null() & pl.col("before").ne_missing(pl.col("account")))
    accounts = pl.concat([now["account"], both["before"]]).drop_nulls().unique().sort()
    return accounts.to_list(), moved["deal_id"].sort().to_list()


def as_stored(
    due: Mapping[str, DueDeal], deals: pl.DataFrame, *, credited: Credited, named: Sequence[str] = ()
) -> pl.DataFrame:
    """`STORED` of what is due, of its `DEALS` in the same order, and of what they credit; `named` columns hold
    participants.
    """
    # Participants whom a column of the company's own names are looked for like sharers: one index finds both.
    sharers = pl.col("splits").list.eval(pl.element().struct.field("participant_id"))
    if named:
        together = pl.concat_list(sharers.fill_null(pl.lit([], dtype=pl.List(pl.String))), *named).list.drop_nulls()
        sharers = pl.when(together.list.len() > 0).then(together.list.unique().list.sort())
    return (
        deals.select(
            "deal_id",
            "close_date",
            owner=pl.when(pl.col("splits").is_null()).then("owner"),
            sharers=sharers,
            account=pl.when(~pl.col("account").str.contains("[\r\n]")).then("account"),
        )
        .with_columns(
            pl.Series("version", [deal.version for deal in due.values()], pl.Int64),
            pl.Series("facts", [deal.packed for deal in due.values()], pl.String),
        )
        .join(
            encode_rows(
                _without_the_deals_own(credited.credits, deals), ["deal_id"], columns=list(CREDIT), name="credits"
            ),
            on="deal_id",
            how="left",
        )
        .join(
            encode_rows(credited.uncredited, ["deal_id"], columns=list(_UNCREDITED), name="uncredited"),
            on="deal_id",
            how="left",
        )
        .with_columns(pl.col("credits", "uncredited").fill_null(NO_ROWS))
        .select(STORED.names())
    )


def credits_of(deals: pl.DataFrame) -> pl.DataFrame:
    """The `CREDITS` of deals of which at least deal_id, close_date and credits are given."""
    if deals.is_empty():  # as it mostly is when deals come in: they are new
        return empty(CREDITS)
    rows = decode_rows(deals, ["deal_id", "close_date"], name="credits", columns=CREDIT)
    return (
        rows.with_columns(
            pl.col("credit_date").fill_null(pl.col("close_date")), pl.col("bucket", "exchange").fill_null("")
        )
        .with_columns(pl.col("period").fill_null(_month("credit_date")))
        .select(CREDITS.names())
    )


def _without_the_deals_own(credits: pl.DataFrame, deals: pl.DataFrame) -> pl.DataFrame:
    """Credits without a date that is the close date, and without a period that is the month of the date."""
    dated = credits.join(deals.select("deal_id", "close_date"), on="deal_id", how="left")
    return dated.with_columns(
        period=pl.when(pl.col("period") != _month("credit_date")).then("period"),
        credit_date=pl.when(pl.col("credit_date") != pl.col("close_date")).then("credit_date"),
    )


def _month(column: str) -> pl.Expr:
    return pl.col(column).cast(pl.String).str.slice(0, 7)


def uncredited_of(deals: pl.DataFrame) -> pl.DataFrame:
    """The `UNCREDITED` of deals of which at least deal_id and uncredited are given."""
    return decode_rows(deals, ["deal_id"], name="uncredited", columns=_UNCREDITED).select(UNCREDITED.names())
