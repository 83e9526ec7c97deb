"""What a calculation from files says besides its numbers: what was given and has no effect, or has one that is easily overlooked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import polars as pl

from shared.kernel import Plan, PlanSet, Roster
from shared.kernel.late_quotas import LateQuota, late_quotas
from shared.kernel.reference_point import reference_terms
from shared.kernel.roster import EVERY
from shared.kernel.words import plain

SHOWN = 5
"""How many of one kind are named; the others are counted."""


def of_quotas(roster: Roster, plans: PlanSet) -> list[str]:
    """Quotas that begin within a window and count for the whole of it."""
    found = late_quotas(roster, plans)
    said = [_late(each) for each in found[:SHOWN]]
    if len(found) > SHOWN:
        said.append(f"{len(found) - SHOWN:,} more quotas begin within a window and count for the whole of it.")
    return said


def _late(late: LateQuota) -> str:
    after = late.last + timedelta(days=1)
    mend = " or say in the plan that quotas change by_period" if late.divides else ""
    return (
        f"From {late.effective_from} the quota of {late.participant_id} for {late.measure} is {plain(late.quota)} instead of"
        f" {plain(late.before)}, and on plan {late.plan} it counts for the whole of {late.first} to {late.last}."
        f" If it is not meant for the days before, let it begin on {after}{mend}."
    )


def of_columns(deals_unused: Sequence[str], deals_absent: Sequence[str]) -> list[str]:
    """Columns of deals that nobody reads, and columns that a plan would read."""
    notes = [f"No plan declares the deals' column {name}: it is not used." for name in deals_unused]
    return notes + [f"A plan declares the column {name}, which the deals do not have." for name in deals_absent]


def of_use(credits: pl.DataFrame, roster: Roster, plans: PlanSet) -> list[str]:
    """Plans that nobody is on, plans that are not there, figures at which no plan of their participants looks, and rules that credited nothing."""
    on = roster.assignments.filter(pl.col("plan").is_not_null()).select("participant_id", "plan").unique()
    there, taken = {plan.plan for plan in plans}, set(on["plan"])
    notes = [f"Nobody is on plan {plan}." for plan in sorted(there - taken)]
    for plan in sorted(taken - there):
        people = on.filter(pl.col("plan") == plan)["participant_id"].sort().to_list()
        notes.append(f"{_people(people)} on plan {plan}, which does not exist.")
    return notes + _figures(on, roster, plans) + _rules(credits, taken, plans)


def figures_of(plan: Plan) -> set[str]:
    """The columns of a roster file at whose figures a plan looks."""
    names = [measure.measure for measure in plan.measures]
    return {f"{kind}.{name}" for kind in ("quota", "score") for name in names} | {
        f"term.{n}" for n in reference_terms(plan)
    }


def _figures(on: pl.DataFrame, roster: Roster, plans: PlanSet) -> list[str]:
    looks = pl.DataFrame(
        [(plan.plan, figure) for plan in plans for figure in sorted(figures_of(plan))],
        schema={"plan": pl.String, "figure": pl.String},
        orient="row",
    ).unique()
    named = [
        (
            "quota",
            roster.quotas.filter(pl.col("measure") != EVERY).select("participant_id", name="measure", value="quota"),
        ),
        ("term", roster.terms.select("participant_id", "name", "value")),
        ("score", roster.scores.select("participant_id", "name", "value")),
    ]
    given = pl.concat(
        table.filter(pl.col("value").is_not_null()).select(
            "participant_id", figure=pl.format("{}.{}", pl.lit(kind), "name")
        )
        for kind, table in named
    ).unique()
    looked_at = on.join(looks, on="plan").select("participant_id", "figure").unique()
    # Of a figure at which no plan looks at all the note on its column says so.
    idle = given.join(looked_at, on=["participant_id", "figure"], how="anti").join(looks, on="figure", how="semi")
    return [
        f"{figure}: {_people(people)} on no plan that looks at it."
        for figure, people in idle.sort("participant_id")
        .group_by("figure")
        .agg("participant_id")
        .sort("figure")
        .iter_rows()
    ]


def _rules(credits: pl.DataFrame, taken: set[str], plans: PlanSet) -> list[str]:
    """The rules of plans that somebody is on, of which no version credited anything."""
    used = set(credits.select("plan", "rule").unique().iter_rows())
    idle = sorted(
        {(plan.plan, rule.rule) for plan in plans.holding if plan.plan in taken for rule in plan.credits} - used
    )
    if not idle:
        return []
    named = ", ".join(f"{rule} of plan {plan}" for plan, rule in idle[:SHOWN])
    more = f" and {len(idle) - SHOWN:,} more" if len(idle) > SHOWN else ""
    return [f"{len(idle):,} crediting {'rule' if len(idle) == 1 else 'rules'} credited nothing: {named}{more}."]


def _people(people: Sequence[str]) -> str:
    """`ann is`, or how many are, and the first of them."""
    return f"{people[0]} is" if len(people) == 1 else f"{len(people):,} participants, {people[0]} first, are"
