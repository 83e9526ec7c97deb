"""Calculates a run: looks at what was earned by which deal, and what became of deals, and settles everybody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import polars as pl
from sqlalchemy import Connection

from services.payout.lines import LineSource
from services.payout.runs.deals_changed import changed_deals
from services.payout.runs.lines_of_run import with_lines
from shared.contracts.lines import each_line
from shared.pay.cases import settle_everybody
from shared.pay.deal_facts import DealFact, DealSource, Remarked, Uncredited
from shared.pay.deals_changed import Corrected
from shared.pay.deals_lost import deals_of, dismisses, lost_deals, worth_remembering
from shared.pay.settlement import Settlement
from shared.pay.snapshot import RunSnapshot

MOST: Final = 2000
"""Of so many deals it is told what became of them; a change of more than that is one of a plan or a quota."""


@dataclass(frozen=True, slots=True)
class Calculated:
    """What a run would do for everybody, the lines it rests on (`shared.contracts.lines.SCHEMA`, all months together), what closed months
    earn differently, what became of the deals of that, the shares of deals of its month that credit nobody, and what scoring remarks of
    the month."""

    snapshot: RunSnapshot
    settlements: Sequence[Settlement]
    lines: pl.DataFrame
    corrected: Corrected
    facts: Mapping[str, DealFact] = field(default_factory=dict)
    uncredited: Sequence[Uncredited] = ()
    remarks: Sequence[Remarked] = ()


def calculate(connection: Connection, snapshot: RunSnapshot, source: LineSource, deals: DealSource) -> Calculated:
    """Settle everybody in the run.

    Raises:
        NotSettled: what scoring says is earned is not what is booked, because it is still on its way.
        Unavailable: scoring does not answer.
    """
    snapshot, lines = with_lines(connection, snapshot, source)
    rows = each_line(lines)
    corrected = changed_deals(connection, snapshot, rows)
    few, dismissing = corrected.deals["deal_id"].n_unique() <= MOST, dismisses(snapshot)
    if not few:
        corrected = corrected._replace(looked_at={})
    remembered = {owed: left.dismissed for owed, left in snapshot.carried.items()}
    asked = deals_of(corrected.deals, remembered if dismissing else {}) if few or dismissing else ()
    facts = deals.facts(sorted(asked))
    lost = lost_deals(corrected.deals, facts, remembered) if dismissing else {}
    settlements = settle_everybody(snapshot, rows, worth_remembering(snapshot, lost, remembered))
    month = snapshot.run.month
    return Calculated(
        snapshot,
        settlements,
        lines,
        corrected,
        facts if few else {},
        uncredited=deals.uncredited(month),
        remarks=deals.remarks(month),
    )
