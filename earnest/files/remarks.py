"""What a calculation from files says besides its numbers: what was given and has no effect, or has one that is easily overlooked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from shared.kernel import PlanSet, Roster
from shared.kernel.late_quotas import LateQuota, late_quotas
from shared.kernel.words import plain

SHOWN = 5
"""How many of one kind are named; the others are counted."""


def of_quotas(roster: Roster, plans: PlanSet) -> list[str]:
    """Quotas that begin within a window and count for the whole of it."""
    found = late_quotas(roster, plans)
    said = [_late(each) for each in found[:SHOWN]]
    if len(found) > SHOWN:
        said.append(f"{len(found) - SHOWN:,} more quotas begin within a window and count for the whole of it.")
    return said


def _late(late: LateQuota) -> str:
    after = late.last + timedelta(days=1)
    mend = " or say in the plan that quotas change by_period" if late.divides else ""
    return (
        f"From {late.effective_from} the quota of {late.participant_id} for {late.measure} is {plain(late.quota)} instead of"
        f" {plain(late.before)}, and on plan {late.plan} it counts for the whole of {late.first} to {late.last}."
        f" If it is not meant for the days before, let it begin on {after}{mend}."
    )


def of_columns(roster_unused: Sequence[str], deals_unused: Sequence[str], deals_absent: Sequence[str]) -> list[str]:
    """Columns that nobody reads, and columns that a plan would read."""
    notes = [f"The roster's column {name} is not one that Earnest knows: it is not used." for name in roster_unused]
    notes += [f"No plan declares the deals' column {name}: it is not used." for name in deals_unused]
    return notes + [f"A plan declares the column {name}, which the deals do not have." for name in deals_absent]
