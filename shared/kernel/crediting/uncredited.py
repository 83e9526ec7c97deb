"""Won deals, or shares of them, that credit nobody, and why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import polars as pl

from shared.kernel.crediting.deal_amounts import named
from shared.kernel.language.credit_columns import HOLDING, KNOWN, NET, PLAN_CURRENCY
from shared.kernel.language.crediting_rules import WON
from shared.kernel.language.filters import filter_frame
from shared.kernel.plan.plan_set import PlanSet
from shared.kernel.reasons import in_words
from shared.kernel.tables import UNCREDITED, empty

_ABOUT_A_PLAN: Final = ("unknown_plan", "plan_not_in_force", "plan_quarantined")
BY_PLAN: Final = ("no_rule", "no_refund_rule")
"""What a plan may mean to be so: the holder of a deal has nothing from it, and others are credited."""
SOMEBODY_MISSED: Final = frozenset(
    {
        *_ABOUT_A_PLAN, "unknown_participant", "ambiguous_alias", "unknown_manager", "participant_left", "no_plan",
        "other_currency", "no_rate", "no_value",
    }
)  # fmt: skip
"""What is wrong with one whom a deal should credit: others may be credited with it all the same, as the managers of a
seller who has left."""


def unusable_deals(deals: pl.DataFrame) -> pl.DataFrame:
    """Won deals that lack what crediting needs."""
    reason = (
        pl.when(pl.col("problem").is_not_null()).then(pl.col("problem").str.extract("^([^:]+)"))
        .when(pl.col("currency").is_null()).then(pl.lit("no_currency"))
        .when(pl.col("amount").is_null()).then(pl.lit("no_amount"))
        .when(pl.col("close_date").is_null()).then(pl.lit("no_close_date"))
        .when(pl.col("owner").is_null() & pl.col("splits").is_null()).then(pl.lit("no_owner"))
    )  # fmt: skip
    return (
        deals.filter(pl.sql_expr(WON))
        .select("deal_id", participant_id="owner", reason=reason, about=pl.col("problem").str.extract("^[^:]+:(.+)"))
        .filter(pl.col("reason").is_not_null())
        .cast(UNCREDITED)
    )


def uncredited_holders(holders: pl.DataFrame, credits: list[pl.DataFrame], *, plans: PlanSet) -> pl.DataFrame:
    """Holders of won deals whom no rule credited, and why; not those whose rule waits for its date, such as that of a
    payment.

    A deal, or the share of a holder, that credited somebody else is used: that the plan has nothing for its holder is
    then no miss. What is wrong with the holder or the plan still is one.

    Args:
        holders: of all deals, with what is in force at the close date.
        credits: what the rules credited; `HOLDING` is null where somebody is credited with the whole deal, whoever
            holds it.
        plans: all plan versions.
    """
    won = holders.filter(pl.sql_expr(WON))
    by_holder = [of_rule.filter(pl.col("level") == 0).select(HOLDING).drop_nulls() for of_rule in credits]
    missed = _without(won, by_holder + _waiting(won, plans), key=HOLDING)
    if missed.is_empty():
        return empty(UNCREDITED)
    missed = _with_reasons(missed, plans)
    wanting = missed.filter(~pl.col("reason").is_in(BY_PLAN))
    by_plan = missed.filter(pl.col("reason").is_in(BY_PLAN))
    # Holders by place, because two holders of one deal are two shares; whoever is credited with the whole deal uses all
    # of its shares.
    unused = _without(by_plan, [of_rule.select(HOLDING).drop_nulls() for of_rule in credits], key=HOLDING)
    unused = _without(
        unused, [of_rule.filter(pl.col(HOLDING).is_null()).select("deal_id") for of_rule in credits], key="deal_id"
    )
    return pl.concat([wanting, unused]).select(UNCREDITED.names()).cast(UNCREDITED)


def _with_reasons(missed: pl.DataFrame, plans: PlanSet) -> pl.DataFrame:
    """Beside each holder the `reason` and what it is `about`: the first thing that is wrong on the way from the roster
    over the plan to its rules."""
    # A later reason is only true of who has passed the ones before it: without a plan there is no version to look for.
    converting = pl.concat_str("plan", pl.lit("@"), "version").is_in([plan.key for plan in plans if plan.exchange])
    aside = [f"{plan}@{version}" for plan, version in plans.quarantined.iter_rows()]
    quarantined = pl.concat_str("plan", pl.lit("@"), "version").is_in(aside)
    reason = (
        pl.when(pl.col(KNOWN).is_null()).then(pl.lit("unknown_participant"))
        .when(~pl.col("active")).then(pl.lit("participant_left"))
        .when(pl.col("plan").is_null()).then(pl.lit("no_plan"))
        .when(~pl.col("plan").is_in(sorted({name for name, _ in plans.plans}))).then(pl.lit("unknown_plan"))
        .when(pl.col("version").is_null()).then(pl.lit("plan_not_in_force"))
        .when(quarantined).then(pl.lit("plan_quarantined"))
        .when((pl.col("currency") != pl.col(PLAN_CURRENCY)) & ~converting).then(pl.lit("other_currency"))
        .when(pl.col(NET) < 0).then(pl.lit("no_refund_rule"))
        .otherwise(pl.lit("no_rule"))
    )  # fmt: skip
    about = (
        pl.when(pl.col("reason") == "other_currency").then("currency")
        .when(pl.col("reason").is_in([*BY_PLAN, *_ABOUT_A_PLAN])).then("plan")
    )  # fmt: skip
    return missed.with_columns(reason=reason).with_columns(about=about)


def missing_amounts(credits: pl.DataFrame, deals: pl.DataFrame, *, plans: PlanSet) -> pl.DataFrame:
    """Credits of won deals without an amount: the deal lacks a column from which the rule calculates it, the plan has
    no rate for its currency, or it is too large. Told of each rule, whatever other rules credit.

    Args:
        credits: of all deals, with an `amount` that is null where it could not be calculated, and an `exchange` that is
            where there is no rate.
        deals: what they are of.
        plans: all plan versions.
    """
    missing = [empty(UNCREDITED)]
    without = credits.filter(pl.col("amount").is_null())
    for plan, version, rule in without.select("plan", "version", "rule").unique().iter_rows():
        of_plan = plans.plans[plan, version]
        amount = next(crediting.amount for crediting in of_plan.credits if crediting.rule == rule)
        needed = [*(named(amount) if amount else ()), *of_plan.apart.numbers_of(rule)]
        blanks = (pl.when(pl.col(name).is_null()).then(pl.lit(name)) for name in needed)
        first = pl.coalesce(*blanks, pl.lit(None, dtype=pl.String))
        of_rule = pl.col("plan").eq(plan) & pl.col("version").eq(version) & pl.col("rule").eq(rule)
        of_deals = deals.filter(pl.sql_expr(WON)).select("deal_id", of="currency", lacks=first)
        rows = without.filter(of_rule).select("deal_id", "participant_id", "exchange").join(of_deals, on="deal_id")
        unrated = pl.col("exchange").is_null()
        reason = (
            pl.when(pl.col("lacks").is_not_null()).then(pl.lit("no_value"))
            .when(unrated).then(pl.lit("no_rate"))
            .otherwise(pl.lit("bad_amount"))
        )  # fmt: skip
        about = pl.coalesce("lacks", pl.when(unrated).then("of"))
        missing.append(rows.select("deal_id", "participant_id", reason=reason, about=about).cast(UNCREDITED))
    return pl.concat(missing)


def unknown_participants(people: pl.DataFrame, condition: pl.Expr, *, manage: str | None = None) -> pl.DataFrame:
    """Participants whom a won deal concerns, where the rule selects the deal, and whom the roster does not know.

    A column of the deal names them, or they `manage` whom a column of `people` has.
    """
    strangers = people.filter(pl.col(KNOWN).is_null() & pl.sql_expr(WON))
    selected = filter_frame(strangers, set(condition.meta.root_names())).filter(condition)
    reason = "unknown_participant" if manage is None else "unknown_manager"
    about = pl.lit(None) if manage is None else pl.col(manage)
    return selected.select("deal_id", "participant_id", reason=pl.lit(reason), about=about).cast(UNCREDITED)


def _without(rows: pl.DataFrame, those: list[pl.DataFrame], *, key: str) -> pl.DataFrame:
    return rows.join(pl.concat(those), on=key, how="anti") if those and rows.height else rows


def _waiting(holders: pl.DataFrame, plans: PlanSet) -> list[pl.DataFrame]:
    """Holders of deals that a rule selects and that have no date for its credit yet."""
    waiting: list[pl.DataFrame] = []
    for plan in plans:
        for rule in plan.credits:
            if rule.date != "close_date":
                condition = plan.filters[rule.rule]
                undated = holders.filter(plan.own_rows & pl.col(rule.date).is_null())
                selected = filter_frame(undated, set(condition.meta.root_names())).filter(condition)
                waiting.append(selected.select(HOLDING))
    return waiting


UncreditedRow = tuple[str, str | None, str, str | None]
"""deal, participant, reason and what that is about, as `UNCREDITED` has them."""


@dataclass(frozen=True, kw_only=True)
class UncreditedReason:
    """A reason for which deals, or shares of them, credit nobody: how many there are, and the first with the reason in
    words."""

    reason: str
    deals: int
    first: str
    message: str

    @property
    def in_words(self) -> str:
        """A sentence."""
        is_one = self.deals == 1
        deals = "1 won deal, or a share of it," if is_one else f"{self.deals:,} won deals, or shares of them,"
        if self.reason in SOMEBODY_MISSED:
            told = "lacks a credit" if is_one else "lack a credit"
        else:
            told = "credits nobody" if is_one else "credit nobody"
        named = f", {self.first}" if is_one else f", the first of them {self.first}"
        return f"{deals} {told} ({self.reason}){named}: {self.message}."


def uncredited_by_reason(rows: Iterable[UncreditedRow]) -> list[UncreditedReason]:
    """What is missed, the most frequent reason first."""
    by_reason: dict[str, list[UncreditedRow]] = {}
    for row in sorted(rows, key=lambda deal_and_who: (deal_and_who[0], deal_and_who[1] or "")):
        by_reason.setdefault(row[2], []).append(row)
    missed = [
        UncreditedReason(
            reason=reason,
            deals=len({deal for deal, *_ in of_reason}),
            first=first[0],
            message=in_words(reason, about=first[3], who=first[1]),
        )
        for reason, of_reason in by_reason.items()
        for first in of_reason[:1]
    ]
    return sorted(missed, key=lambda reason: (-reason.deals, reason.reason))
