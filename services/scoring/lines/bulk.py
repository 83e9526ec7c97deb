"""The lines of a month of many participants, as `shared.contracts.lines` has them: one walk of the kernel over many of
them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import polars as pl

from services.scoring.earn.participant_sums import earnings_of
from services.scoring.lines.contributors import CONTRIBUTORS, Provenance, contributors_of
from services.scoring.lines.credited_deals import CreditedDeals
from services.scoring.reference.blame import UNGUARDED, Guarded, for_everybody_else
from shared.contracts import lines as contract
from shared.explanation import frozen
from shared.kernel import PlanSet, Roster, explain
from shared.kernel.pay_of_others import PAY_CREDITS
from shared.kernel.tables import EARNINGS, empty
from shared.periods import Month

TOGETHER: Final = 1000
"""Participants that are walked at once: few enough that a walk is small beside what is read, many enough that it is
one.
"""

_ID: Final = "participant_id"
_ORDER: Final = (_ID, "component", "plan", "version")
_EARNING: Final = [field.name for field in contract.EARNING.fields]
_LINE: Final = [field.name for field in contract.LINE.fields]


@dataclass(frozen=True, kw_only=True)
class MonthSnapshot:
    """All that the lines of a month come from, of one moment.

    Args:
        period: the month.
        sums: `PARTICIPANT_SUMS` of it, and of earlier ones where a plan sums over more than a month.
        roster: all of it.
        plans: all versions.
        deals: what credits anyone.
        provenance: who said what of people, plans and deals.
        pay: the `PAY_CREDITS` of those who are paid on others' pay.
    """

    period: Month
    sums: pl.DataFrame
    roster: Roster
    plans: PlanSet
    deals: CreditedDeals
    provenance: Provenance
    pay: pl.DataFrame = field(default_factory=lambda: empty(PAY_CREDITS))


def lines_of(month: MonthSnapshot, guarded: Guarded = UNGUARDED) -> Iterator[pl.DataFrame]:
    """Tables of the contract that together have everyone with sums or earnings in the month, by participant.

    Whoever is paid by a version that cannot be explained is not settled, and no one else.
    """
    of_month = month.sums.filter(pl.col("period") == month.period)
    everyone = of_month[_ID].unique().sort()
    # For everyone at once: who is compared with whom, and who is above whom, does not stop at the thousand that are
    # walked.
    contributors = contributors_of(
        month.provenance,
        deals=month.deals,
        earned=earnings_of(of_month).select(EARNINGS.names()),
        plans=month.plans,
        period=month.period,
    )
    for start in range(0, len(everyone), TOGETHER):
        yield _lines(month, everyone.slice(start, TOGETHER), contributors=contributors, guarded=guarded)


def _lines(
    month: MonthSnapshot, participants: pl.Series, *, contributors: pl.DataFrame, guarded: Guarded
) -> pl.DataFrame:
    of_them = pl.col(_ID).is_in(participants.implode())
    of_month = pl.col("period") == month.period
    sums = month.sums.filter(of_them)
    earned = earnings_of(sums).select(EARNINGS.names())
    credits = month.deals.credits.filter(of_them)
    pay = month.pay.filter(of_them)
    # Only where groups are added up: everyone's credits go to another process with those that are explained.
    everyone = month.deals.credits if month.plans.adds_up_groups else None
    roster = month.roster.only(participants)
    with guarded(f"lines/{month.period}/{participants[0]}") as (calculating, quarantine):
        plans, explained = for_everybody_else(
            month.plans,
            lambda plans: calculating(
                explain, credits, roster, plans=plans, earnings=earned, pay=pay, everyone=everyone
            ),
            quarantine=quarantine,
        )
    # Earlier months are walked for what they leave of a quarter or a year, and only the month itself is answered with.
    earnings = earned.filter(of_month)
    lines = _with_deals(explained.lines.filter(of_month), month.deals.facts)
    rows = sums.filter(of_month).select(_ID, "period", "revision")
    rows = _with_list(rows, earnings.sort(*_ORDER, "fiscal"), columns=_EARNING, name="earnings")
    rows = _with_list(rows, lines, columns=_LINE, name="lines")
    of_pay = contributors.filter(of_them).sort(CONTRIBUTORS.names())
    rows = _with_list(rows, of_pay, columns=["who", "what"], name="touched_by")
    details = frozen.details(explained, earned, plans=plans, period=month.period)
    rows = rows.join(details, on=_ID, how="left").sort(_ID)
    idle = [
        frozen.nothing(who, month.period) if without_detail else None
        for who, without_detail in zip(rows[_ID], rows["detail"].is_null(), strict=True)
    ]
    # Not settled is who has lines that do not sum to what was published, as while credits are on their way, and who
    # waits for a version: what is paid of it nobody can explain now.
    waiting = earnings.join(plans.quarantined, on=["plan", "version"], how="semi")[_ID]
    unsettled = [*contract.unsettled(rows), *waiting]
    return rows.with_columns(
        settled=~pl.col(_ID).is_in(unsettled),
        detail=pl.coalesce("detail", pl.Series(idle, dtype=pl.Binary)),
    ).select(contract.SCHEMA.names())


def _with_deals(lines: pl.DataFrame, facts: pl.DataFrame) -> pl.DataFrame:
    # A line without a deal (a guarantee, a contest) has no facts.
    with_facts = lines.join(facts.drop("who"), on="deal_id", how="left", maintain_order="left")
    return with_facts.sort(*_ORDER, "line")


def _with_list(rows: pl.DataFrame, table: pl.DataFrame, *, columns: list[str], name: str) -> pl.DataFrame:
    """The rows of participants with those of a table beside them, in its order, as a list of structs."""
    lists = table.group_by(_ID, maintain_order=True).agg(pl.struct(columns).alias(name))
    nothing = pl.lit([], dtype=contract.SCHEMA[name])
    return rows.join(lists, on=_ID, how="left").with_columns(pl.col(name).fill_null(nothing))
