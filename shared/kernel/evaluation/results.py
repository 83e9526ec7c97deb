"""What the names of components came to whose pay is one number of a period, and is not told deal by deal."""

from __future__ import annotations

import polars as pl

from shared.kernel.components import Component
from shared.kernel.evaluation.named_values import named_values
from shared.kernel.evaluation.pay import component_pay, context_for
from shared.kernel.evaluation.walk import EARNING, paid_in
from shared.kernel.plan.version import Plan
from shared.kernel.roster import Roster
from shared.kernel.tables import LINES

NO_VALUES = pl.DataFrame(schema={name: LINES[name] for name in (*EARNING, "values")})
"""The columns of `values_at_the_end`."""


def values_at_the_end(events: pl.DataFrame, plan: Plan, *, component: Component, roster: Roster) -> pl.DataFrame:
    """The named values of a component after all events of what it pays together.

    Args:
        events: in order, with what all ingredients have come to.
    """
    before = plan.leading_to(component)[:-1]
    if not all(plan.walks(other) for other in before):
        return NO_VALUES  # what it refers to is known of everyone together only
    context = context_for(events.filter(pl.col("version") == plan.version), plan, roster=roster)
    for other in before:
        component_pay(other, context, plan=plan, roster=roster)
    named = context.rows.with_columns(
        named_values(component, context, plan=plan).alias("values"), component=pl.lit(component.component)
    ).with_columns(**paid_in(component, plan))
    return named.group_by(EARNING, maintain_order=True).agg(pl.col("values").last()).select(NO_VALUES.columns)
