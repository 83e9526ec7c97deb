"""What each convention would move: history computed again with the other setting."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import get_args

import polars as pl

from shared.kernel import Plan, PlanSet, Roster, earn, measure
from shared.kernel.language.conventions import Conventions

_ROW = ["participant_id", "plan", "version", "component", "period", "fiscal"]


@dataclass(frozen=True, kw_only=True)
class Moves:
    """A convention, how the plans set it, another setting, whether a plan says it, and what that would move in
    history."""

    convention: str
    now: str
    other: str
    said: bool
    change: int
    """Of all pay, in minor units."""
    participants: int
    earnings: int
    """How many earnings would be different."""


def sensitivity(credits: pl.DataFrame, roster: Roster, *, plans: PlanSet) -> list[Moves]:
    """Each convention with each of its other settings; the order of deals is left out, as it moves no earning."""
    now = _earned(credits, roster, plans=plans)
    return [
        _moves(convention, other, now=now, then=_earned(credits, roster, plans=changed), plans=plans)
        for convention, other, changed in _others(plans)
    ]


def _others(plans: PlanSet) -> Iterator[tuple[str, str, PlanSet]]:
    for convention, field in Conventions.model_fields.items():
        settings = get_args(field.annotation)
        used = {getattr(plan.conventions, convention) for plan in plans}
        for other in settings if convention != "order" else ():
            if used != {other}:
                yield convention, other, PlanSet(_with(plan, convention, setting=other) for plan in plans)


def _with(plan: Plan, convention: str, *, setting: str) -> Plan:
    # Read again as a plan and not copied: a convention may make the plan one that is refused, and what it changes is
    # worked out anew.
    document = plan.document()
    document["conventions"] = document.get("conventions", {}) | {convention: setting}
    return Plan.model_validate(document)


def _earned(credits: pl.DataFrame, roster: Roster, *, plans: PlanSet) -> pl.DataFrame:
    return earn(measure(credits, plans), roster, plans=plans).group_by(_ROW).agg(pl.col("amount").sum())


def _moves(convention: str, other: str, *, now: pl.DataFrame, then: pl.DataFrame, plans: PlanSet) -> Moves:
    both = now.join(then.rename({"amount": "other"}), on=_ROW, how="full", coalesce=True)
    # An earning that is there under one setting only counts as zero under the other.
    changed = both.with_columns(pl.col("amount", "other").fill_null(0)).filter(pl.col("amount") != pl.col("other"))
    used = sorted({str(getattr(plan.conventions, convention)) for plan in plans})
    return Moves(
        convention=convention,
        now=", ".join(used),
        other=other,
        said=any(convention in plan.conventions.model_fields_set for plan in plans),
        change=sum(changed["other"]) - sum(changed["amount"]),
        participants=changed["participant_id"].n_unique(),
        earnings=changed.height,
    )
