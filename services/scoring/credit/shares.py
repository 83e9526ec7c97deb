"""Who has which share of deals, be they lost or not: whom they would credit if they were won and nothing of them was
refunded.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import polars as pl
from sqlglot import exp

from services.scoring.reference.blame import for_everybody_else
from shared.facts import Facts, values_of
from shared.kernel import PlanSet, Roster, credit
from shared.kernel.crediting.deals import values_table
from shared.kernel.language.sql_text import parse
from shared.kernel.tables import CREDITS

SHARES: Final = pl.Schema({name: CREDITS[name] for name in ("deal_id", "participant_id", "period", "rule", "share")})


def shares(deals: Mapping[str, Facts], *, roster: Roster, plans: PlanSet) -> pl.DataFrame:
    """The `SHARES` of deals as roster and plans are now, by deal, participant and rule.

    Args:
        deals: the facts of each.
        roster: assignments in force by date.
        plans: all plan versions; one with which it fails is left out.
    """
    _, by_stage = for_everybody_else(
        plans,
        lambda those: [_credited(deals, stage, roster=roster, plans=those) for stage in _sold(those)],
        quarantine=lambda _: None,  # nobody is credited or paid by this answer
    )
    keys = [name for name in SHARES if name != "share"]
    return pl.concat(by_stage).group_by(keys).agg(pl.col("share").max()).select(SHARES.names()).sort(SHARES.names())


def _credited(deals: Mapping[str, Facts], stage: str, *, roster: Roster, plans: PlanSet) -> pl.DataFrame:
    values = [(deal_id, _kept(facts, stage)) for deal_id, facts in deals.items()]
    credits = credit(values_table(values, plans.deal_columns), roster, plans=plans).credits
    return credits.group_by("deal_id", "participant_id", "period", "rule").agg(pl.col("share").sum())


def _kept(facts: Facts, stage: str) -> dict[str, Any]:
    """The values of a deal of which nothing was lost."""
    values = {path: value for path, value in values_of(facts).items() if not path.startswith("refunds.")}
    return values | {"stage": stage, "cancel_date": None}


def _sold(plans: PlanSet) -> list[str]:
    """The stages by which plans may know a deal that is sold: every text in a condition that looks at the stage."""
    stages = {"won"}
    for rule in (rule for plan in plans.holding for rule in plan.credits):
        condition = parse(rule.when, read="duckdb")
        if any(column.name == "stage" for column in condition.find_all(exp.Column)):
            stages |= {literal.this for literal in condition.find_all(exp.Literal) if literal.is_string}
    return sorted(stages)
