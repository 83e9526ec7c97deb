"""Caps of crediting rules that are each participant's own, as the roster has them on the date of the credit."""

from __future__ import annotations

from decimal import Decimal

import polars as pl

from shared.contracts.roster import EVERYONE
from shared.kernel.crediting.in_force import in_force
from shared.kernel.language.crediting_rules import CreditingRule
from shared.kernel.language.values import Term
from shared.kernel.plan.plan_set import PlanSet
from shared.kernel.roster import Roster

_DECIMALS = 9
_NANO = 10**_DECIMALS
_MOST = 10**18
"""As much as a credit may be, in minor units."""


def column_of_term(name: str) -> str:
    """The column of `credit.assigned` that has a figure of participants' own."""
    return f"term.{name}"


def with_own_figures(payees: pl.DataFrame, roster: Roster, *, plans: PlanSet) -> pl.DataFrame:
    """Payees, sorted by credit date, with the figures that caps name: of their own, or else everyone's."""
    for name in plans.own_caps:
        column = column_of_term(name)
        figures = roster.terms.filter(pl.col("name") == name).select("participant_id", "effective_from", own="value")
        everyones = figures.filter(pl.col("participant_id") == EVERYONE).select("effective_from", everyones="own")
        payees = in_force(in_force(payees, figures, by="participant_id"), everyones, by=None)
        payees = payees.with_columns(pl.coalesce("own", "everyones").alias(column)).drop("own", "everyones")
    return payees


def cap_of(rule: CreditingRule, digits: int) -> pl.Expr:
    """The most that a deal credits by a rule, in minor units; null where the rule has no cap."""
    if not isinstance(rule.cap, Term):
        return pl.lit(None if rule.cap is None else int(rule.cap.scaleb(digits)), dtype=pl.Int64)
    assert rule.cap.default is not None
    figure = pl.col(column_of_term(rule.cap.term)).cast(pl.Decimal(38, _DECIMALS))
    nano = (figure * pl.lit(Decimal(_NANO), dtype=pl.Decimal(38, 0))).cast(pl.Int128)
    whole = nano.fill_null(int(rule.cap.default * _NANO)) * pl.lit(int(rule.cap.times * _NANO), dtype=pl.Int128)
    # Both factors have nine decimals; half of the smallest unit and more is one.
    unit = 10 ** (2 * _DECIMALS - digits)
    minor = (whole + pl.lit(unit // 2, dtype=pl.Int128)) // pl.lit(unit, dtype=pl.Int128)
    return minor.clip(-_MOST, _MOST).cast(pl.Int64)
