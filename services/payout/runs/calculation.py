"""Calculates a run: data in, data out. What it is calculated from is gathered by `inputs`; everybody is settled by
`shared.pay`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import polars as pl

from shared.contracts.lines import each_line
from shared.pay.cases import settle_everybody
from shared.pay.deal_facts import DealHistory, Remarked, Uncredited
from shared.pay.deals_changed import RULE_KEY, Corrected, by_deal, by_rule, compared
from shared.pay.deals_lost import deals_of, dismisses, lost_deals, worth_remembering
from shared.pay.settlement import Settlement
from shared.pay.snapshot import PayKey, RunSnapshot
from shared.pay.terms.losses import LossRecord, LostLineKey
from shared.periods import Month

MOST_EXPLAINED: Final = 2000
"""Of so many deals a statement says what became of them; a change of more than that is one of a plan or a quota."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunInputs:
    """Everything that a run is calculated from.

    Args:
        snapshot: where everybody stands.
        lines: what was earned (`shared.contracts.lines.SCHEMA`), all months together.
        corrected: what closed months earn differently than when a run last looked.
        facts: what became of the deals of `deals_to_ask`, those that scoring knows.
        uncredited: the shares of deals of the run's month that credit nobody.
        remarks: what scoring remarks of the month.
    """

    snapshot: RunSnapshot
    lines: pl.DataFrame
    corrected: Corrected
    facts: Mapping[str, DealHistory] = field(default_factory=dict)
    uncredited: Sequence[Uncredited] = ()
    remarks: Sequence[Remarked] = ()

    @property
    def facts_to_explain(self) -> Mapping[str, DealHistory]:
        """What statements say became of deals: nothing where so much changed that it is no matter of single deals."""
        return self.facts if _explained_by_deals(self.corrected) else {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Calculation:
    """What a run would do for everybody, and what that was calculated from."""

    inputs: RunInputs
    settlements: Sequence[Settlement]

    @property
    def pays_anybody(self) -> bool:
        """Whether anything is paid."""
        return any(settlement.paid for settlement in self.settlements)


def calculate(inputs: RunInputs) -> Calculation:
    """Settle everybody in the run."""
    snapshot, corrected, remembered = inputs.snapshot, inputs.corrected, _remembered(inputs.snapshot)
    # Also of deals that lost something before an earlier run: what became of them may be known better by now.
    lost = lost_deals(corrected.deals, inputs.facts, remembered=remembered) if dismisses(snapshot) else {}
    settlements = settle_everybody(
        snapshot, each_line(inputs.lines), lost=worth_remembering(snapshot, lost, remembered=remembered)
    )
    return Calculation(inputs=inputs, settlements=settlements)


def corrected_months(snapshot: RunSnapshot) -> dict[Month, set[str]]:
    """The closed months about which something was booked since a run looked, and of whom."""
    months: dict[Month, set[str]] = {}
    for (who, _), entries in snapshot.unsettled.items():
        for entry in entries:
            if entry.kind == "earning" and snapshot.closed is not None and entry.origin <= snapshot.closed:
                months.setdefault(entry.origin, set()).add(who)
    return months


def corrected_deals(
    before: pl.DataFrame, looked_at: Mapping[tuple[str, Month], str], *, lines: pl.DataFrame
) -> Corrected:
    """What became of the deals of corrected closed months. Where nothing was corrected there is nothing to compare.

    Args:
        before: the lines, narrow, that a run last looked at.
        looked_at: of whom in which month they are, and which run that was.
        lines: what was earned by now, in these months and others.
    """
    pairs = pl.DataFrame(list(looked_at), schema={"participant_id": pl.String, "period": pl.String}, orient="row")
    # Who had no line when a run last looked has nothing to compare: all of it is new, and the settlement shows it so.
    now = each_line(lines.join(pairs, on=pairs.columns, how="semi"))
    deals = compared(by_deal(before, "deal_currency"), by_deal(now))
    corrected = Corrected(deals, compared(by_rule(before), by_rule(now), key=RULE_KEY), looked_at)
    return corrected if _explained_by_deals(corrected) else corrected._replace(looked_at={})


def deals_to_ask(snapshot: RunSnapshot, corrected: Corrected) -> set[str]:
    """The deals of which scoring has to say what became of them: for what may stay with people although it was lost,
    and for statements.
    """
    if dismisses(snapshot):
        return deals_of(corrected.deals, _remembered(snapshot))
    return deals_of(corrected.deals, {}) if _explained_by_deals(corrected) else set()


def _explained_by_deals(corrected: Corrected) -> bool:
    return corrected.deals["deal_id"].n_unique() <= MOST_EXPLAINED


def _remembered(snapshot: RunSnapshot) -> dict[PayKey, Mapping[LostLineKey, LossRecord]]:
    return {key: state.dismissed for key, state in snapshot.carried.items()}
