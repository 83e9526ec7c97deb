"""Deals that earn less than when their month was paid: what was lost, and when and why, so that their age can dismiss a
part.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from shared.pay.deal_facts import DealHistory
from shared.pay.snapshot import PayKey, RunSnapshot
from shared.pay.terms.losses import LossRecord, LostLine, LostLineKey, PaidLine, losses
from shared.pay.terms.words.clawback import CLAWBACK
from shared.pay.terms.words.release import DatedAmount


def dismisses(snapshot: RunSnapshot) -> bool:
    """Whether anything of what lost deals earned may stay with anybody."""
    return bool(snapshot.excused) or any(terms[CLAWBACK] for terms in snapshot.terms(snapshot.run.ends))


def deals_of(changed: pl.DataFrame, remembered: Mapping[PayKey, Mapping[LostLineKey, LossRecord]]) -> set[str]:
    """The deals whose facts `lost_deals` needs: those that changed, and those of which something was lost before."""
    return {*changed["deal_id"], *(deal for lines in remembered.values() for deal, _, _ in lines)}


def lost_deals(
    changed: pl.DataFrame,
    facts: Mapping[str, DealHistory],
    *,
    remembered: Mapping[PayKey, Mapping[LostLineKey, LossRecord]],
) -> dict[PayKey, dict[LostLineKey, LostLine]]:
    """By participant and currency the lines of closed months whose deals earn something else than when they were paid.

    Those that changed; and those of which something was lost before, where the facts of their deals say something else
    of it now: a date that was corrected moves the age of a deal, and no amount.

    Args:
        changed: what deals earned when a run last looked, and earn now (`deals_changed.compared`).
        facts: what became of `deals_of` these.
        remembered: what earlier runs remember of lines of which something was lost.
    """
    looked_at = {
        (key, line): (record, record.paid.amount - record.lost)
        for key, lines in remembered.items()
        for line, record in lines.items()
    }
    now = {}
    for row in changed.iter_rows(named=True):
        place = (row["participant_id"], row["currency"]), (row["deal_id"], row["period"], row["component"])
        before, _ = looked_at.get(place, (LossRecord(_paid(row), 0, 0), 0))
        now[place] = before, row["amount_now"]
    lost_lines: dict[PayKey, dict[LostLineKey, LostLine]] = {}
    for (key, line), (before, amount) in {**looked_at, **now}.items():
        deal_id, period, component = line
        if (fact := facts.get(deal_id)) is None:  # nobody knows how old it is: all of what it lost is taken back
            continue
        paid, lost = losses(before.paid, amount, deal=fact, shares=fact.shares_of(key[0], period))
        if (key, line) in now or lost != before.ruled:
            lost_lines.setdefault(key, {})[line] = LostLine(
                deal_id=deal_id,
                period=period,
                component=component,
                paid=paid,
                lost=max(0, paid.amount - amount),
                losses=lost,
                deal=fact,
                before=before,
            )
    return lost_lines


def worth_remembering(
    snapshot: RunSnapshot,
    lost: Mapping[PayKey, Mapping[LostLineKey, LostLine]],
    *,
    remembered: Mapping[PayKey, Mapping[LostLineKey, LossRecord]],
) -> dict[PayKey, list[LostLine]]:
    """Those of which anything was lost or may stay, and those that are remembered already; among them what was lost in
    earlier runs and an approver dismissed since.
    """
    worth: dict[PayKey, list[LostLine]] = {}
    for key in sorted(lost.keys() | remembered.keys()):
        who, lines, before = key[0], lost.get(key, {}), remembered.get(key, {})
        kept = [
            line._replace(excused=(who, line.deal_id) in snapshot.excused)
            for place, line in lines.items()
            if line.losses
            or 0 < line.paid.amount == line.lost  # who lost all of a line to another may have it back
            or (who, line.deal_id) in snapshot.excused
            or place in before
        ]
        kept += [
            LostLine(
                deal_id=line[0],
                period=line[1],
                component=line[2],
                paid=record.paid,
                lost=record.lost,
                losses=record.ruled,
                deal=DealHistory(snapshot.run.ends),  # does not matter: nothing new was lost
                before=record,
                excused=True,
            )
            for line, record in before.items()
            if line not in lines and record.dismissed < record.lost and (who, line[0]) in snapshot.excused
        ]
        if kept:
            worth[key] = kept
    return worth


def _paid(row: Mapping[str, Any]) -> PaidLine:
    shares = tuple((share["rule"], share["share"]) for share in row["shares"] or () if share["share"])
    return PaidLine(row["amount"], row["deal_amount"], tuple(DatedAmount.all_of(row["refunds"]) or ()), shares=shares)
