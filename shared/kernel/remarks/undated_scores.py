"""Scores without a day, which count in no window."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final

import polars as pl

from shared.contracts.roster import EVERYONE
from shared.contracts.roster_rows import LONG_BEFORE
from shared.kernel.plan.plan_set import PlanSet
from shared.kernel.remarks.remark import Remark
from shared.kernel.roster import Roster

_UNDATED: Final = date.fromisoformat(LONG_BEFORE)


def undated_scores(roster: Roster, plans: PlanSet) -> Iterator[Remark]:
    """Of those on a plan that looks at the score: what a row without a day says holds from long before, but a score
    counts in the window of its day only.
    """
    undated = roster.scores.filter((pl.col("effective_from") == _UNDATED) & pl.col("value").is_not_null())
    if undated.is_empty():
        return
    for plan in plans.holding:
        people = roster.assignments.filter(pl.col("plan") == plan.plan)["participant_id"].unique()
        for measure in plan.measures:
            if measure.score is None or measure.reset == "never":
                continue
            of_it = undated.filter(pl.col("name") == measure.measure).filter(
                pl.col("participant_id").is_in([*people, EVERYONE])
            )
            window = measure.reset.replace("_", "-")
            says = (
                f"score.{measure.measure}: {{who}} without the day of it, so that it never counts: write in"
                f" effective_from a day of the {window} in which it counts."
            )
            for who in of_it["participant_id"].unique():
                yield Remark(kind="score_undated", participant_id=who, says=says)
