"""Scores at which a plan looks and that nobody has entered."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from shared.contracts.roster import EVERYONE
from shared.kernel.plan.plan_set import PlanSet
from shared.kernel.remarks.remark import Remark
from shared.kernel.roster import Roster


def missing_scores(roster: Roster, plans: PlanSet) -> Iterator[Remark]:
    """Of plans that somebody is on; of the whole roster, for in a part of it a score may lack that the whole has."""
    for plan in plans.holding:
        people = roster.assignments.filter(pl.col("plan") == plan.plan)["participant_id"].unique()
        entered = roster.scores.filter(
            pl.col("value").is_not_null(), pl.col("participant_id").is_in([*people, EVERYONE])
        )["name"].unique()
        for measure in plan.measures:
            if measure.score is not None and len(people) and measure.measure not in entered:
                says = (
                    f"score.{measure.measure} of plan {plan.plan} is entered for nobody, and counts as 0. Enter it in"
                    f" the roster, for each participant or once for everyone: a row with {EVERYONE} as participant_id."
                )
                yield Remark(kind="score_missing", participant_id="", says=says)
