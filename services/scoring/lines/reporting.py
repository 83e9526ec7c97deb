"""Who set the managers through whom deals come to those above: a manager is credited with what is held below them.

    ann (holds deals) --m1--> bob --m2--> cy

Whoever set m1 has touched bob's pay and cy's; whoever set m2 has touched cy's.
"""

from __future__ import annotations

from datetime import date
from typing import Final

import polars as pl

from services.scoring.lines.fact_windows import overlap
from shared.kernel import PlanSet

MOST_LEVELS: Final = 20
"""Levels that a crediting rule may reach."""

_UPWARD: Final = pl.Schema({"manager": pl.String(), "who": pl.String(), "level": pl.Int64()})
_SETTERS: Final = pl.Schema({"participant_id": pl.String(), "who": pl.String()})
_STEPS: Final = pl.Schema({"participant_id": pl.String(), "to": pl.String(), "who": pl.String()})


def reports_between(settings: pl.DataFrame, *, first: date, last: date) -> pl.DataFrame:
    """participant_id, manager and who, of everything the roster says of managers on any day from first to last, and of
    the names under which those below hold deals.

    Who is given another manager on one of the days moves from the one before, also where that is the first day.
    """
    managers = settings.filter(pl.col("attribute") == "manager").with_columns(first=pl.lit(first), last=pl.lit(last))
    managers = managers.filter(overlap("day", "until", first="first", last="last"))
    now = managers.select("participant_id", "who", manager="value")
    before = managers.filter(pl.col("day") >= pl.col("first")).select("participant_id", "who", manager="before")
    reports = pl.concat([now, before]).drop_nulls("manager")
    # An alias makes deals somebody's, and with that the credits of those above: on whatever day it was said.
    aliases = settings.filter(pl.col("attribute").str.starts_with("alias.")).select("participant_id", "who").unique()
    named = reports.drop("who").join(aliases, on="participant_id")
    return pl.concat([reports, named.select(reports.columns)]).unique()


def upward(reports: pl.DataFrame, holders: pl.Series) -> pl.DataFrame:
    """manager, who and level: by whom anything was said of managers on the way from any of the holders up, and how far
    up that is.
    """
    nodes = pl.DataFrame({"participant_id": holders}, schema={"participant_id": pl.String()})
    carried = pl.DataFrame(schema=_SETTERS)
    setters = pl.DataFrame(schema=_UPWARD)
    for level in range(1, MOST_LEVELS + 1):
        own = nodes.join(reports, on="participant_id").select("manager", "who")
        over = carried.join(reports.drop("who"), on="participant_id").select("manager", "who")
        # A pair of manager and setter is kept at the lowest level only: that ends circles, and levels only limit from
        # above.
        new = pl.concat([own, over]).unique().join(setters, on=["manager", "who"], how="anti")
        if new.is_empty():
            break
        setters = pl.concat([setters, new.with_columns(level=pl.lit(level, dtype=pl.Int64))])
        carried = new.rename({"manager": "participant_id"})
        nodes = carried.select("participant_id").unique()
    return setters


def above(reports: pl.DataFrame, lost_holders: pl.DataFrame) -> pl.DataFrame:
    """participant_id and who: by whom anything was said of managers on the way up from whoever's deals (`holder`)
    credited a participant.
    """
    holders = lost_holders.select("participant_id", node="holder").unique()
    steps = _steps(holders, reports.select("who", node="participant_id", to="manager"))
    return steps.select("participant_id", "who").unique()


def set_reporting_of_others(
    settings: pl.DataFrame,
    *,
    versions: pl.DataFrame,
    windows: pl.DataFrame,
    lost_holders: pl.DataFrame,
    holders: pl.DataFrame,
    plans: PlanSet,
) -> pl.DataFrame:
    """participant_id and who: set whom somebody else reports to, and by that who is credited with what that one holds.

    Args:
        settings: `SETTINGS` of everybody.
        versions: participant_id, plan and version: on which versions participants are in their windows.
        windows: `WINDOWS`.
        lost_holders: participant_id and holder: whose deals credited a participant until the roster said otherwise.
        holders: holder, latest: who holds deals that credit anyone, and the last day on which one does.
        plans: all plan versions.
    """
    of_one = versions.join(_reach(plans), on=["plan", "version"]).group_by("participant_id")
    reach = of_one.agg(pl.col("levels", "team").max())
    concerned = reach.filter((pl.col("levels") > 0) | pl.col("team")).join(windows, on="participant_id")
    lost_holders = lost_holders.join(windows, on="participant_id")
    setters = [pl.DataFrame(schema=_SETTERS)]
    # There are as many different windows as plans have, and not as many as people: who has the same is walked together.
    spans = pl.concat([concerned, lost_holders], how="diagonal").select("first", "last").unique()
    for first, last in spans.iter_rows():
        of_span = (pl.col("first") == first) & (pl.col("last") == last)
        mine, reports = concerned.filter(of_span), reports_between(settings, first=first, last=last)
        # Whose last credit is before the window has no part in its pay: the way up from them does not matter.
        up = upward(reports, holders.filter(pl.col("latest") >= first)["holder"])
        setters.append(
            mine.join(up, left_on="participant_id", right_on="manager").filter(pl.col("level") <= pl.col("levels"))
        )
        # A team is credited with what its members hold, so whoever put one of them under the manager has touched all.
        mates = mine.filter("team").join(reports.drop("who"), on="participant_id")
        setters.append(mates.join(up.filter(pl.col("level") == 1), on="manager"))
        setters.append(above(reports, lost_holders.filter(of_span)))
    return pl.concat([rows.select("participant_id", "who") for rows in setters]).unique()


def reporting_below(
    settings: pl.DataFrame, *, versions: pl.DataFrame, windows: pl.DataFrame, plans: PlanSet
) -> pl.DataFrame:
    """participant_id, below and who: everybody below those who are paid on others' pay, on any day of their windows,
    and by whom that was said.
    """
    paying = [(plan.plan, plan.version) for plan in plans if plan.of_others]
    of = pl.DataFrame(paying, schema={"plan": pl.String, "version": pl.Int64}, orient="row")
    concerned = versions.join(of, on=["plan", "version"]).select("participant_id").unique()
    concerned = concerned.join(windows, on="participant_id")
    found = [pl.DataFrame(schema=_STEPS)]
    for first, last in concerned.select("first", "last").unique().iter_rows():
        mine = concerned.filter((pl.col("first") == first) & (pl.col("last") == last)).select("participant_id")
        reports = reports_between(settings, first=first, last=last)
        links = reports.select("who", node="manager", to="participant_id")
        found.append(_steps(mine.with_columns(node="participant_id"), links))
    return pl.concat(found).unique().rename({"to": "below"})


def _steps(nodes: pl.DataFrame, links: pl.DataFrame) -> pl.DataFrame:
    """participant_id, to and who: every link (node, to, who) on the ways from the nodes of participants on."""
    seen, found = nodes, [pl.DataFrame(schema=_STEPS)]
    while nodes.height:
        steps = nodes.join(links, on="node")
        found.append(steps.select("participant_id", "to", "who"))
        further = steps.select("participant_id", node="to").unique()
        nodes = further.join(seen, on=["participant_id", "node"], how="anti")  # managers of each other would never end
        seen = pl.concat([seen, nodes])
    return pl.concat(found)


def _reach(plans: PlanSet) -> pl.DataFrame:
    """plan, version, levels (how far up its rules credit managers), team (whether a rule credits the members of a
    team).
    """
    rows = [
        (
            plan.plan,
            plan.version,
            max((rule.farthest or MOST_LEVELS for rule in plan.credits if rule.to == "managers"), default=0),
            any(rule.to == "team" for rule in plan.credits),
        )
        for plan in plans
    ]
    schema = {"plan": pl.String, "version": pl.Int64, "levels": pl.Int64, "team": pl.Boolean}
    return pl.DataFrame(rows, schema=schema, orient="row")
