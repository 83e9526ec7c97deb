"""The whole calculation over files: deals, roster and plans in; earnings, lines and what was rejected out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from earnest.files import remarks
from earnest.files.deals import read_deals
from earnest.files.rejections import REJECTED, in_order
from earnest.files.roster import read_roster
from earnest.files.rows import Rows
from shared.kernel import Explained, PlanSet, credit, explain, measure
from shared.kernel.idle_months import earn_every_month
from shared.kernel.reasons import REASONS
from shared.kernel.tables import UNCREDITED


@dataclass(frozen=True, kw_only=True)
class Calculation:
    """What came out; counts of what went in; notes on what was given and says nothing, and warnings of what it says and
    is easily overlooked.

    `rejected` is what could not be used, credited or evaluated, `unread` the part of it that are rows that could not be
    read, `unpaid` what the plan itself pays nothing for, such as
    a gate that is closed; both are `REJECTED`.
    """

    earnings: pl.DataFrame
    explained: Explained
    rejected: pl.DataFrame
    unread: pl.DataFrame
    unpaid: pl.DataFrame
    deals: int
    won: int
    credited: int
    participants: int
    notes: list[str]
    warnings: list[str]
    in_weeks: bool
    """Whether a plan counts in weeks, so that its fiscal periods are no calendar months."""


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
    step("Explaining")
    explained = explain(credited.credits, people.roster, plans=plans, earnings=earned)
    # What a plan itself pays nothing for, such as a gate that is closed, is no fault of a file: it is written, but not
    # counted among what could not be used.
    by_plan = pl.col("problem").is_in([name for name, cause in REASONS.items() if cause.planned]).fill_null(value=False)
    refused = [
        people.rejected,
        sold.rejected,
        _uncredited(credited.uncredited, sold.last_rows),
        _unpaid(earned.filter(~by_plan)),
    ]
    return Calculation(
        earnings=earned,
        explained=explained,
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
        warnings=remarks.of_slips(sold.table, people.roster, earned=earned, plans=plans),
        in_weeks=plans.in_weeks,
    )


def _uncredited(missed: pl.DataFrame, last_rows: pl.DataFrame) -> pl.DataFrame:
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
