"""Credit: from deals, roster and plans to who is credited with how much of which deal, and by which rule."""

from __future__ import annotations

from functools import cached_property
from typing import NamedTuple

import polars as pl

from shared.kernel.arithmetic.expressions import WHOLE_SHARE
from shared.kernel.calendar import month_of
from shared.kernel.crediting.aliases import named_by_alias, with_participants
from shared.kernel.crediting.custom_columns import with_declared_problems
from shared.kernel.crediting.deal_amounts import named
from shared.kernel.crediting.exchange import exchanged, portion
from shared.kernel.crediting.holders import holders_of, part_of, with_parts
from shared.kernel.crediting.in_force import in_force
from shared.kernel.crediting.own_caps import cap_of, column_of_term, with_own_figures
from shared.kernel.crediting.told import column_of_category, told_of_credits, with_shares
from shared.kernel.crediting.uncredited import missing_amounts, uncredited_holders, unknown_participants, unusable_deals
from shared.kernel.language.credit_columns import (
    BELOW,
    CHAIN,
    HOLDING,
    KNOWN,
    MANAGER,
    MATE,
    NET,
    PART,
    PLAN_CURRENCY,
    TERRITORY,
)
from shared.kernel.language.crediting_rules import RELATIONS, CreditingRule
from shared.kernel.language.deal_facts import hexadecimal, told
from shared.kernel.language.filters import filter_frame
from shared.kernel.language.values import terms_in
from shared.kernel.plan.plan_set import PlanSet
from shared.kernel.plan.version import Plan
from shared.kernel.roster import Roster
from shared.kernel.tables import CREDITS, empty

_KEY = ["deal_id", "participant_id", "plan", "version", "rule"]
_ASSIGNED = ["manager", "plan", "active", "on_leave", KNOWN, "version", PLAN_CURRENCY, "position", TERRITORY]
"""What `assigned` adds to a participant and a date, and what is dropped before it is asked of another participant."""
_CREDITED = [
    "deal_id", "participant_id", "plan", "version", "active", "credit_date", "currency", "share", HOLDING
]  # fmt: skip
_WITH_PLACE = pl.Schema({**CREDITS, "place": pl.Int64(), "cap": pl.Int64()})


class Credited(NamedTuple):
    """The credits of some deals (`CREDITS`), and the won deals or shares that credited nobody (`UNCREDITED`)."""

    credits: pl.DataFrame
    uncredited: pl.DataFrame


def credit(deals: pl.DataFrame, roster: Roster, *, plans: PlanSet) -> Credited:
    """Credit each deal to its holders, and to whoever else the rules name, under the plans in force at the credit date.

    The credited amount is the deal's amount less its refunds, or what the rule says, divided among the holders of a
    split by largest remainder. A manager is credited with the parts held below them. Who has left is not credited.
    Independent per deal.

    Args:
        deals: `DEALS` with the plan set's custom columns, one row per deal.
        roster: assignments in force by date.
        plans: all plan versions.

    Returns:
        credits and uncredited deals, in no particular order.
    """
    # Each step below is a join or a filter over all deals at once, by rule and not by deal; but no row looks at another
    # deal, so that a batch of one and a batch of millions credit alike.
    named = with_declared_problems(deals, plans)
    deals = with_participants(named, roster, plans=plans)
    usable = deals.filter(
        pl.all_horizontal(pl.col("amount", "currency", "close_date").is_not_null()) & pl.col("problem").is_null()
    ).select(*_used(deals, plans), (pl.col("amount") - pl.col("refunded")).alias(NET))
    by_date = {
        name: _CreditingOnDate(usable.with_columns(credit_date=name), name, roster=roster, plans=plans)
        for name in sorted({rule.date for plan in plans.holding for rule in plan.credits} | {"close_date"})
    }
    held = [of_rule for on_date in by_date.values() for of_rule in on_date.held()]
    merging = [of_rule for on_date in by_date.values() for of_rule in on_date.teams() + on_date.above()]
    credited = pl.concat(
        [empty(_WITH_PLACE), *(of_rule.select(_WITH_PLACE.names()) for of_rule in held), *_merged(merging)]
    )
    # The cap is of a participant's credit by a rule, so it comes after the parts of a manager or a team were added up.
    # A null stays null: `min_horizontal` alone would make it the cap.
    capped = credited.with_columns(
        amount=pl.when(pl.col("amount").is_not_null()).then(pl.min_horizontal("amount", "cap"))
    )
    matched = _matched(capped, plans)
    missed = [
        # In the words of the deal: it stays as it is when the roster changes.
        unusable_deals(named),
        # Who should have been credited is asked of the close date, whatever dates the rules credit on.
        uncredited_holders(by_date["close_date"].holders, held + merging, plans=plans),
        *(strangers for on_date in by_date.values() for strangers in on_date.strangers()),
        missing_amounts(matched, usable, plans=plans),
    ]
    uncredited = named_by_alias(pl.concat(missed).unique(), roster)
    credits = with_shares(matched.drop_nulls("amount"), plans)
    return Credited(credits.select(CREDITS.names()), uncredited)


def _used(deals: pl.DataFrame, plans: PlanSet) -> list[str]:
    """The columns of the deals at which crediting looks."""
    names = {"deal_id", "stage", "currency", "close_date", "owner", "splits", "territory"}
    for plan in plans.holding:
        for rule in plan.credits:
            amounts = set(named(rule.amount)) if rule.amount is not None else set()
            names |= {rule.date, rule.to, plan.apart.column_of(rule.rule) or "deal_id"} | amounts
            names |= {*plan.apart.facts}
            names |= set(plan.filters[rule.rule].meta.root_names())
    return [name for name in deals.columns if name in names]


class _CreditingOnDate:
    """Crediting by the rules that credit on one of the deal's dates."""

    def __init__(self, deals: pl.DataFrame, date: str, *, roster: Roster, plans: PlanSet) -> None:
        self._deals = deals.filter(pl.col("credit_date").is_not_null())
        self._roster, self._plans = roster, plans
        self._rules = [(plan, rule) for plan in plans.holding for rule in plan.rules if rule.date == date]
        holders = holders_of(deals).with_row_index(HOLDING).filter(pl.col("credit_date").is_not_null())
        parts = with_parts(holders, [r for _, r in self._rules])
        self.holders = assigned(parts, roster, plans=plans)

    def held(self) -> list[pl.DataFrame]:
        """The credits of holders, of territories, and of participants whom a column names."""
        return [
            _by_rule(self._payees(rule.to), 0, plan=plan, rule=rule)
            for plan, rule in self._rules
            if rule.to not in ("managers", "team")
        ]

    def teams(self) -> list[pl.DataFrame]:
        """The credits of teams, a part for every holder among them."""
        return [
            _by_rule(self._payees("team"), 0, plan=plan, rule=rule) for plan, rule in self._rules if rule.to == "team"
        ]

    def above(self) -> list[pl.DataFrame]:
        """The credits of managers, level by level."""
        return [
            _by_rule(payees, level, plan=plan, rule=rule)
            for level, payees in enumerate(self._levels, start=1)
            for plan, rule in self._upward
            if rule.reaches(level)
        ]

    def strangers(self) -> list[pl.DataFrame]:
        """Those whom a column of a deal names for a rule, or who are said to manage whom it credits, and whom the
        roster does not know."""
        named = [
            unknown_participants(self._payees(rule.to), plan.filters[rule.rule])
            for plan, rule in self._rules
            if rule.to not in RELATIONS
        ]
        managers = [
            unknown_participants(payees, plan.filters[rule.rule], manage=BELOW)
            for level, above in enumerate(self._levels, start=1)
            if not (payees := above.filter(pl.col(KNOWN).is_null())).is_empty()
            for plan, rule in self._upward
            if rule.reaches(level)
        ]
        return named + managers

    @cached_property
    def _upward(self) -> list[tuple[Plan, CreditingRule]]:
        return [(plan, rule) for plan, rule in self._rules if rule.to == "managers"]

    @cached_property
    def _levels(self) -> list[pl.DataFrame]:
        return managers_above(self.holders, self._roster, plans=self._plans) if self._upward else []

    def _payees(self, to: str) -> pl.DataFrame:
        if to == "holder":
            return self.holders
        assignments = self._roster.assignments
        if to == "team":
            pairs = assignments.select("manager", pl.col("participant_id").alias(MATE)).drop_nulls().unique()
            among = self.holders.filter(pl.col("manager").is_not_null()).rename({"manager": MANAGER})
            mates = among.join(pairs, left_on=MANAGER, right_on="manager")
            teammates = assigned(
                mates.with_columns(participant_id=MATE).drop(MATE, *_ASSIGNED, strict=False),
                self._roster,
                plans=self._plans,
            )
            # Pairs of the whole roster come first, dates second: teammates are those who share the manager on the
            # credit date, and an as-of join by manager would need a row for each day.
            return teammates.filter(pl.col("manager") == pl.col(MANAGER)).drop(MANAGER)
        if to == "territory":
            pairs = (
                assignments.select(pl.col("territory").alias(TERRITORY), pl.col("participant_id").alias(MATE))
                .drop_nulls()
                .unique()
            )
            whole = self._whole(
                self._deals.join(pairs, left_on="territory", right_on=TERRITORY).rename({MATE: "participant_id"})
            )
            return whole.filter(pl.col("territory") == pl.col(TERRITORY))
        named = self._deals.filter(pl.col(to).is_not_null()).with_columns(participant_id=to)
        return self._whole(named)

    def _whole(self, deals: pl.DataFrame) -> pl.DataFrame:
        """Deals of which each row credits its participant with the whole."""
        owned = deals.with_columns(pl.col(NET).alias(PART), share=pl.lit(WHOLE_SHARE, dtype=pl.Int64)).drop("splits")
        numbered = owned.with_row_index(HOLDING).with_columns(pl.lit(None, dtype=pl.UInt32).alias(HOLDING))
        parts = with_parts(numbered, [rule for _, rule in self._rules])
        return assigned(parts, self._roster, plans=self._plans)


def _matched(credits: pl.DataFrame, plans: PlanSet) -> pl.DataFrame:
    """With `match: first`, of the credits that a deal gives a participant only that of the first rule."""
    first = [plan.key for plan in plans if plan.match == "first"]
    if not first:
        return credits
    by_first = pl.concat_str("plan", pl.lit("@"), "version").is_in(first)
    best = pl.col("place") == pl.col("place").min().over("deal_id", "participant_id", "plan", "version")
    return credits.filter(~by_first | best)


def assigned(payees: pl.DataFrame, roster: Roster, *, plans: PlanSet) -> pl.DataFrame:
    """Add what is in force at the credit date: manager, plan, active, version, currency; `KNOWN` is null for
    strangers."""
    assignments = roster.assignments.rename({"territory": TERRITORY}).with_columns(pl.lit(True).alias(KNOWN))
    found = in_force(payees.sort("credit_date"), assignments, by="participant_id")
    found = in_force(found, plans.in_force, by="plan")
    for name in plans.own_groups:
        told = roster.of_category(name).rename({"value": column_of_category(name)})
        found = in_force(found, told, by="participant_id")
    return with_own_figures(found, roster, plans=plans)


def managers_above(holders: pl.DataFrame, roster: Roster, *, plans: PlanSet) -> list[pl.DataFrame]:
    """The management chain above the holders, one frame per level; a chain ends where it would turn in a circle."""
    levels: list[pl.DataFrame] = []
    # A list for each row is what a chain costs that could turn in a circle. Whether one could is looked at once for the
    # roster, and mostly none can.
    payees = (
        holders.with_columns(pl.concat_list("participant_id").alias(CHAIN)) if roster.may_turn_in_circles else holders
    )
    while True:
        payees = payees.filter(pl.col("manager").is_not_null())
        if CHAIN in payees.columns:
            payees = payees.filter(~pl.col(CHAIN).list.contains(pl.col("manager"))).with_columns(
                pl.concat_list(CHAIN, "manager").alias(CHAIN)
            )
        if payees.is_empty():
            return levels
        upper = {"participant_id": "manager", BELOW: "participant_id"}
        own = [*map(column_of_category, plans.own_groups), *map(column_of_term, plans.own_caps)]
        below = payees.with_columns(**upper).drop(*_ASSIGNED, *own, strict=False)
        payees = assigned(below, roster, plans=plans)
        levels.append(payees)


def _by_rule(payees: pl.DataFrame, level: int, *, plan: Plan, rule: CreditingRule) -> pl.DataFrame:
    """The credits that one rule of one plan version gives, with the `holding` each comes from."""
    condition = plan.filters[rule.rule]
    names = set(condition.meta.root_names())
    part, bucket = part_of(rule.amount), plan.apart.column_of(rule.rule)
    told_of = told_of_credits(plan, rule)
    own = {column_of_term(term.term) for term in terms_in(rule)}
    looked_at = {*_CREDITED, part, bucket or part, *filter(None, told_of), *names, *own}
    due = payees.select(name for name in payees.columns if name in looked_at).filter(
        plan.own_rows & pl.col("active") & (pl.lit(plan.exchange is not None) | (pl.col("currency") == plan.currency))
    )
    # Before the condition has its frame, in which money is in major units.
    told_apart = pl.lit("") if bucket is None else hexadecimal(bucket)
    due = due.with_columns(bucket=told(told_apart, told_of) if told_of else told_apart)
    due = filter_frame(due, names).filter(condition)
    due, amount = exchanged(due, pl.col(part), plan=plan, counts=plan.counts(rule))
    if rule.share is not None:
        amount = portion(amount, rule.share)
    if needed := plan.apart.numbers_of(rule.rule):
        amount = pl.when(pl.all_horizontal(pl.col(needed).is_not_null())).then(amount)
    return due.select(
        "deal_id",
        "participant_id",
        "plan",
        "version",
        rule=pl.lit(rule.rule),
        period=month_of(pl.col("credit_date")),
        credit_date="credit_date",
        currency=pl.lit(plan.currency),
        amount=amount,
        share="share",
        level=pl.lit(level, dtype=pl.Int64),
        bucket="bucket",
        exchange="exchange",
        place=pl.lit(plan.rules.index(rule), dtype=pl.Int64),
        cap=cap_of(rule, plan.digits),
        **{HOLDING: HOLDING},
    )


def _merged(above: list[pl.DataFrame]) -> list[pl.DataFrame]:
    """One credit per deal, payee and rule: a manager or a teammate of two holders of a deal is credited with both
    parts."""
    if not above:
        return []
    merged = (
        pl.concat(above)
        .group_by(_KEY)
        .agg(
            pl.col("period", "credit_date", "currency", "bucket", "exchange", "place", "cap").first(),
            # If one part could not be calculated, the sum is not known either: it is told as uncredited and not paid in
            # part.
            pl.when(~pl.col("amount").is_null().any()).then(pl.col("amount").sum()),
            pl.col("share").sum(),
            pl.col("level").min(),
        )
    )
    return [merged.select(_WITH_PLACE.names())]
