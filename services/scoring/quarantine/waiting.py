"""Who waits for a plan version that is quarantined."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import polars as pl

from services.scoring.reference.data import spans_of_versions
from shared.kernel import PlanSet, Roster


@dataclass(frozen=True, kw_only=True)
class Quarantined:
    """A version that is quarantined; its `author`, where known, is who has to mend it. `participants` are on it or have
    earnings of it, `waiting` so many deals wait for it.
    """

    plan: str
    version: int
    author: str | None
    since: datetime
    cause: str
    by: str
    participants: list[str]
    waiting: int


def on_quarantined(roster: Roster, plans: PlanSet) -> dict[tuple[str, int], set[str]]:
    """By plan version that is quarantined who is on it, on any day."""
    aside = spans_of_versions(plans).join(plans.quarantined, on=["plan", "version"], how="semi")
    on = roster.spans.join(aside, on="plan").filter(
        pl.col("until").is_null() | (pl.col("until") > pl.col("begins_on")),
        pl.col("ends_on").is_null() | (pl.col("effective_from") < pl.col("ends_on")),
    )
    waiting: dict[tuple[str, int], set[str]] = {}
    for plan, version, participant in on.select("plan", "version", "participant_id").iter_rows():
        waiting.setdefault((plan, version), set()).add(participant)
    return waiting
