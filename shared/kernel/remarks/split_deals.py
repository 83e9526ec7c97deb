"""Deals that are split, for which a plan pays an amount to each who holds a part."""

from __future__ import annotations

import polars as pl

from shared.kernel.arithmetic.expressions import WHOLE_SHARE
from shared.kernel.plan.plan_set import PlanSet
from shared.kernel.remarks.remark import Remark


def split_remarks(credits: pl.DataFrame, plans: PlanSet) -> list[Remark]:
    """Of each component that pays an amount for a deal the first that was split; of `CREDITS`."""
    split = credits.filter(pl.col("share") < WHOLE_SHARE)
    found = []
    for plan in plans.holding if split.height else ():
        for component in plan.components:
            if not getattr(component, "pays_amounts_for_deals", False):  # of kinds that can
                continue
            rules = plan.rules_of(component)
            paid = split.filter(plan.own_rows, pl.col("rule").is_in(sorted(rules))).sort("credit_date", "deal_id")
            for deal in paid["deal_id"].head(1):
                says = (
                    f"Deal {deal} is split, and component {component.component} of plan {plan.plan} pays each who holds"
                    " a part of it the whole amount. If they are to share it, pay it per_unit for what a rule with"
                    " amount: 1 credits."
                )
                found.append(Remark(kind="split_paid_whole", participant_id="", says=says))
    return found
