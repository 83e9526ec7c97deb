"""The pay of simulated years. Each year has participants of its own, so that one call of the kernel computes many years.

Crediting happens once, on history: a deal that is drawn brings the credits it had, its holder's to the seat that drew it.
"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from earnest.simulation.base import Base
from earnest.simulation.drawing import Drawn
from shared.kernel import PlanSet, Roster, earn, measure, summed
from shared.kernel.tables import SUMS

APART = "\x1f"
"""Between a participant and a deal, or a seat and a year; no identifier has it."""
_KEY = ["plan", "version", "rule", "period", "currency", "bucket"]


class Years:
    """A plan set over simulated years drawn from a base.

    Args:
        credits: `CREDITS` of the deals of history under the plans.
    """

    def __init__(self, base: Base, credits: pl.DataFrame, roster: Roster, plans: PlanSet) -> None:
        self._base, self._roster, self._plans = base, roster, plans
        self._units = _units(base, credits, plans)
        self._told_apart = bool(self._units.filter(pl.col("bucket") != "").height)
        groups = any(component.needs_group for plan in plans for component in plan.components)
        self.at_once = 1 if groups else 100
        """How many years one call takes: those who are compared with each other must be of one year."""

    def pay(self, lots: Drawn) -> pl.DataFrame:
        """`EARNINGS` of the years, with `year` and the places `seat` and `who` beside them."""
        label = pl.concat_str(pl.col("seat").cast(pl.String), pl.lit(APART), pl.col("year").cast(pl.String))
        seats = lots.seats.with_columns(participant_id=label)
        sums = self._sums(lots).join(seats.select("year", "seat", "participant_id"), on=["year", "seat"])
        people = _relabelled(self._roster, self._named(seats))
        earned = earn(measure(sums.select(SUMS.names()).cast(SUMS), self._plans), people, self._plans)
        return earned.join(seats, on="participant_id")

    def _sums(self, lots: Drawn) -> pl.DataFrame:
        """What the deals that were drawn bring to whom."""
        again = pl.int_range(pl.len()).over("year", "seat", "deal") if self._told_apart else pl.lit(0)
        brought = (
            lots.deals.with_columns(again=again)
            .join(self._units, on="deal")
            .with_columns(seat=pl.when(pl.col("credited") == pl.col("who")).then("seat").otherwise("credited"))
        )
        if self._told_apart:  # a deal drawn a second time is a deal with somebody else
            once = (pl.col("bucket") == "") | (pl.col("again") == 0)
            other = pl.concat_str("bucket", pl.lit("#"), pl.col("again").cast(pl.String))
            brought = brought.with_columns(bucket=pl.when(once).then("bucket").otherwise(other))
        return brought.group_by("year", "seat", *_KEY).agg(pl.col("amount", "deals").sum())

    def _named(self, seats: pl.DataFrame) -> pl.DataFrame:
        names = pl.DataFrame({"who": range(len(self._base.people)), "name": self._base.people})
        return seats.join(names, on="who").select("participant_id", "name")


def _units(base: Base, credits: pl.DataFrame, plans: PlanSet) -> pl.DataFrame:
    """What every deal of the base brings to everyone it credits, as `SUMS` of that deal alone."""
    place = pl.DataFrame({"participant_id": base.people, "credited": range(len(base.people))})
    numbered = base.deals.select("deal_id").with_row_index("deal").with_columns(pl.col("deal").cast(pl.Int64))
    alone = credits.join(numbered.select("deal_id"), on="deal_id", how="semi").with_columns(
        participant_id=pl.concat_str("participant_id", pl.lit(APART), "deal_id")
    )
    parts = pl.col("participant_id").str.split_exact(APART, 1)
    return (
        summed(alone, plans)
        .with_columns(parts.struct.rename_fields(["participant_id", "deal_id"]).alias("both"))
        .drop("participant_id")
        .unnest("both")
        .join(numbered, on="deal_id")
        .join(place, on="participant_id")
        .with_columns(pl.col("plan", "rule", "period", "currency").cast(pl.Categorical))
        .select("deal", "credited", *_KEY, "amount", "deals")
    )


def _relabelled(roster: Roster, named: pl.DataFrame) -> Roster:
    """Everyone who sits somewhere, under the name of seat and year; managers are needed for crediting only."""

    def copied(table: pl.DataFrame) -> pl.DataFrame:
        copies = table.rename({"participant_id": "of"}).join(
            named.rename({"name": "of2"}), left_on="of", right_on="of2"
        )
        return copies.select(table.columns)

    return Roster.of(*(copied(each) for each in (roster.assignments, roster.quotas, roster.terms, roster.scores)))


def batches(count: int, size: int) -> Iterator[tuple[int, int]]:
    """First and number of the years of each batch."""
    for first in range(0, count, size):
        yield first, min(size, count - first)
