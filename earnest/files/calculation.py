"""The whole calculation over files: deals, roster and plans in; earnings, lines and what was rejected out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from earnest.files import deals as deals_files
from earnest.files import roster as roster_files
from earnest.files.deals import deals_of
from earnest.files.rejected import REJECTED
from earnest.files.roster import roster_of
from earnest.files.rows import read_rows
from shared.contracts.roster_rows import is_known
from shared.kernel import Explained, PlanSet, credit, explain, measure
from shared.kernel.idle import earn_every_month
from shared.kernel.tables import UNCREDITED

REASONS = {
    "no_currency": "the deal names no currency and the plans do not share one",
    "no_amount": "the deal has no amount",
    "no_close_date": "the deal has no close date",
    "no_owner": "the deal has neither owner nor splits",
    "inexact_amount": "an amount has more decimals than its currency",
    "bad_amount": "an amount is too large or its currency unknown",
    "bad_value": "a column of the company's own is not what the plan declares",
    "unknown_participant": "is not in the roster on the close date",
    "participant_left": "is not active on the close date",
    "no_plan": "is on no plan on the close date",
    "plan_not_in_force": "is on a plan of which no version is in force on the close date",
    "other_currency": "is on a plan of another currency",
    "no_rate": "is on a plan that has no exchange rate for the deal's currency on the credit date",
    "no_rule": "is on a plan of which no crediting rule selects the deal",
    "no_quota": "has no quota above zero on the last day of the period",
    "no_term": "has no term in force on the last day of the period for a figure of the component that has no default",
}
"""Why a won deal credits nobody or a component pays nothing, in words; those that begin with `is` or `has` speak of a participant."""


@dataclass(frozen=True)
class Calculation:
    """What came out: `EARNINGS`, `Explained` and `REJECTED`; counts of what went in; notes on columns that say nothing."""

    earnings: pl.DataFrame
    explained: Explained
    rejected: pl.DataFrame
    deals: int
    won: int
    credited: int
    participants: int
    notes: list[str]
    in_weeks: bool
    """Whether a plan counts in weeks, so that its fiscal periods are no calendar months."""


def calculate(deals: Path, roster: Path, plans: PlanSet, step: Callable[[str], None]) -> Calculation:
    """Compute the pay of a deals file and a roster file; `step` is told what is being done.

    Raises:
        FileError: a file cannot be read.
        Overflow: a sum is beyond 10^18 minor units.
    """
    step("Reading the roster")
    people = roster_of(read_rows(roster, "roster", roster_files.REQUIRED, is_known), plans)
    step("Reading the deals")
    sold = deals_of(read_rows(deals, "deals", deals_files.REQUIRED, deals_files.used_by(plans)), plans)
    step("Crediting")
    credited = credit(sold.table, people.roster, plans)
    step("Earning")
    earned = earn_every_month(measure(credited.credits, plans), people.roster, plans)
    step("Explaining")
    explained = explain(credited.credits, people.roster, plans, earned)
    refused = [people.rejected, sold.rejected, _uncredited(credited.uncredited, sold.last_rows), _unpaid(earned)]
    return Calculation(
        earned,
        explained,
        pl.concat(refused).sort("file", "row", "id", "reason", "message", nulls_last=True),
        sold.table.height,
        sold.table.filter(pl.col("stage") == "won").height,
        credited.credits["deal_id"].n_unique(),
        people.size,
        _notes(people.unused, sold.unused, sold.absent),
        plans.in_weeks,
    )


def _uncredited(missed: pl.DataFrame, last_rows: pl.DataFrame) -> pl.DataFrame:
    who = (
        pl.when(pl.col("message").str.contains("^(is|has) ")).then(pl.col("participant_id") + " ").otherwise(pl.lit(""))
    )
    return (
        missed.select(UNCREDITED.names())
        .join(last_rows, on="deal_id", how="left")
        .with_columns(message=pl.col("reason").replace_strict(REASONS, return_dtype=pl.String))
        .select(file=pl.lit("deals"), row="row", id="deal_id", reason="reason", message=who + pl.col("message"))
    ).cast(REJECTED)


def _unpaid(earned: pl.DataFrame) -> pl.DataFrame:
    why = pl.col("problem").replace_strict(REASONS, return_dtype=pl.String)
    told = (pl.col("problem") == "no_term") | (pl.col("measure") != 0)
    return earned.filter(pl.col("problem").is_not_null() & told).select(
        file=pl.lit("earnings"),
        row=pl.lit(None, dtype=pl.Int64),
        id="participant_id",
        reason="problem",
        message=pl.format("{} of {}: {}", "component", "period", why),
    )


def _notes(roster_unused: list[str], deals_unused: list[str], deals_absent: list[str]) -> list[str]:
    notes = [f"The roster's column {name} is not one that Earnest knows: it is not used." for name in roster_unused]
    notes += [f"No plan declares the deals' column {name}: it is not used." for name in deals_unused]
    return notes + [f"A plan declares the column {name}, which the deals do not have." for name in deals_absent]
