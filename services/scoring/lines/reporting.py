"""Who set the managers through whom deals come to those above: a manager is credited with what is held below them."""

from __future__ import annotations

from datetime import date

import polars as pl

from services.scoring.lines.fact_windows import overlap
from shared.kernel import PlanSet

_REACHED = pl.Schema({"manager": pl.String(), "who": pl.String(), "level": pl.Int64()})
MOST = 20
"""Levels that a crediting rule may reach."""


def edges(settings: pl.DataFrame, first: date, last: date) -> pl.DataFrame:
    """participant_id, manager and who, of everything the roster says of managers on any day from first to last.

    Who is given another manager on one of the days moves from the one before, also where that is the first day.
    """
    said = settings.filter(pl.col("attribute") == "manager").with_columns(first=pl.lit(first), last=pl.lit(last))
    said = said.filter(overlap("day", "until", "first", "last"))
    now = said.select("participant_id", "who", manager="value")
    was = said.filter(pl.col("day") >= pl.col("first")).select("participant_id", "who", manager="before")
    return pl.concat([now, was]).drop_nulls("manager").unique()


def upward(reports: pl.DataFrame, holders: pl.Series) -> pl.DataFrame:
    """manager, who and level: by whom anything was said of managers on the way from any of the holders up, and how far up that is."""
    nodes = pl.DataFrame({"participant_id": holders}, schema={"participant_id": pl.String()})
    carried = pl.DataFrame(schema={"participant_id": pl.String(), "who": pl.String()})
    found = pl.DataFrame(schema=_REACHED)
    for level in range(1, MOST + 1):
        own = nodes.join(reports, on="participant_id").select("manager", "who")
        over = carried.join(reports.drop("who"), on="participant_id").select("manager", "who")
        new = pl.concat([own, over]).unique().join(found, on=["manager", "who"], how="anti")
        if new.is_empty():
            break
        found = pl.concat([found, new.with_columns(level=pl.lit(level, dtype=pl.Int64))])
        carried = new.rename({"manager": "participant_id"})
        nodes = carried.select("participant_id").unique()
    return found


def above(reports: pl.DataFrame, lost_holders: pl.DataFrame) -> pl.DataFrame:
    """participant_id and who: by whom anything was said of managers on the way up from whoever's deals (`holder`) credited a participant."""
    nodes = lost_holders.select("participant_id", node="holder").unique()
    seen, found = nodes, [pl.DataFrame(schema={"participant_id": pl.String(), "who": pl.String()})]
    while nodes.height:
        steps = nodes.join(reports, left_on="node", right_on="participant_id")
        found.append(steps.select("participant_id", "who"))
        nodes = (
            steps.select("participant_id", node="manager")
            .unique()
            .join(seen, on=["participant_id", "node"], how="anti")
        )
        seen = pl.concat([seen, nodes])
    return pl.concat(found).unique()


def of_others(
    settings: pl.DataFrame,
    on: pl.DataFrame,
    open_in: pl.DataFrame,
    lost_holders: pl.DataFrame,
    holders: pl.DataFrame,
    plans: PlanSet,
) -> pl.DataFrame:
    """participant_id and who: set whom somebody else reports to, and by that who is credited with what that one holds.

    Args:
        settings: `SETTINGS` of everybody.
        on: participant_id, plan and version: on which versions participants are in their windows.
        open_in: `WINDOWS`.
        lost_holders: participant_id and holder: whose deals credited a participant until the roster said otherwise.
        holders: holder, latest: who holds deals that credit anyone, and the last day on which one does.
        plans: all plan versions.
    """
    reach = {
        (plan.plan, plan.version): (
            max((rule.levels or MOST for rule in plan.credits if rule.to == "managers"), default=0),
            any(rule.to == "team" for rule in plan.credits),
        )
        for plan in plans
    }
    rules = pl.DataFrame(
        [(*key, *each) for key, each in reach.items()],
        schema={"plan": pl.String, "version": pl.Int64, "levels": pl.Int64, "team": pl.Boolean},
        orient="row",
    )
    of_one = on.join(rules, on=["plan", "version"]).group_by("participant_id").agg(pl.col("levels", "team").max())
    concerned = of_one.filter((pl.col("levels") > 0) | pl.col("team")).join(open_in, on="participant_id")
    lost_holders = lost_holders.join(open_in, on="participant_id")
    found = [pl.DataFrame(schema={"participant_id": pl.String(), "who": pl.String()})]
    for first, last in (
        pl.concat([concerned, lost_holders], how="diagonal").select("first", "last").unique().iter_rows()
    ):
        here = (pl.col("first") == first) & (pl.col("last") == last)
        mine, reports = concerned.filter(here), edges(settings, first, last)
        up = upward(reports, holders.filter(pl.col("latest") >= first)["holder"])
        found.append(
            mine.join(up, left_on="participant_id", right_on="manager").filter(pl.col("level") <= pl.col("levels"))
        )
        mates = mine.filter("team").join(reports.drop("who"), on="participant_id")
        found.append(mates.join(up.filter(pl.col("level") == 1), on="manager"))
        found.append(above(reports, lost_holders.filter(here)))
    return pl.concat([each.select("participant_id", "who") for each in found]).unique()
