"""Calculates a run: looks at what was earned by which deal, and what became of deals, and settles everybody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl
from sqlalchemy import Connection

from services.payout.deal_facts import DealSource, Remarked, Uncredited
from services.payout.lines import LineSource
from services.payout.runs.cases import settled
from services.payout.runs.deals_changed import Changed, changed_deals, told
from services.payout.runs.deals_lost import dismisses, lost_deals, worth_remembering
from services.payout.runs.lines_of_run import with_lines
from services.payout.runs.settlement import Settlement
from services.payout.runs.world import World
from shared.contracts.lines import each_line


@dataclass(frozen=True, slots=True)
class Calculated:
    """What a run would do for everybody, the lines it rests on (`shared.contracts.lines.SCHEMA`, all months together), the
    shares of deals of its month that credit nobody, what scoring remarks of the month, and by participant, currency and month which deals
    of closed months changed."""

    world: World
    settlements: Sequence[Settlement]
    lines: pl.DataFrame
    uncredited: Sequence[Uncredited] = ()
    remarks: Sequence[Remarked] = ()
    changed: Mapping[tuple[str, str, str], Sequence[Changed]] = field(default_factory=dict)


def calculate(connection: Connection, world: World, source: LineSource, deals: DealSource) -> Calculated:
    """Settle everybody in the run.

    Raises:
        NotSettled: what scoring says is earned is not what is booked, because it is still on its way.
        Unavailable: scoring does not answer.
    """
    world, lines = with_lines(connection, world, source)
    rows = each_line(lines)
    changed = changed_deals(connection, world, rows)
    remembered = {owed: left.dismissed for owed, left in world.left.items()}
    lost = lost_deals(changed, deals, remembered) if dismisses(world) else {}
    settlements = settled(world, rows, worth_remembering(world, lost, remembered))
    month = world.run.month
    return Calculated(
        world,
        settlements,
        lines,
        uncredited=deals.uncredited(month),
        remarks=deals.remarks(month),
        changed=told(changed, deals),
    )
