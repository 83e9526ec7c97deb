"""The pay of simulated years. Each year has participants of its own, so that one call of the kernel computes many
years.

Crediting happens once, on history: a deal that is drawn brings the credits it had, its holder's to the seat that drew
it.
"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from earnest.simulation.history import BaseYear
from earnest.simulation.sampling import Sample
from shared.contracts.roster import EVERYONE
from shared.kernel import PlanSet, Roster, earn, measure, summed
from shared.kernel.tables import SUMS

MANY, SOME = 100, 16
CYCLE = 400
"""After so many years the calendar repeats, leap days and weekdays and all. Where people are compared with each other,
the years of one call lie so far apart that everyone meets only those of their own year."""
APART = "\x1f"
"""Between a participant and a deal, or a seat and a year; no identifier has it."""
_KEY = ["plan", "version", "rule", "period", "fiscal", "currency", "bucket"]


class Years:
    """A plan set over simulated years drawn from a base.

    Args:
        credits: `CREDITS` of the deals of history under the plans.
    """

    def __init__(self, base: BaseYear, credits: pl.DataFrame, *, roster: Roster, plans: PlanSet) -> None:
        self._base, self._roster, self._plans = base, roster, plans
        self._units = _units(base, credits, plans=plans)
        self._counts_distinct = bool(self._units.filter(pl.col("bucket") != "").height)
        windows = {plan.window(c) for plan in plans for c in plan.components if c.needs_group}
        windows |= {measure.reset for plan in plans for measure in plan.apart.groups}
        dated = roster.has_everyones or any(
            plan.calendar.weeks or any(m.score or m.rolling for m in plan.measures) for plan in plans
        )
        # Seats of all years of a call are participants with names of their own. Where people are compared, names are
        # not enough: each year is moved so far into the future that nobody shares a window with another year.
        self._apart = CYCLE if windows else 0
        self.at_once = MANY if not windows else SOME if windows == {"month"} and not dated else 1
        """How many years one call takes; fiscal weeks, rolling windows and the versions that scores belong to
        cannot be moved in time."""

    def pay(self, lots: Sample) -> pl.DataFrame:
        """`EARNINGS` of the years, with `year` and the places `seat` and `who` beside them."""
        label = pl.concat_str(pl.col("seat").cast(pl.String), pl.lit(APART), pl.col("year").cast(pl.String))
        later = (pl.col("year") - pl.col("year").min()) * self._apart
        seats = lots.seats.with_columns(participant_id=label, later=later)
        # Sums and not deals go into the kernel: crediting does not depend on the lots, so it was done once, and a
        # thousand years cost a thousand additions.
        sums = self._sums(lots).join(seats.drop("who"), on=["year", "seat"])
        if self._apart:
            sums = sums.with_columns(
                period=_moved(pl.col("period").cast(pl.String)),
                fiscal=(pl.col("fiscal") + 12 * pl.col("later")).cast(SUMS["fiscal"]),
            )
        people = _relabelled(self._roster, self._named(seats))
        earned = earn(measure(sums.select(SUMS.names()).cast(SUMS), self._plans), people, plans=self._plans)
        return earned.join(seats.drop("later"), on="participant_id")

    def _sums(self, lots: Sample) -> pl.DataFrame:
        """What the deals that were drawn bring to whom."""
        # Drawing with replacement brings a deal twice. For amounts that is twice as much; for a distinct count it must
        # be another customer, or sampling would lower what is counted.
        again = pl.int_range(pl.len()).over("year", "seat", "deal") if self._counts_distinct else pl.lit(0)
        brought = (
            lots.deals.with_columns(again=again)
            .join(self._units, on="deal")
            .with_columns(seat=pl.when(pl.col("credited") == pl.col("who")).then("seat").otherwise("credited"))
        )
        if self._counts_distinct:  # a deal drawn a second time is a deal with somebody else
            once = (pl.col("bucket") == "") | (pl.col("again") == 0)
            # What follows `|` is told of the deal (`measure`), not by what it is told apart.
            bucket = pl.col("bucket").str.splitn("|", 2).struct
            told = pl.concat_str(pl.lit("|"), bucket.field("field_1")).fill_null("")
            other = pl.concat_str(bucket.field("field_0"), pl.lit("#"), pl.col("again").cast(pl.String), told)
            brought = brought.with_columns(bucket=pl.when(once).then("bucket").otherwise(other))
        return brought.group_by("year", "seat", *_KEY).agg(pl.col("amount", "deals").sum())

    def _named(self, seats: pl.DataFrame) -> pl.DataFrame:
        names = pl.DataFrame({"who": range(len(self._base.people)), "name": self._base.people})
        return seats.join(names, on="who").select("participant_id", "name", "later")


def _units(base: BaseYear, credits: pl.DataFrame, *, plans: PlanSet) -> pl.DataFrame:
    """What every deal of the base brings to everyone it credits, as `SUMS` of that deal alone."""
    place = pl.DataFrame({"participant_id": base.people, "credited": range(len(base.people))})
    numbered = base.deals.select("deal_id").with_row_index("deal").with_columns(pl.col("deal").cast(pl.Int64))
    # `summed` adds up by participant, so a participant who is a deal as well gives the sums of each deal alone, without
    # another way of summing.
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


def _moved(period: pl.Expr) -> pl.Expr:
    """The period of a later year."""
    return (period.str.slice(0, 4).cast(pl.Int64) + pl.col("later")).cast(pl.String) + period.str.slice(4)


def _relabelled(roster: Roster, named: pl.DataFrame) -> Roster:
    """Everyone who sits somewhere, under the name of seat and year; managers are needed for crediting only."""

    def copied(table: pl.DataFrame) -> pl.DataFrame:
        copies = table.rename({"participant_id": "of"}).join(
            named.rename({"name": "of2"}), left_on="of", right_on="of2"
        )
        # Calendar years and not days, so that quotas and scores stay on their dates; after CYCLE years weekdays and
        # leap days are the same again, and prorated quotas are, too.
        moved = pl.col("effective_from").dt.offset_by(pl.concat_str(pl.col("later"), pl.lit("y")))
        everyones = table.filter(pl.col("participant_id") == EVERYONE)
        return pl.concat([copies.with_columns(effective_from=moved).select(table.columns), everyones])

    return Roster.of(
        copied(roster.assignments),
        copied(roster.quotas),
        terms=copied(roster.terms),
        scores=copied(roster.scores),
        categories=copied(roster.categories),
    )


def batches(count: int, size: int) -> Iterator[tuple[int, int]]:
    """First and number of the years of each batch."""
    for first in range(0, count, size):
        yield first, min(size, count - first)
