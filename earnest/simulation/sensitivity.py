"""What each convention would move: history computed again with the other setting."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import get_args

import polars as pl
from pydantic import ValidationError

from shared.kernel import Plan, PlanSet, Roster, measure
from shared.kernel.idle_months import earn_every_month
from shared.kernel.language.conventions import Conventions
from shared.kernel.plan.plan_set import PlanConflict
from shared.kernel.plan.schema_findings import schema_findings

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


@dataclass(frozen=True, kw_only=True)
class Refused:
    """A setting with which the plans would be none, and why."""

    convention: str
    other: str
    why: str


def sensitivity(credits: pl.DataFrame, roster: Roster, *, plans: PlanSet) -> tuple[list[Moves], list[Refused]]:
    """Each convention with each of its other settings, but for those that the plans cannot have; the order of deals is
    left out, as it moves no earning."""
    now = _earned(credits, roster, plans=plans)
    moves: list[Moves] = []
    refused: list[Refused] = []
    for convention, other in _others(plans):
        try:
            changed = PlanSet(_with(plan, convention, setting=other) for plan in plans)
        except ValidationError as error:
            why = "; ".join(finding.message for finding in schema_findings(error))
            refused.append(Refused(convention=convention, other=other, why=why))
        except PlanConflict as error:
            refused.append(Refused(convention=convention, other=other, why=str(error)))
        else:
            then = _earned(credits, roster, plans=changed)
            moves.append(_moves(convention, other, now=now, then=then, plans=plans))
    return moves, refused


def _others(plans: PlanSet) -> Iterator[tuple[str, str]]:
    for convention, field in Conventions.model_fields.items():
        settings = get_args(field.annotation)
        used = {getattr(plan.conventions, convention) for plan in plans}
        for other in settings if convention != "order" else ():
            if used != {other}:
                yield convention, other


def _with(plan: Plan, convention: str, *, setting: str) -> Plan:
    # Read again as a plan and not copied: a convention may make the plan one that is refused, and what it changes is
    # worked out anew.
    document = plan.document()
    document["conventions"] = document.get("conventions", {}) | {convention: setting}
    return Plan.model_validate(document)


def _earned(credits: pl.DataFrame, roster: Roster, *, plans: PlanSet) -> pl.DataFrame:
    earned = earn_every_month(measure(credits, plans), roster, plans=plans)
    return earned.group_by(_ROW).agg(pl.col("amount").sum())


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
