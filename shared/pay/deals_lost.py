"""Deals that earn less than when their month was paid: what was lost, and when and why, so that their age can dismiss a part."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import polars as pl

from shared.pay.balances import PayKey
from shared.pay.deal_facts import DealFact
from shared.pay.terms.losses import LossRecord, LostLine, LostLineKey, PaidLine, losses
from shared.pay.terms.words.clawback import CLAWBACK
from shared.pay.terms.words.release import DatedAmount

if TYPE_CHECKING:
    from shared.pay.snapshot import RunSnapshot


def dismisses(snapshot: RunSnapshot) -> bool:
    """Whether anything of what lost deals earned may stay with anybody."""
    return bool(snapshot.excused) or any(each[CLAWBACK] for each in snapshot.terms(snapshot.run.ends))


def deals_of(changed: pl.DataFrame, remembered: Mapping[PayKey, Mapping[LostLineKey, LossRecord]]) -> set[str]:
    """The deals whose facts `lost_deals` needs: those that changed, and those of which something was lost before."""
    return {*changed["deal_id"], *(deal for lines in remembered.values() for deal, _, _ in lines)}


def lost_deals(
    changed: pl.DataFrame,
    facts: Mapping[str, DealFact],
    *,
    remembered: Mapping[PayKey, Mapping[LostLineKey, LossRecord]],
) -> dict[PayKey, dict[LostLineKey, LostLine]]:
    """By participant and currency the lines of closed months whose deals earn something else than when they were paid: those that changed, and
    those of which something was lost before and the facts of whose deals say something else of it now.

    Args:
        changed: what deals earned when a run last looked, and earn now (`deals_changed.changed_deals`).
        facts: what became of `deals_of` these.
        remembered: what earlier runs remember of lines of which something was lost.
    """
    looked_at = {
        (owed, line): (each, each.paid.amount - each.lost)
        for owed, lines in remembered.items()
        for line, each in lines.items()
    }
    now = {}
    for row in changed.iter_rows(named=True):
        key = (row["participant_id"], row["currency"]), (row["deal_id"], row["period"], row["component"])
        before, _ = looked_at.get(key, (LossRecord(_paid(row), 0, 0), 0))
        now[key] = before, row["amount_now"]
    found: dict[PayKey, dict[LostLineKey, LostLine]] = {}
    for (owed, line), (before, amount) in {**looked_at, **now}.items():
        if (fact := facts.get(line[0])) is not None:
            paid, lost = losses(before.paid, amount, deal=fact, shares=fact.shares_of(owed[0], line[1]))
            if (owed, line) in now or lost != before.ruled:
                less = max(0, paid.amount - amount)
                each = LostLine(*line, paid, less, lost, before.dismissed, fact.since, before.ruled)
                found.setdefault(owed, {})[line] = each
    return found


def worth_remembering(
    snapshot: RunSnapshot,
    found: Mapping[PayKey, Mapping[LostLineKey, LostLine]],
    *,
    remembered: Mapping[PayKey, Mapping[LostLineKey, LossRecord]],
) -> dict[PayKey, list[LostLine]]:
    """Those of which anything was lost or may stay, and those that are remembered already; among them what was lost in earlier runs
    and an approver dismissed since. Who lost all of a line to another may have it back.
    """
    worth: dict[PayKey, list[LostLine]] = {}
    for owed in sorted(found.keys() | remembered.keys()):
        who, lines, before = owed[0], found.get(owed, {}), remembered.get(owed, {})
        mine = [
            each._replace(excused=(who, each.deal_id) in snapshot.excused)
            for line, each in lines.items()
            if each.losses
            or 0 < each.paid.amount == each.lost
            or (who, each.deal_id) in snapshot.excused
            or line in before
        ]
        mine += [
            LostLine(
                *line, each.paid, each.lost, each.ruled, each.dismissed, snapshot.run.ends, each.ruled, excused=True
            )
            for line, each in before.items()
            if line not in lines and each.dismissed < each.lost and (who, line[0]) in snapshot.excused
        ]
        if mine:
            worth[owed] = mine
    return worth


def _paid(row: Mapping[str, Any]) -> PaidLine:
    shares = tuple((each["rule"], each["share"]) for each in row["shares"] or () if each["share"])
    return PaidLine(row["amount"], row["deal_amount"], tuple(DatedAmount.all_of(row["refunds"]) or ()), shares=shares)
