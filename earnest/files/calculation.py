"""The whole calculation over files: deals, roster and plans in; earnings, lines and what was rejected out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import polars as pl

from earnest.files import remarks
from earnest.files.deals import read_deals
from earnest.files.rejections import REJECTED, in_order
from earnest.files.roster import read_roster
from earnest.files.rows import Rows
from shared.kernel import Explained, PlanSet, Roster, credit, explain, measure
from shared.kernel.idle_months import earn_every_month
from shared.kernel.reasons import REASONS
from shared.kernel.tables import UNCREDITED

PART: Final = 100_000
"""Credits that are explained together: enough that a part costs nothing by itself, and few enough for a small
machine."""


@dataclass(frozen=True, kw_only=True)
class Calculation:
    """What came out, and of what; counts of what went in; notes on what was given and says nothing, and warnings of
    what it says and is easily overlooked.

    `rejected` is what could not be used, credited or evaluated, `unread` the part of it that are rows that could not be
    read, `unpaid` what the plan itself pays nothing for, such as a gate that is closed; all are `REJECTED`.
    """

    earnings: pl.DataFrame
    credits: pl.DataFrame
    roster: Roster
    plans: PlanSet
    rejected: pl.DataFrame
    unread: pl.DataFrame
    unpaid: pl.DataFrame
    deals: int
    won: int
    credited: int
    participants: int
    notes: list[str]
    warnings: list[str]

    @property
    def refused_deals(self) -> int:
        """How many rows of deals could not be read."""
        return self.unread.filter(pl.col("file") == "deals").height

    @property  # not a cached one: of those, Python 3.11 computes one at a time, also of several calculations
    def explained(self) -> Explained:
        """The lines of all earnings.

        Raises:
            Overflow: a running sum is beyond 10^18 minor units.
        """
        return explain(self.credits, self.roster, plans=self.plans, earnings=self.earnings)

    @property
    def is_in_parts(self) -> bool:
        """Whether lines are explained in several parts."""
        return self.credits.height > PART and not self.plans.grouped

    def parts(self) -> Iterator[Calculation]:
        """The same of some participants after the others, in the order of their ids: lines take twenty times the room
        of the deals that they are of. In one part where what one is paid depends on others.
        """
        if not self.is_in_parts:
            yield self
            return
        who = pl.col("participant_id")
        sizes = pl.concat([self.credits.select(who), self.earnings.select(who).unique()]).group_by(who).len().sort(who)
        numbers = sizes.select(who, part=(pl.col("len").cum_sum() - 1) // PART)
        # Which part a row is in is found once for all parts, and not by the names of each.
        credits, earnings = (
            table.select(who).join(numbers, on=who, how="left", maintain_order="left")["part"]
            for table in (self.credits, self.earnings)
        )
        for number in numbers["part"].unique().sort():
            yield replace(
                self, credits=self.credits.filter(credits == number), earnings=self.earnings.filter(earnings == number)
            )


def calculate(deals: Path | Rows, roster: Path | Rows, *, plans: PlanSet, step: Callable[[str], None]) -> Calculation:
    """Compute the pay of deals and a roster, files or rows as a mapping reads them; `step` is told what is being done.

    Raises:
        FileError: a file cannot be read.
        Overflow: a sum is beyond 10^18 minor units.
    """
    step("Reading the roster")
    people = read_roster(roster, plans)
    step("Reading the deals")
    sold = read_deals(deals, plans)
    step("Crediting")
    credited = credit(sold.table, people.roster, plans=plans)
    step("Earning")
    earned = earn_every_month(measure(credited.credits, plans), people.roster, plans=plans)
    # What a plan itself pays nothing for, such as a gate that is closed, is no fault of a file: it is written, but not
    # counted among what could not be used.
    by_plan = pl.col("problem").is_in([name for name, cause in REASONS.items() if cause.planned]).fill_null(value=False)
    refused = [
        people.rejected,
        sold.rejected,
        _uncredited(credited.uncredited, sold.rows),
        _unpaid(earned.filter(~by_plan)),
    ]
    return Calculation(
        earnings=earned,
        credits=credited.credits,
        roster=people.roster,
        plans=plans,
        rejected=in_order(pl.concat(refused)),
        unread=pl.concat([people.rejected, sold.rejected]),
        unpaid=in_order(_unpaid(earned.filter(by_plan))),
        deals=sold.table.height,
        won=sold.table.filter(pl.col("stage") == "won").height,
        credited=credited.credits["deal_id"].n_unique(),
        participants=people.size,
        notes=people.notes
        + remarks.of_rows(sold.repeated)
        + remarks.of_columns(sold.unused, sold.absent)
        + remarks.of_use(credited.credits, people.roster, plans=plans),
        warnings=remarks.of_slips(sold.table, people.roster, credits=credited.credits, earned=earned, plans=plans),
    )


def _uncredited(missed: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    # Of a deal of several rows the last one is named.
    last_rows = rows.join(missed, on="deal_id", how="semi").group_by("deal_id").agg(pl.col("row").max())
    return (
        missed.select(UNCREDITED.names())
        .join(last_rows, on="deal_id", how="left")
        .select(file=pl.lit("deals"), row="row", id="deal_id", reason="reason", message=_in_words("reason"))
    ).cast(REJECTED)


def _unpaid(earned: pl.DataFrame) -> pl.DataFrame:
    return earned.filter(pl.col("problem").is_not_null()).select(
        file=pl.lit("earnings"),
        row=pl.lit(None, dtype=pl.Int64),
        id="participant_id",
        reason="problem",
        message=pl.format("{} of {}: {}", "component", "period", _in_words("problem")),
    )


def _in_words(reason: str) -> pl.Expr:
    says = {name: cause.says for name, cause in REASONS.items()}
    words = pl.col(reason).replace_strict(says, return_dtype=pl.String)
    for name, column in (("{about}", "about"), ("{who}", "participant_id")):
        words = words.str.replace(name, pl.col(column).fill_null(""), literal=True)
    return words
