"""What the deals of closed months earn now and earned when a run last looked: where a prior-period adjustment comes from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

import polars as pl
from sqlalchemy import Connection

from services.payout.deal_facts import DealFact, DealSource
from services.payout.store import runs
from shared.contracts.lines import each_line

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
    """`KEY`, `amount` (when a run last looked) and `amount_now` of deals of corrected closed months that earn something else, by key.

    Where nothing was corrected nothing is read.

    Args:
        connection: of the transaction.
        world: where everybody stands.
        now: current lines, narrow, of every month that was corrected.
    """
    return compared(_when_paid(connection, world), now)


def compared(before: pl.DataFrame, now: pl.DataFrame) -> pl.DataFrame:
    """`KEY`, `amount` and `amount_now` of deals that earn something else than before, in the months of whom `before` is about."""
    corrected = before.select("participant_id", "period").unique()
    after = by_deal(now).join(corrected, on=["participant_id", "period"], how="semi")
    both = before.join(after, on=KEY, how="full", suffix="_now", coalesce=True)
    both = both.with_columns(pl.col("amount", "amount_now").fill_null(0))
    return both.filter(pl.col("amount") != pl.col("amount_now")).sort(KEY)


def told(changed: pl.DataFrame, deals: DealSource) -> Mapping[tuple[str, str, str], Sequence[Changed]]:
    """By participant, currency and month what became of which deal."""
    fell = changed.filter(pl.col("amount_now") < pl.col("amount"))["deal_id"].unique().sort().to_list()
    facts = deals.facts(fell) if 0 < len(fell) <= MOST else {}
    found: dict[tuple[str, str, str], list[Changed]] = {}
    for who, currency, period, component, deal, was, is_now in changed.select(*KEY, "amount", "amount_now").iter_rows():
        why = _happened(facts.get(deal) if is_now < was else None, was, is_now)
        found.setdefault((who, currency, period), []).append(Changed(deal, component, is_now - was, why))
    return found


def _happened(fact: DealFact | None, was: int, is_now: int) -> str:
    if fact is not None and fact.how is not None:
        return f"{fact.how.capitalize()} on {fact.lost_on}"
    if was == 0:
        return "Counts since the month was paid"
    return "No longer counts" if is_now == 0 else "Earns something else since the month was paid"


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
    return pl.concat(found) if found else pl.DataFrame(schema={**dict.fromkeys(KEY, pl.String), "amount": pl.Int64})


def by_deal(lines: pl.DataFrame) -> pl.DataFrame:
    """What each deal earned each participant in a month."""
    return lines.filter(pl.col("deal_id").is_not_null()).group_by(KEY).agg(pl.col("amount").sum())
