"""The lines of a month of many participants, as `shared.contracts.lines` has them: one walk of the kernel over all of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import polars as pl

from services.scoring.credit.deal_facts import DEAL_FACTS, deal_facts
from services.scoring.credit.deals import credits_of
from services.scoring.earn.participant_sums import earnings_of
from services.scoring.lines.contributors import CONTRIBUTORS, Said, contributors_of
from services.scoring.reference.blame import UNGUARDED, Guarded, for_everybody_else
from shared.contracts import lines as contract
from shared.explanation import frozen
from shared.kernel import PlanSet, Roster, explain
from shared.kernel.tables import CREDITS, EARNINGS, empty

TOGETHER: Final = 1000
"""Participants that are walked at once: few enough that a walk is small beside what is read, many enough that it is one."""

_ID: Final = "participant_id"
_EARNING: Final = [field.name for field in contract.EARNING.fields]
_LINE: Final = [field.name for field in contract.LINE.fields]


@dataclass(frozen=True, kw_only=True)
class Sold:
    """Credits up to the end of the month, what payout needs to know of their deals (`DEAL_FACTS`, and `closed_on`), and who holds
    the deals (holder, latest: the last day on which one credits anyone)."""

    credits: pl.DataFrame
    facts: pl.DataFrame
    holders: pl.DataFrame


@dataclass(frozen=True, kw_only=True)
class Known:
    """What else the lines of a month come from, all of one moment; `sums` are `PARTICIPANT_SUMS` of the month, and of earlier ones where a plan sums over more."""

    period: str
    sums: pl.DataFrame
    roster: Roster
    plans: PlanSet
    said: Said


def sold(pages: Iterable[pl.DataFrame], period: str) -> Sold:
    """What pages of stored deals (deal_id, close_date, owner, sharers, credits, facts) credit until the end of the month."""
    credits, facts = [empty(CREDITS)], [pl.DataFrame(schema={**DEAL_FACTS, "closed_on": pl.Date()})]
    holders = [pl.DataFrame(schema={"holder": pl.String(), "latest": pl.Date()})]
    for page in pages:
        credits.append(credits_of(page).filter(pl.col("period") <= period))
        of_it = page.join(credits[-1], on="deal_id", how="semi", maintain_order="left")
        closed = of_it["close_date"].alias("closed_on")
        facts.append(deal_facts(of_it).with_columns(closed))
        holders += _holders(of_it, credits[-1])
    return Sold(credits=pl.concat(credits), facts=pl.concat(facts), holders=_latest(pl.concat(holders)))


def _holders(deals: pl.DataFrame, credits: pl.DataFrame) -> list[pl.DataFrame]:
    dated = deals.select("deal_id", "owner", "sharers").join(
        credits.select("deal_id", latest="credit_date"), on="deal_id"
    )
    shared = dated.filter(pl.col("sharers").is_not_null()).explode("sharers")
    return [
        _latest(each) for each in (dated.select("latest", holder="owner"), shared.select("latest", holder="sharers"))
    ]


def _latest(holders: pl.DataFrame) -> pl.DataFrame:
    return holders.drop_nulls("holder").group_by("holder").agg(pl.col("latest").max())


def lines_of(known: Known, found: Sold, guarded: Guarded = UNGUARDED) -> Iterator[pl.DataFrame]:
    """Tables of the contract that together have everyone with sums or earnings in the month, by participant.

    Whoever is paid by a version that cannot be explained is not settled, and no one else.
    """
    of_month = known.sums.filter(pl.col("period") == known.period)
    everyone = of_month[_ID].unique().sort()
    earned = earnings_of(of_month).select(EARNINGS.names())
    contributors = contributors_of(
        known.said,
        credits=found.credits,
        facts=found.facts,
        holders=found.holders,
        earned=earned,
        plans=known.plans,
        period=known.period,
    )
    for start in range(0, len(everyone), TOGETHER):
        yield _lines(known, found, contributors=contributors, those=everyone.slice(start, TOGETHER), guarded=guarded)


def _lines(
    known: Known, found: Sold, *, contributors: pl.DataFrame, those: pl.Series, guarded: Guarded
) -> pl.DataFrame:
    of_them = pl.col(_ID).is_in(those.implode())
    sums = known.sums.filter(of_them)
    earned = earnings_of(sums).select(EARNINGS.names())
    credits = found.credits.filter(of_them)
    roster = known.roster.only(those)
    with guarded(f"lines/{known.period}/{those[0]}") as (calculating, quarantine):
        plans, explained = for_everybody_else(
            known.plans,
            lambda plans: calculating(explain, credits, roster, plans, earned),
            quarantine=quarantine,
        )
    now = earned.filter(pl.col("period") == known.period)
    told = explained.lines.filter(pl.col("period") == known.period)
    rows = (
        sums.filter(pl.col("period") == known.period)
        .select(_ID, "period", "revision")
        .join(
            _gathered(now.sort(_ID, "component", "plan", "version", "fiscal"), _EARNING, "earnings"), on=_ID, how="left"
        )
        .join(_gathered(_with_deals(told, found.facts), _LINE, "lines"), on=_ID, how="left")
        .join(
            _gathered(contributors.filter(of_them).sort(CONTRIBUTORS.names()), ["who", "what"], "touched_by"),
            on=_ID,
            how="left",
        )
        .join(frozen.details(explained, earned, plans, known.period), on=_ID, how="left")
        .with_columns(
            pl.col(name).fill_null(pl.lit([], dtype=contract.SCHEMA[name]))
            for name in ("earnings", "lines", "touched_by")
        )
        .sort(_ID)
    )
    idle = [
        frozen.nothing(who, known.period) if none else None
        for who, none in zip(rows[_ID], rows["detail"].is_null(), strict=True)
    ]
    waiting = now.join(plans.quarantined, on=["plan", "version"], how="semi")[_ID]
    off = [*contract.unsettled(rows), *waiting]
    return rows.with_columns(
        settled=~pl.col(_ID).is_in(off),
        detail=pl.coalesce("detail", pl.Series(idle, dtype=pl.Binary)),
    ).select(contract.SCHEMA.names())


def _with_deals(told: pl.DataFrame, facts: pl.DataFrame) -> pl.DataFrame:
    with_facts = told.join(facts.drop("who"), on="deal_id", how="left", maintain_order="left")
    return with_facts.sort(_ID, "component", "plan", "version", "line")


def _gathered(rows: pl.DataFrame, columns: list[str], name: str) -> pl.DataFrame:
    return rows.group_by(_ID, maintain_order=True).agg(pl.struct(columns).alias(name))
