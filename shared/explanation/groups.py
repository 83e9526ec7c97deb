"""What decides the pay of kinds that look at everyone on the plan: the place in a contest, the part of a pool."""

from __future__ import annotations

from decimal import Decimal

import polars as pl

from shared.explanation.numbers import plain
from shared.formatting import grouped
from shared.kernel import Plan
from shared.kernel.components import Component
from shared.kernel.components.contest import Contest
from shared.kernel.components.pool import Pool
from shared.money import from_minor


def among_everyone(everyone: pl.DataFrame, participant: str, component: Component, plan: Plan) -> str:
    """Words for a participant's result among the `EARNINGS` of all in the period; empty where they do not tell it."""
    own = everyone.filter(pl.col("participant_id") == participant)
    if own.is_empty():
        return ""
    if isinstance(component, Contest) and component.when is None and component.on == "amount":
        measure, amount = own["measure"][0], own["amount"][0]
        ahead = pl.col("measure") < measure if component.lowest_wins else pl.col("measure") > measure
        alike = pl.col("measure") == measure
        # Measures that differ after nine decimals only are alike here: prizes tell them apart.
        place = everyone.filter(ahead | (alike & (pl.col("amount") > amount))).height + 1
        tied = everyone.filter(alike & (pl.col("amount") == amount)).height
        shared = f", shared by {tied}" if tied > 1 else ""
        return f" of place {place} among {everyone.height} by {component.measure}{shared}"
    if isinstance(component, Pool):
        sharing = everyone.filter(pl.col("amount") != 0)
        pool = grouped(from_minor(sum(sharing["amount"]), plan.currency))
        if own["amount"][0] == 0 or sharing.height < 2:
            return f" of {pool}, divided among {sharing.height}"
        if component.shares is not None:
            return f" of a pool of which {pool} is paid, by {component.shares}"
        if component.by is None:
            return f" of {pool}, divided equally among {sharing.height}"
        mine, all_ = (grouped(plain(Decimal(sum(table["measure"])), plan.digits)) for table in (own, sharing))
        return f" of {pool}, by {component.by}: {mine} of {all_} that {sharing.height} have together"
    return ""
