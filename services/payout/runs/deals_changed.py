"""What the deals of closed months earn now and earned when a run last looked: where a prior-period adjustment comes from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import polars as pl
from sqlalchemy import Connection

from services.payout.deal_facts import DealFact, DealSource
from services.payout.store import runs
from services.payout.terms.release import Collection
from shared.contracts.lines import COLLECTION, each_line
from shared.money import from_minor

if TYPE_CHECKING:
    from services.payout.runs.world import World

KEY: Final = ["participant_id", "currency", "period", "component", "deal_id"]
MOST: Final = 2000
"""Of so many deals it is asked what became of them; a change of more than that is one of a plan or a quota."""


class Changed(NamedTuple):
    """What a deal of a closed month earns more or less, in minor units, and why where that is known."""

    deal_id: str
    component: str
    amount: int
    why: str


def changed_deals(connection: Connection, world: World, now: pl.DataFrame) -> pl.DataFrame:
    """`KEY`, `amount` (when a run last looked) and `amount_now` of deals of corrected closed months that earn something else, by key; and
    `deal_amount`, `refunds` and `shares` as they were when a run last looked.

    Where nothing was corrected nothing is read.

    Args:
        connection: of the transaction.
        world: where everybody stands.
        now: current lines, narrow, of every month that was corrected.
    """
    return compared(_when_paid(connection, world), by_deal(now))


def compared(before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """`changed_deals` between two tables `by_deal`, in the months of whom `before` is about."""
    corrected = before.select("participant_id", "period").unique()
    theirs = after.drop("deal_amount", "refunds", "shares").join(corrected, on=["participant_id", "period"], how="semi")
    both = before.join(theirs, on=KEY, how="full", suffix="_now", coalesce=True)
    both = both.with_columns(pl.col("amount", "amount_now").fill_null(0))
    return both.filter(pl.col("amount") != pl.col("amount_now")).sort(KEY)


def told(changed: pl.DataFrame, deals: DealSource) -> Mapping[tuple[str, str, str], Sequence[Changed]]:
    """By participant, currency and month what became of which deal."""
    names = changed["deal_id"].unique().sort().to_list()
    facts = deals.facts(names) if 0 < len(names) <= MOST else {}
    found: dict[tuple[str, str, str], list[Changed]] = {}
    for row in changed.iter_rows(named=True):
        who, currency, period, component, deal = (row[name] for name in KEY)
        was, is_now = (f"{from_minor(row[name], currency):,f}" for name in ("amount", "amount_now"))
        why = f"{_happened(row, facts.get(deal))}: {was} before, {is_now} now"
        change = Changed(deal, component, row["amount_now"] - row["amount"], why)
        found.setdefault((who, currency, period), []).append(change)
    return found


def _happened(row: Mapping[str, Any], fact: DealFact | None) -> str:
    """Why a deal earns something else than when a run last looked."""
    if fact is not None and row["amount_now"] < row["amount"]:
        if fact.shares_of(row["participant_id"], row["period"]) == {}:
            return "No longer credited to you"
        if row["amount_now"] == 0 and fact.cancelled_on is not None:
            return f"Cancelled on {fact.cancelled_on}"
        known = Counter(Collection.all_of(row["refunds"]) or ())
        if days := sorted({each.day for each in (Counter(fact.refunds) - known).elements()}):
            return f"Refunded on {' and '.join(map(str, days))}"
    if row["amount"] == 0:
        return "Counts since the month was paid"
    if row["amount_now"] == 0:
        return "No longer credited to you"
    if fact is not None and fact.amount is not None and row["deal_amount"] not in (None, fact.amount):
        return "The amount of the deal was corrected"
    return "The share or the rate was corrected"


def _when_paid(connection: Connection, world: World) -> pl.DataFrame:
    """What each deal had earned when a run last looked, for whoever's closed months were corrected."""
    wanted: dict[str, set[str]] = {}
    for (who, _), fresh in world.fresh.items():
        for each in fresh:
            if each.kind == "earning" and world.closed is not None and each.origin <= world.closed:
                wanted.setdefault(each.origin, set()).add(who)
    found = []
    for month, missing in sorted(wanted.items()):
        for run_id in runs.runs_that_looked_at(connection, month):
            kept = runs.earned_lines(connection, run_id)
            if kept is None:
                continue
            mine = kept.filter((pl.col("period") == month) & pl.col("participant_id").is_in(list(missing)))
            if mine.height:
                found.append(by_deal(each_line(mine)))
                missing -= set(mine["participant_id"])
            if not missing:
                break
    return pl.concat(found) if found else pl.DataFrame(schema=_BY_DEAL)


def by_deal(lines: pl.DataFrame) -> pl.DataFrame:
    """What each deal earned each participant in a month, its amount and refunds, and the participant's shares of it by rule."""
    told = (
        pl.col("deal_amount", "refunds").first(),
        pl.struct("rule", "share").unique(maintain_order=True).alias("shares"),
    )
    return lines.filter(pl.col("deal_id").is_not_null()).group_by(KEY).agg(pl.col("amount").sum(), *told)


_BY_DEAL: Final = {
    **dict.fromkeys(KEY, pl.String()),
    "amount": pl.Int64(),
    "deal_amount": pl.Int64(),
    "refunds": pl.List(COLLECTION),
    "shares": pl.List(pl.Struct({"rule": pl.String(), "share": pl.Int64()})),
}
