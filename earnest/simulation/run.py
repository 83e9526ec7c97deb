"""A simulation from beginning to end: credit history once, draw years, pay them under one plan set or two."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import polars as pl

from earnest.files.kernel_inputs import KernelInputs
from earnest.simulation.history import BaseYear, base_year
from earnest.simulation.sampling import Sample, sample
from earnest.simulation.sensitivity import Moves, Refused, sensitivity
from earnest.simulation.statistics import attainments, by_person, costs, moved, pays
from earnest.simulation.years import Years, batches
from shared.kernel import credit

COUNTED = ["year", "seat", "who", "plan", "version", "component", "period", "fiscal", "attainment", "amount"]


@dataclass(frozen=True, kw_only=True)
class Simulation:
    """What came out: per year sales, cost and share; attainment per person and window; changes against the other plan,
    if any."""

    base: BaseYear
    currency: str
    drawn: bool
    years: pl.DataFrame
    years_before: pl.DataFrame | None
    attained: pl.DataFrame
    changes: pl.DataFrame | None
    people: pl.DataFrame | None
    conventions: list[Moves]
    refused: list[Refused]
    """Settings of conventions that the plans cannot have."""


def simulate(
    inputs: KernelInputs, against: KernelInputs | None, *, years: int, seed: int, step: Callable[[str], None]
) -> Simulation:
    """Simulate years, or with `years` 0 the base year as it was.

    Args:
        inputs: history under the plans that are tried out.
        against: the same history under other plans, to which they are compared.
        years: how many to draw.
        seed: the same seed draws the same years.
        step: is told what is being done.

    Raises:
        FileError: there is nothing to simulate.
        Overflow: a sum is beyond 10^18 minor units.
    """
    step("Crediting history")
    base = base_year(inputs.deals, inputs.roster, plans=inputs.plans)
    # Both plans are paid the same lots, so that a difference is the plans' and not luck's.
    sides = [inputs] if against is None else [inputs, against]
    credits = [credit(side.deals, side.roster, plans=side.plans).credits for side in sides]
    paying = [
        Years(base, credited, roster=side.roster, plans=side.plans)
        for side, credited in zip(sides, credits, strict=True)
    ]
    sold, now, before = _paid(base, paying, years=years, seed=seed, step=step)
    step("Trying the conventions")
    of_base = credits[0].join(base.deals.select("deal_id"), on="deal_id", how="semi")
    moves, refused = sensitivity(of_base, inputs.roster, plans=inputs.plans)
    changes = None if before is None else moved(pays(now), pays(before))
    return Simulation(
        base=base,
        currency=next(iter(inputs.plans)).currency,
        drawn=years > 0,
        years=costs(now, sold),
        years_before=None if before is None else costs(before, sold),
        attained=attainments(now, inputs.plans),
        changes=changes,
        people=None if changes is None else by_person(changes, base.people),
        conventions=moves,
        refused=refused,
    )


def _paid(
    base: BaseYear, paying: Sequence[Years], *, years: int, seed: int, step: Callable[[str], None]
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame | None]:
    """What the years sell, and what both sides pay in them: the plans tried out, and the others if there are any."""
    earned: list[list[pl.DataFrame]] = [[] for _ in paying]
    sales: list[pl.DataFrame] = []
    for first, count in batches(years or 1, min(plan.at_once for plan in paying)):
        step(f"Year {first + 1:,} of {years or 1:,}")
        lots = sample(base, first, count=count, seed=seed) if years else as_it_was(base)
        sales.append(lots.deals.join(_nets(base), on="deal").group_by("year").agg(pl.col("net").sum()))
        for tables, plan in zip(earned, paying, strict=True):
            # Batch by batch, with only the columns that are counted later: all of thousands of years would not fit.
            tables.append(plan.pay(lots).select(COUNTED))
    now, *before = (pl.concat(tables) for tables in earned)
    return pl.concat(sales), now, before[0] if before else None


def as_it_was(base: BaseYear) -> Sample:
    """The base year itself: everyone in their own seat with their own deals."""
    seats = pl.DataFrame({"seat": range(len(base.people))}).with_columns(year=pl.lit(0, dtype=pl.Int64), who="seat")
    deals = (
        base.deals.select(seat="holder", who="holder")
        .with_row_index("deal")
        .with_columns(pl.col("deal").cast(pl.Int64), year=pl.lit(0, dtype=pl.Int64))
    )
    return Sample(seats.select("year", "seat", "who"), deals.select("year", "seat", "who", "deal"))


def _nets(base: BaseYear) -> pl.DataFrame:
    return base.deals.select("net").with_row_index("deal").with_columns(pl.col("deal").cast(pl.Int64))
