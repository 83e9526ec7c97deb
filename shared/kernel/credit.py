"""Credit: from deals, roster and plans to who is credited with how much of which deal, and by which rule."""

from __future__ import annotations

from typing import NamedTuple

import polars as pl

from shared.kernel.exact import WHOLE_SHARE, allocated
from shared.kernel.filters import filter_frame
from shared.kernel.plan import WON, CreditingRule, Plan
from shared.kernel.plan_set import PlanSet
from shared.kernel.roster import Roster
from shared.kernel.tables import CREDITS, UNCREDITED, empty

_KEY = ["deal_id", "participant_id", "plan", "version", "rule"]
_DATED = ["manager", "plan", "active", "known", "version", "plan_currency"]


class Credited(NamedTuple):
    """The credits of some deals (`CREDITS`), and the won deals or shares that credited nobody (`UNCREDITED`)."""

    credits: pl.DataFrame
    uncredited: pl.DataFrame


def credit(deals: pl.DataFrame, roster: Roster, plans: PlanSet) -> Credited:
    """Credit each deal to its holders and their managers under the plans in force at its close date.

    The credited amount is the deal's amount less its refunds, divided among the holders of a split by largest remainder. A
    manager is credited with the parts held below them. Who has left (`active` false) is not credited. Independent per deal.

    Args:
        deals: `DEALS` with the plan set's custom columns, one row per deal.
        roster: assignments in force by date.
        plans: all plan versions.

    Returns:
        credits and uncredited deals, in no particular order.
    """
    usable = deals.filter(
        pl.all_horizontal(pl.col("amount", "currency", "close_date").is_not_null()) & pl.col("problem").is_null()
    ).with_columns(net=pl.col("amount") - pl.col("refunded"))
    holders = _assigned(_holders(usable).with_row_index("holding"), roster, plans)
    levels = [holders]
    if any(rule.to == "managers" for plan in plans for rule in plan.credits):
        levels += _managers(holders, roster, plans)
    held: list[pl.DataFrame] = []
    above: list[pl.DataFrame] = []
    for level, payees in enumerate(levels):
        for plan in plans:
            for rule in plan.credits:
                if (rule.to == "managers") == (level > 0):
                    (above if level else held).append(_by_rule(payees, level, plan, rule))
    credits = pl.concat([empty(CREDITS), *(found.select(CREDITS.names()) for found in held), *_merged(above)])
    return Credited(credits, pl.concat([_unusable(deals), _nobody(holders, held)]))


def _unusable(deals: pl.DataFrame) -> pl.DataFrame:
    """Won deals that lack what crediting needs."""
    reason = (
        pl.when(pl.col("problem").is_not_null()).then(pl.col("problem"))
        .when(pl.col("currency").is_null()).then(pl.lit("no_currency"))
        .when(pl.col("amount").is_null()).then(pl.lit("no_amount"))
        .when(pl.col("close_date").is_null()).then(pl.lit("no_close_date"))
        .when(pl.col("owner").is_null() & pl.col("splits").is_null()).then(pl.lit("no_owner"))
    )  # fmt: skip
    return (
        deals.filter(pl.sql_expr(WON))
        .select("deal_id", participant_id="owner", reason=reason)
        .filter(pl.col("reason").is_not_null())
        .cast(UNCREDITED)
    )


def _holders(deals: pl.DataFrame) -> pl.DataFrame:
    """One row per holder of each deal: the deal's columns, `participant_id`, `share` and the credited `part`."""
    owned = deals.filter(pl.col("splits").is_null() & pl.col("owner").is_not_null()).with_columns(
        participant_id="owner", share=pl.lit(WHOLE_SHARE, dtype=pl.Int64), part="net"
    )
    shared = deals.filter(pl.col("splits").is_not_null())
    if shared.is_empty():
        return owned.drop("splits")
    divided = (
        shared.explode("splits")
        .unnest("splits")
        .with_columns(part=allocated("net", "share", within="deal_id", ties="participant_id"))
    )
    return pl.concat([owned.drop("splits"), divided.select(name for name in owned.columns if name != "splits")])


def _assigned(payees: pl.DataFrame, roster: Roster, plans: PlanSet) -> pl.DataFrame:
    """Add manager, plan, active, version and plan currency in force at the close date; `known` is null for strangers."""
    return (
        payees.sort("close_date")
        .join_asof(
            roster.assignments.with_columns(known=pl.lit(True)),
            left_on="close_date",
            right_on="effective_from",
            by="participant_id",
            check_sortedness=False,
        )
        .drop("effective_from", strict=False)
        .join_asof(plans.in_force, left_on="close_date", right_on="effective_from", by="plan", check_sortedness=False)
        .drop("effective_from", strict=False)
    )


def _managers(holders: pl.DataFrame, roster: Roster, plans: PlanSet) -> list[pl.DataFrame]:
    """The management chain above the holders, one frame per level; a chain ends where it would turn in a circle."""
    levels: list[pl.DataFrame] = []
    payees = holders.with_columns(chain=pl.concat_list("participant_id")) if roster.may_turn_in_circles else holders
    while True:
        payees = payees.filter(pl.col("manager").is_not_null())
        if "chain" in payees.columns:
            payees = payees.filter(~pl.col("chain").list.contains(pl.col("manager"))).with_columns(
                chain=pl.concat_list("chain", "manager")
            )
        if payees.is_empty():
            return levels
        payees = _assigned(payees.with_columns(participant_id="manager").drop(_DATED), roster, plans)
        levels.append(payees)


def _by_rule(payees: pl.DataFrame, level: int, plan: Plan, rule: CreditingRule) -> pl.DataFrame:
    """The credits that one rule of one plan version gives, with the `holding` each comes from."""
    condition = plan.filters[rule.rule]
    due = payees.filter(
        (pl.col("plan") == plan.plan)
        & (pl.col("version") == plan.version)
        & pl.col("active")
        & (pl.col("currency") == plan.currency)
    )
    return (
        filter_frame(due, set(condition.meta.root_names()), plan.currency)
        .filter(condition)
        .select(
            "holding",
            "deal_id",
            "participant_id",
            "plan",
            "version",
            rule=pl.lit(rule.rule),
            period=pl.col("close_date").cast(pl.String).str.slice(0, 7),
            credit_date="close_date",
            currency="currency",
            amount="part",
            share="share",
            level=pl.lit(level, dtype=pl.Int64),
        )
    )


def _merged(above: list[pl.DataFrame]) -> list[pl.DataFrame]:
    """One credit per deal, manager and rule: a manager of two holders of a deal is credited with both parts."""
    if not above:
        return []
    merged = (
        pl.concat(above)
        .group_by(_KEY)
        .agg(
            pl.col("period", "credit_date", "currency").first(), pl.col("amount", "share").sum(), pl.col("level").min()
        )
    )
    return [merged.select(CREDITS.names())]


def _nobody(holders: pl.DataFrame, held: list[pl.DataFrame]) -> pl.DataFrame:
    """Holders of won deals whom no rule credited, and why."""
    credited = pl.concat(found.select("holding") for found in held) if held else None
    won = holders.filter(pl.sql_expr(WON))
    missed = won if credited is None else won.join(credited, on="holding", how="anti")
    reason = (
        pl.when(pl.col("known").is_null()).then(pl.lit("unknown_participant"))
        .when(~pl.col("active")).then(pl.lit("participant_left"))
        .when(pl.col("plan").is_null()).then(pl.lit("no_plan"))
        .when(pl.col("version").is_null()).then(pl.lit("plan_not_in_force"))
        .when(pl.col("currency") != pl.col("plan_currency")).then(pl.lit("other_currency"))
        .otherwise(pl.lit("no_rule"))
    )  # fmt: skip
    return missed.select("deal_id", "participant_id", reason=reason).cast(UNCREDITED)
