"""A simulation from beginning to end: credit history once, draw years, pay them under one plan set or two."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from earnest.simulation.history import BaseYear, base_year
from earnest.simulation.sampling import Sample, sample
from earnest.simulation.sensitivity import Moves, sensitivity
from earnest.simulation.statistics import attainments, by_person, costs, moved, pays
from earnest.simulation.years import Years, batches
from shared.kernel import PlanSet, Roster, credit

COUNTED = ["year", "seat", "who", "plan", "version", "component", "period", "fiscal", "attainment", "amount"]


@dataclass(frozen=True, kw_only=True)
class Outcome:
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


@dataclass(frozen=True)
class Side:
    """Deals and roster as a plan set reads them."""

    deals: pl.DataFrame
    roster: Roster
    plans: PlanSet

    def credits(self) -> pl.DataFrame:
        """Who is credited with which deals of history."""
        return credit(self.deals, self.roster, plans=self.plans).credits


def simulate(side: Side, against: Side | None, *, years: int, seed: int, step: Callable[[str], None]) -> Outcome:
    """Simulate years, or with `years` 0 the base year as it was.

    Raises:
        FileError: there is nothing to simulate.
        Overflow: a sum is beyond 10^18 minor units.
    """
    step("Crediting history")
    base = base_year(side.deals, side.roster, plans=side.plans)
    # Both plans are paid the same lots, so that a difference is the plans' and not luck's.
    sides = [side] if against is None else [side, against]
    credits = [each.credits() for each in sides]
    paying = [
        Years(base, found, roster=each.roster, plans=each.plans) for found, each in zip(credits, sides, strict=True)
    ]
    earned: list[list[pl.DataFrame]] = [[] for _ in sides]
    sales: list[pl.DataFrame] = []
    for first, count in batches(years or 1, min(each.at_once for each in paying)):
        step(f"Year {first + 1:,} of {years or 1:,}")
        lots = sample(base, first, count=count, seed=seed) if years else as_it_was(base)
        sales.append(lots.deals.join(_nets(base), on="deal").group_by("year").agg(pl.col("net").sum()))
        for found, each in zip(earned, paying, strict=True):
            # Batch by batch, with the columns that are counted afterwards only: all of thousands of years would not
            # fit.
            found.append(each.pay(lots).select(COUNTED))
    step("Trying the conventions")
    moves = sensitivity(_of_year(credits[0], base), side.roster, plans=side.plans)
    now, sold = pl.concat(earned[0]), pl.concat(sales)
    before = pl.concat(earned[1]) if against is not None else None
    changes = None if before is None else moved(pays(now), pays(before))
    return Outcome(
        base=base,
        currency=next(iter(side.plans)).currency,
        drawn=years > 0,
        years=costs(now, sold),
        years_before=None if before is None else costs(before, sold),
        attained=attainments(now, side.plans),
        changes=changes,
        people=None if changes is None else by_person(changes, base.people),
        conventions=moves,
    )


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


def _of_year(credits: pl.DataFrame, base: BaseYear) -> pl.DataFrame:
    return credits.join(base.deals.select("deal_id"), on="deal_id", how="semi")
