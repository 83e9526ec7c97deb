"""Deals that earn less than when their month was paid: what was lost, and when and why, so that their age can dismiss a part."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
from sqlalchemy import Connection

from services.payout.deal_facts import DealSource
from services.payout.runs.settlement import Lost
from services.payout.store import runs
from services.payout.store.positions import Owed
from shared.contracts.lines import each_line

if TYPE_CHECKING:
    from services.payout.world import World

_KEY = ["participant_id", "currency", "period", "component", "deal_id"]


def lost_deals(connection: Connection, world: World, now: pl.DataFrame, deals: DealSource) -> dict[Owed, list[Lost]]:
    """By participant and currency the deals of closed months that earn less, or did before.

    Args:
        connection: of the transaction.
        world: where everybody stands.
        now: current lines, narrow, of every month that was corrected.
        deals: where to ask what became of a deal.
    """
    if not world.excused and not any(each.clawback for each in world.terms(world.run.ends)):
        return {}
    before = _when_paid(connection, world)
    if before.is_empty():
        return {}
    corrected = before.select("participant_id", "period").unique()
    after = _by_deal(now).join(corrected, on=["participant_id", "period"], how="semi")
    both = before.join(after, on=_KEY, how="full", suffix="_now", coalesce=True).with_columns(
        pl.col("amount", "amount_now").fill_null(0)
    )
    fell = both.filter(pl.col("amount") != pl.col("amount_now")).sort(_KEY)
    facts = deals.facts(fell["deal_id"].unique().sort().to_list())
    found: dict[Owed, list[Lost]] = {}
    for who, currency, period, component, deal_id, was, is_now in fell.select(
        *_KEY, "amount", "amount_now"
    ).iter_rows():
        left = world.left.get((who, currency))
        lost, kept = left.dismissed.get((deal_id, period, component), (0, 0)) if left else (0, 0)
        fact = facts.get(deal_id)
        if fact is None or (lost + was - is_now <= 0 and not kept):
            continue
        excused = (who, deal_id) in world.excused
        found.setdefault((who, currency), []).append(
            Lost(deal_id, period, component, lost + was - is_now, kept, fact.since, fact.lost_on, excused)
        )
    return found


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
            mine = each_line(kept.filter((pl.col("period") == month) & pl.col("participant_id").is_in(list(missing))))
            if mine.height:
                found.append(_by_deal(mine))
                missing -= set(mine["participant_id"])
            if not missing:
                break
    return pl.concat(found) if found else pl.DataFrame(schema={**dict.fromkeys(_KEY, pl.String), "amount": pl.Int64})


def _by_deal(lines: pl.DataFrame) -> pl.DataFrame:
    return lines.filter(pl.col("deal_id").is_not_null()).group_by(_KEY).agg(pl.col("amount").sum())
