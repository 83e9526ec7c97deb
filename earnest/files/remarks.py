"""What a calculation says besides its numbers: what looks like a slip, and what was given and has no effect."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from shared.kernel import PlanSet, Roster
from shared.kernel.remarks.deals import deal_remarks
from shared.kernel.remarks.earnings import earnings_remarks
from shared.kernel.remarks.missing_scores import missing_scores
from shared.kernel.remarks.remark import SHOWN, remark_sentences
from shared.kernel.remarks.roster import roster_remarks
from shared.kernel.remarks.split_deals import split_remarks


def of_slips(
    deals: pl.DataFrame, roster: Roster, *, credits: pl.DataFrame, earned: pl.DataFrame, plans: PlanSet
) -> list[str]:
    """What is allowed, moves pay and is probably a slip of whoever wrote it; `credits` are those of the deals, and
    `earned` is what they earn."""
    remarks = [
        *roster_remarks(roster, plans),
        *missing_scores(roster, plans),
        *deal_remarks(deals),
        *split_remarks(credits, plans),
        *earnings_remarks(earned, plans),
    ]
    return remark_sentences(remarks)


def of_columns(deals_unused: Sequence[str], deals_absent: Sequence[str]) -> list[str]:
    """Columns of deals that nobody reads, and columns that a plan would read."""
    notes = [f"No plan declares the deals' column {name}: it is not used." for name in deals_unused]
    if len(deals_absent) > SHOWN:
        # Of many plans, which read other files, one after the other would hide everything else that is said.
        named = f"{', '.join(deals_absent[:SHOWN])} and {len(deals_absent) - SHOWN:,} more"
        return [*notes, f"Plans declare columns that the deals do not have: {named}."]
    return notes + [f"A plan declares the column {name}, which the deals do not have." for name in deals_absent]


def of_rows(repeated: Sequence[str]) -> list[str]:
    """Deals of several rows, which are not added up."""
    if not repeated:
        return []
    what = "1 deal has" if len(repeated) == 1 else f"{len(repeated):,} deals have"
    named = ", ".join(repeated[:SHOWN])
    return [
        f"{what} several rows, of which the later ones replace what the earlier ones say, and add nothing: {named}."
    ]


def of_use(credits: pl.DataFrame, roster: Roster, *, plans: PlanSet) -> list[str]:
    """Plans that nobody is on, and rules that credited nothing."""
    taken = set(roster.assignments["plan"].drop_nulls())
    notes = [f"Nobody is on plan {plan}." for plan in sorted({plan.plan for plan in plans} - taken)]
    return notes + _rules(credits, taken, plans=plans)


def _rules(credits: pl.DataFrame, taken: set[str], *, plans: PlanSet) -> list[str]:
    """The rules of plans that somebody is on, of which no version credited anything."""
    # Of all versions: a rule that a later one has dropped credited while it was there.
    used = set(credits.select("plan", "rule").unique().iter_rows())
    idle = sorted(
        {(plan.plan, rule.rule) for plan in plans.holding if plan.plan in taken for rule in plan.credits} - used
    )
    if not idle:
        return []
    named = ", ".join(f"{rule} of plan {plan}" for plan, rule in idle[:SHOWN])
    more = f" and {len(idle) - SHOWN:,} more" if len(idle) > SHOWN else ""
    return [f"{len(idle):,} crediting {'rule' if len(idle) == 1 else 'rules'} credited nothing: {named}{more}."]
