"""Changed quotas of the participants on a plan: relief, a raise, or the same total divided otherwise."""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final

import polars as pl

from earnest.proposals.plan_changes import NothingToChange
from shared.kernel import Roster
from shared.kernel.roster import EVERY
from shared.spreadsheets import csv_text

FURTHEST: Final = Decimal("0.3")
"""By how much a re-allocation changes a quota at most, as a share of it: what somebody brought is luck in part."""
STEP: Final = Decimal(100)
"""To what quotas are rounded, in major units."""

Factors = Mapping[tuple[str, str], Decimal]
"""By participant and measure, what their quota is multiplied with."""


@dataclass(frozen=True, kw_only=True)
class QuotaFile:
    """A roster file with the quotas that would hold from a date on."""

    file: str
    text: str
    effective_from: date


def people_of(roster: Roster, *, day: date, **wanted: str) -> list[str]:
    """The active participants whose attributes on a day are those wanted, such as a plan and a territory."""
    held = roster.assignments.filter(pl.col("effective_from") <= day).sort("effective_from")
    last = held.group_by("participant_id").last()
    fits = [pl.col(name) == value for name, value in wanted.items()]
    return sorted(last.filter(pl.col("active"), *fits)["participant_id"])


def with_quota(roster: Roster, who: Collection[str], *, measures: Collection[str], day: date) -> list[tuple[str, str]]:
    """Which of these participants have a quota of their own on a day, and of which of these measures, or of every one.

    Raises:
        NothingToChange: nobody has.
    """
    known = _in_force(roster, day).filter(
        pl.col("participant_id").is_in(list(who)), pl.col("measure").is_in([EVERY, *measures])
    )
    if known.is_empty():
        raise NothingToChange("nobody who is on it then has a quota of their own for it in the roster")
    return list(known.select("participant_id", "measure").iter_rows())


def reallocated(brought: Mapping[str, tuple[Decimal, Decimal]], *, by: Decimal) -> dict[str, Decimal]:
    """The same total of quotas, `by` so far of the way from what they are to what people brought.

    Args:
        brought: by participant their quota and what they brought, each of a month.
        by: 0 changes nothing, 1 divides the total as it was brought.

    Returns:
        By participant, what their quota is multiplied with.

    Raises:
        NothingToChange: there are less than two people with quotas, or nobody brought anything.
    """
    known = {who: pair for who, pair in brought.items() if pair[0] > 0}
    quotas, sold = (sum((pair[place] for pair in known.values()), Decimal(0)) for place in (0, 1))
    if len(known) < 2 or sold <= 0:
        raise NothingToChange("there are no two participants with quotas and sales to divide them by")
    factors = {}
    for who, (quota, mine) in known.items():
        change = by * (quotas * mine / sold / quota - 1)
        factors[who] = 1 + max(-FURTHEST, min(FURTHEST, change))
    # What the bound takes away from some is spread over all, so that the total stays.
    total = sum((pair[0] * factors[who] for who, pair in known.items()), Decimal(0))
    return {who: factor * quotas / total for who, factor in factors.items()}


def with_quotas(roster: Roster, file: QuotaFile) -> Roster:
    """The roster as if quotas had always been to those that hold when the file does as the file's are."""
    now = _in_force(roster, file.effective_from)
    new = pl.DataFrame(
        list(_rows(file)), schema={"participant_id": pl.String, "measure": pl.String, "new": pl.String}, orient="row"
    )
    # The factor as thousandths of a percent: quotas are exact, and stay so.
    factors = now.join(new, on=["participant_id", "measure"]).filter(pl.col("quota") > 0)
    parts = factors.select(
        "participant_id",
        "measure",
        parts=pl.Series(
            [round(Decimal(new) / quota * 100_000) for quota, new in factors.select("quota", "new").iter_rows()],
            dtype=pl.Int64,
        ),
    )
    quotas = roster.quotas.join(
        parts, on=["participant_id", "measure"], how="left", maintain_order="left"
    ).with_columns(
        quota=pl.when(pl.col("parts").is_null())
        .then(pl.col("quota"))
        .otherwise((pl.col("quota") * pl.col("parts") / 100_000).cast(roster.quotas.schema["quota"]))
    )
    return replace(roster, quotas=quotas.drop("parts"))


def _rows(file: QuotaFile) -> Iterator[tuple[str, str, str]]:
    for row in csv.DictReader(file.text.splitlines()):
        for column, quota in row.items():
            if quota and column.partition(".")[0] == "quota":
                yield row["participant_id"], column.partition(".")[2] or EVERY, quota


def _in_force(roster: Roster, day: date) -> pl.DataFrame:
    held = roster.quotas.filter(pl.col("effective_from") <= day).sort("effective_from")
    return held.group_by("participant_id", "measure").last().drop_nulls("quota").sort("participant_id", "measure")


def quota_file(roster: Roster, factors: Factors, *, effective_from: date, name: str) -> QuotaFile:
    """The rows of a roster file that change quotas as they are in force on a date, and no others."""
    measures = sorted({measure for _, measure in factors})
    columns = ["quota" if measure == EVERY else f"quota.{measure}" for measure in measures]
    cells: dict[str, dict[str, str]] = {}
    for who, measure, quota in (
        _in_force(roster, effective_from).select("participant_id", "measure", "quota").iter_rows()
    ):
        if (factor := factors.get((who, measure))) is not None:
            cells.setdefault(who, {})[measure] = f"{_rounded(Decimal(quota) * factor):f}"
    table = pl.DataFrame(
        [[who, effective_from.isoformat(), *map(own.get, measures)] for who, own in cells.items()],
        schema=dict.fromkeys(["participant_id", "effective_from", *columns], pl.String),
        orient="row",
    )
    file = f"roster-{name}-{effective_from.isoformat()}.csv"
    return QuotaFile(file=file, text=csv_text(table), effective_from=effective_from)


def _rounded(quota: Decimal) -> Decimal:
    """To hundreds; a small quota, such as one of deals, to a tenth."""
    step = STEP if quota >= 20 * STEP else Decimal("0.1")
    return ((quota / step).quantize(Decimal(1), ROUND_HALF_EVEN) * step).normalize() + Decimal(0)
