"""Deals that earn less than when their month was paid: what was lost, and when and why, so that their age can dismiss a part."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from services.payout.deal_facts import KnownDeals
from services.payout.runs.deals_changed import KEY
from services.payout.runs.settlement import Lost
from services.payout.store.positions import Owed

if TYPE_CHECKING:
    from services.payout.runs.world import World


def lost_deals(world: World, changed: pl.DataFrame, deals: KnownDeals) -> dict[Owed, list[Lost]]:
    """By participant and currency the deals of closed months that earn less, or did before.

    Args:
        world: where everybody stands.
        changed: deals that earn something else than when their month was paid.
        deals: where to ask what became of a deal.
    """
    if changed.is_empty() or (not world.excused and not any(each.clawback for each in world.terms(world.run.ends))):
        return {}
    facts = deals.facts(changed["deal_id"].unique().sort().to_list())
    found: dict[Owed, list[Lost]] = {}
    for who, currency, period, component, deal_id, was, is_now in changed.select(
        *KEY, "amount", "amount_now"
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
