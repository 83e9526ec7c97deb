"""Who set the facts that a month's pay rests on: nobody of them may approve it.

Pay is a function of facts, and whoever set one of them had a hand in it. Of a participant these are, on any day of the
window over which the month is summed (`fact_windows`): what the roster says of them, the plan versions they are on,
every field of the deals that credit them or did, whom others report to on the way from the holders of deals up to them
(`reporting`); and where a plan compares people, the same of everybody they are compared with, and where it pays on
the pay of others, of everybody below. What somebody else has
replaced is nobody's any more: what it moved in a month that was paid is kept with what was paid.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import polars as pl

from services.scoring.credit.deal_facts import deal_facts
from services.scoring.lines.credited_deals import CreditedDeals
from services.scoring.lines.fact_windows import fact_windows, overlap
from services.scoring.lines.reporting import reporting_below, set_reporting_of_others
from services.scoring.lines.roster_settings import KINDS, SentAgain, roster_settings
from services.scoring.reference.data import spans_of_versions
from shared.facts import Facts
from shared.kernel import PlanSet
from shared.kernel.language.category_texts import roster_attribute
from shared.periods import Month

CONTRIBUTORS: Final = pl.Schema({"participant_id": pl.String(), "who": pl.String(), "what": pl.String()})
"""`who` set a fact of the kind `what` (deal, roster, quota, rate, score) that the participant's pay rests on."""

_ID: Final = "participant_id"


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """Who said what, all of one moment.

    Args:
        people: the facts of participants, of whoever is below them, and of those they are compared with.
        authors: plan, version, who: published it, or sent it again.
        people_again: by participant and path, who sent a fact in force again that had not been taken when it came.
        deals_again: the same by deal and path.
        lost: participant_id, period, deal_id and packed facts of deals that credited somebody in the period and no
            longer do.
        lost_holders: participant_id, period, holder: whose deals credited somebody in the period until the roster said
            otherwise.
    """

    people: Mapping[str, Facts]
    authors: pl.DataFrame
    people_again: SentAgain
    deals_again: SentAgain
    lost: pl.DataFrame
    lost_holders: pl.DataFrame


def contributors_of(
    provenance: Provenance, *, deals: CreditedDeals, earned: pl.DataFrame, plans: PlanSet, period: Month
) -> pl.DataFrame:
    """The `CONTRIBUTORS` of everybody's pay of a month, distinct.

    Args:
        provenance: who said what.
        deals: what credits anyone until the month ends.
        earned: `EARNINGS` of the month.
        plans: all plan versions.
        period: the month.
    """
    settings = roster_settings(provenance.people, provenance.people_again)
    on_plans = (
        settings.filter(pl.col("attribute") == "plan").select(_ID, "day", "until", plan="value").drop_nulls("plan")
    )
    tables = (settings, earned, provenance.lost, provenance.lost_holders)
    everyone = pl.concat([table[_ID].unique() for table in tables]).unique()
    windows = fact_windows(everyone, on_plans, earned=earned, plans=plans, period=period)
    versions = _versions(on_plans, windows, earned=earned, plans=plans)
    in_window = (pl.col("period") >= pl.col("since")) & (pl.col("period") <= period)
    lost_holders = provenance.lost_holders.join(windows, on=_ID).filter(in_window)
    reporting = set_reporting_of_others(
        settings,
        versions=versions,
        windows=windows,
        lost_holders=lost_holders.select(_ID, "holder"),
        holders=deals.holders,
        plans=plans,
    )
    own = pl.concat(
        [
            _by_deals(
                provenance,
                deals,
                credited=deals.credits.join(windows.select(_ID, "since"), on=_ID).filter(in_window),
                lost=provenance.lost.join(windows, on=_ID).filter(in_window),
            ),
            versions.join(provenance.authors, on=["plan", "version"]).select(_ID, "who", what=pl.lit("rate")),
            _by_roster(settings, windows),
            reporting.with_columns(what=pl.lit("roster")),
        ]
    ).unique()
    compared = _compared(own, versions, settings=settings, windows=windows, plans=plans)
    together = pl.concat([own, *compared]).unique()
    if not plans.pays_on_others:
        return together
    # Also of those who are not paid anything now: that they are not may be somebody's doing.
    below = reporting_below(settings, versions=versions, windows=windows, plans=plans)
    pairs = below.select(_ID, "below").unique()
    theirs = pairs.join(together.rename({_ID: "below"}), on="below").select(CONTRIBUTORS.names())
    setters = below.select(_ID, "who", what=pl.lit("roster"))
    return pl.concat([together, theirs, setters]).unique()


def _versions(on_plans: pl.DataFrame, windows: pl.DataFrame, *, earned: pl.DataFrame, plans: PlanSet) -> pl.DataFrame:
    """participant_id, plan, version: in force for them on any day of their window, or paying them."""
    on = (
        on_plans.join(windows, on=_ID)
        .filter(overlap("day", "until", first="first", last="last"))
        .join(spans_of_versions(plans), on="plan")
        # Three spans have to meet: the window, the participant's time on the plan, and the version's time in force.
        .filter(
            overlap("begins_on", "ends_on", first="first", last="last"),
            pl.col("until").is_null() | (pl.col("begins_on") < pl.col("until")),
            pl.col("ends_on").is_null() | (pl.col("ends_on") > pl.col("day")),
        )
    )
    return pl.concat([rows.select(_ID, "plan", "version") for rows in (on, earned)]).unique()


def _by_roster(settings: pl.DataFrame, windows: pl.DataFrame) -> pl.DataFrame:
    kind = pl.col("attribute").str.extract(r"^(\w+)\.")
    in_force = settings.join(windows, on=_ID).filter(
        # An alias holds whenever a deal closes.
        overlap("day", "until", first="first", last="last") | (kind == "alias").fill_null(value=False),
        # A score belongs to the period of its day, while everything else holds from its day on.
        (kind != "score").fill_null(value=True) | (pl.col("day") >= pl.col("first")),
    )
    what = kind.replace_strict(KINDS, default=None, return_dtype=pl.String).fill_null("roster")
    return in_force.select(_ID, "who", what=what)


def _by_deals(
    provenance: Provenance, deals: CreditedDeals, *, credited: pl.DataFrame, lost: pl.DataFrame
) -> pl.DataFrame:
    """Whoever set a fact of the deals that credit participants, and of those that did until their facts changed."""
    again = [(deal_id, who) for (deal_id, _), senders in provenance.deals_again.items() for who in senders]
    sent_again = pl.DataFrame(again, schema={"deal_id": pl.String, "who": pl.String}, orient="row")
    # A deal that credits nobody any more is not among those that were read for lines.
    lost_facts = deal_facts(lost.select("deal_id", "facts").unique("deal_id"))
    setters: list[pl.DataFrame] = []
    for table, facts in ((credited, deals.facts), (lost, lost_facts)):
        pairs = table.select(_ID, "deal_id").unique()
        setters += [_setters(pairs, facts), pairs.join(sent_again, on="deal_id").select(_ID, "who")]
    return pl.concat(setters).unique().with_columns(what=pl.lit("deal"))


def _setters(pairs: pl.DataFrame, facts: pl.DataFrame) -> pl.DataFrame:
    """participant_id and who, of distinct pairs (participant_id, deal_id) and the `DEAL_FACTS` of these deals."""
    # Mostly a few keys set all deals: who set a deal together is one category until the pairs are few, or a million
    # deals would be a row for each who set one of their facts.
    together = facts.select("deal_id", who=pl.col("who").list.sort().list.join("\n").cast(pl.Categorical))
    groups = pairs.join(together, on="deal_id").select(_ID, "who").unique()
    return groups.select(_ID, pl.col("who").cast(pl.String).str.split("\n")).explode("who")


def _compared(
    own: pl.DataFrame, versions: pl.DataFrame, *, settings: pl.DataFrame, windows: pl.DataFrame, plans: PlanSet
) -> Iterator[pl.DataFrame]:
    """The `CONTRIBUTORS` of everybody whom a plan compares with others: those of all of them together."""
    for plan in plans:
        compared = {getattr(component, "among", "plan") for component in plan.components if component.compares}
        # Deals stay with the group in which they were credited, whoever is in it now: of measures of groups everyone
        # who was on the plan may have a part.
        for among in compared | ({"plan"} if plan.apart.groups else set()):
            is_version = plan.own_rows
            on_version = versions.filter(is_version).select(_ID)
            members = on_version.with_columns(group=pl.lit(""))
            if among != "plan":
                attribute = "manager" if among == "team" else roster_attribute(among)
                # Whoever changed groups in the window was compared in both.
                groups = settings.filter(pl.col("attribute") == attribute).join(windows, on=_ID)
                in_window = groups.filter(overlap("day", "until", first="first", last="last"))
                members = on_version.join(in_window.select(_ID, group="value").drop_nulls(), on=_ID).unique()
            of_group = members.join(own, on=_ID).drop(_ID).unique()
            yield members.join(of_group, on="group").select(CONTRIBUTORS.names())
