"""Who set the facts that a month's pay rests on: nobody of them may approve it.

Pay is a function of facts, and whoever set one of them had a hand in it. Of a participant these are, on any day of the window over which
the month is summed (`fact_windows`): what the roster says of them, the plan versions they are on, every field of the deals that credit them or
did, whom others report to on the way from the holders of deals up to them (`reporting`); and where a plan compares people, the same
of everybody they are compared with. What somebody else has replaced is nobody's any more: what it moved in a month that was paid is kept
with what was paid.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import polars as pl

from services.scoring.credit.deal_facts import deal_facts
from services.scoring.lines.fact_windows import overlap, versions_of, windows
from services.scoring.lines.reporting import of_others
from services.scoring.lines.roster_settings import KINDS, Again, settings
from shared.facts import Facts
from shared.kernel import PlanSet

CONTRIBUTORS: Final = pl.Schema({"participant_id": pl.String(), "who": pl.String(), "what": pl.String()})

_ID: Final = "participant_id"


@dataclass(frozen=True, kw_only=True)
class Said:
    """Who said what, all of one moment.

    Args:
        people: the facts of participants, of whoever is below them, and of those they are compared with.
        authors: plan, version, who: published it, or sent it again.
        people_again: by participant and path, who sent a fact in force again that had not been taken when it came.
        deals_again: the same by deal and path.
        lost: participant_id, period, deal_id and packed facts of deals that credited somebody in the period and no longer do.
        lost_holders: participant_id, period, holder: whose deals credited somebody in the period until the roster said otherwise.
    """

    people: Mapping[str, Facts]
    authors: pl.DataFrame
    people_again: Again
    deals_again: Again
    lost: pl.DataFrame
    lost_holders: pl.DataFrame


def contributors_of(
    said: Said,
    *,
    credits: pl.DataFrame,
    facts: pl.DataFrame,
    holders: pl.DataFrame,
    earned: pl.DataFrame,
    plans: PlanSet,
    period: str,
) -> pl.DataFrame:
    """The `CONTRIBUTORS` of everybody's pay of a month, distinct.

    Args:
        said: who said what.
        credits: `CREDITS` until the month ends.
        facts: `DEAL_FACTS` of their deals.
        holders: holder, latest: who holds them, and the last day on which one credits anyone.
        earned: `EARNINGS` of the month.
        plans: all plan versions.
        period: the month.
    """
    every = settings(said.people, said.people_again)
    held = every.filter(pl.col("attribute") == "plan").select(_ID, "day", "until", plan="value").drop_nulls("plan")
    everyone = pl.concat([each[_ID].unique() for each in (every, earned, said.lost, said.lost_holders)]).unique()
    open_in = windows(everyone, held, earned, plans, period)
    on = _versions(held, open_in, earned, plans)
    then = (pl.col("period") >= pl.col("since")) & (pl.col("period") <= period)
    lost, lost_holders = (each.join(open_in, on=_ID).filter(then) for each in (said.lost, said.lost_holders))
    again = [(deal, who) for (deal, _), hands in said.deals_again.items() for who in hands]
    deals_again = pl.DataFrame(again, schema={"deal_id": pl.String, "who": pl.String}, orient="row")
    others = of_others(every, on, open_in, lost_holders.select(_ID, "holder"), holders, plans)
    found = pl.concat(
        [
            _by_deals(credits.join(open_in.select(_ID, "since"), on=_ID).filter(then), facts, deals_again),
            _by_deals(lost, deal_facts(lost.select("deal_id", "facts").unique("deal_id")), deals_again),
            on.join(said.authors, on=["plan", "version"]).select(_ID, "who", what=pl.lit("rate")),
            _by_roster(every, open_in),
            others.with_columns(what=pl.lit("roster")),
        ]
    ).unique()
    return pl.concat([found, *_compared(found, on, every, open_in, plans)]).unique()


def _versions(held: pl.DataFrame, open_in: pl.DataFrame, earned: pl.DataFrame, plans: PlanSet) -> pl.DataFrame:
    """participant_id, plan, version: in force for them on any day of their window, or paying them."""
    on = (
        held.join(open_in, on=_ID)
        .filter(overlap("day", "until", "first", "last"))
        .join(versions_of(plans), on="plan")
        .filter(
            overlap("begins_on", "ends_on", "first", "last"),
            pl.col("until").is_null() | (pl.col("begins_on") < pl.col("until")),
            pl.col("ends_on").is_null() | (pl.col("ends_on") > pl.col("day")),
        )
    )
    return pl.concat([each.select(_ID, "plan", "version") for each in (on, earned)]).unique()


def _by_roster(every: pl.DataFrame, open_in: pl.DataFrame) -> pl.DataFrame:
    kind = pl.col("attribute").str.extract(r"^(\w+)\.")
    in_force = every.join(open_in, on=_ID).filter(
        overlap("day", "until", "first", "last"),
        # A score belongs to the period of its day.
        (kind != "score").fill_null(value=True) | (pl.col("day") >= pl.col("first")),
    )
    what = kind.replace_strict(KINDS, default=None, return_dtype=pl.String).fill_null("roster")
    return in_force.select(_ID, "who", what=what)


def _by_deals(pairs: pl.DataFrame, facts: pl.DataFrame, again: pl.DataFrame) -> pl.DataFrame:
    """Whoever set a fact of the deals of pairs (participant_id, deal_id)."""
    # Mostly a few keys set all deals: who set a deal together is one text until the pairs are few.
    together = facts.select("deal_id", who=pl.col("who").list.sort().list.join("\n").cast(pl.Categorical))
    deals = pairs.select(_ID, "deal_id").unique()
    named = deals.join(together, on="deal_id").select(_ID, "who").unique()
    each = named.select(_ID, pl.col("who").cast(pl.String).str.split("\n")).explode("who")
    sent_again = deals.join(again, on="deal_id").select(_ID, "who")
    return pl.concat([each, sent_again]).select(_ID, "who", what=pl.lit("deal")).unique()


def _compared(
    found: pl.DataFrame, on: pl.DataFrame, every: pl.DataFrame, open_in: pl.DataFrame, plans: PlanSet
) -> Iterator[pl.DataFrame]:
    """The `CONTRIBUTORS` of everybody whom a plan compares with others: those of all of them together."""
    for plan in plans:
        for among in {getattr(each, "among", "plan") for each in plan.components if each.compares}:
            mine = on.filter((pl.col("plan") == plan.plan) & (pl.col("version") == plan.version)).select(_ID)
            members = mine.with_columns(group=pl.lit(""))
            if among != "plan":
                attribute = "manager" if among == "team" else among
                said = every.filter(pl.col("attribute") == attribute).join(open_in, on=_ID)
                said = said.filter(overlap("day", "until", "first", "last")).select(_ID, group="value").drop_nulls()
                members = mine.join(said, on=_ID).unique()
            of_group = members.join(found, on=_ID).drop(_ID).unique()
            yield members.join(of_group, on="group").select(CONTRIBUTORS.names())
