"""An earning told line by line: which deal moved the measure from where to where, at which rates, and what that paid.

Amounts are in major units. A reader with a pocket calculator arrives at the same cents; the sentences are in `telling`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal, localcontext
from typing import Any

import polars as pl
from pydantic import BaseModel

from services.scoring import telling
from shared.kernel import Plan, PlanSet, Roster, explain
from shared.kernel.exact import AMOUNT_SCALE, RATE_SCALE, WHOLE_SHARE
from shared.money import from_minor

ENOUGH_DIGITS = 60
"""More than any product of a measure and a rate has."""


class Slice(BaseModel):
    """The part of a credit that lies in one tier, its rate, and what it pays before rounding.

    Where the rate itself moves there is one slice with the new rate, and one that takes back what the old rate paid. `factor`
    is what gate and multipliers make of it.
    """

    tier: int
    reach: str
    credited: Decimal
    rate: Decimal
    factor: Decimal
    pays: Decimal


class Line(BaseModel):
    """What one credit of one deal added to pay; or, without a deal, what `rule` names did: a limit, a score, a share of a pool.

    `before` and `after` are the measure without and with the credit; attainments are percent of quota, cut after two
    decimals. `exact` is what the slices pay, `exact_so_far` what all slices up to here pay. `paid_before` and `paid_after`
    are the pay so far, rounded, without and with this line; `amount` is their difference, so that only the total is rounded.
    """

    line: int
    deal_id: str | None
    credit_date: date | None
    rule: str
    share_percent: Decimal | None
    credited: Decimal
    before: Decimal
    after: Decimal
    attainment_before: Decimal | None
    attainment_after: Decimal | None
    slices: list[Slice]
    exact: Decimal
    exact_so_far: Decimal
    paid_before: Decimal
    paid_after: Decimal
    amount: Decimal
    sentence: str = ""


class Part(BaseModel):
    """A component under one plan version. A period in which another version comes into force has a part for each."""

    plan: str
    version: int
    measure: str | None
    measured: Decimal
    quota: Decimal | None
    attainment: Decimal | None
    rounding: str
    problem: str | None
    currency: str
    amount: Decimal
    sentence: str = ""
    lines: list[Line]


def parts(
    credits: pl.DataFrame, earned: pl.DataFrame, roster: Roster, plans: PlanSet, component: str, period: str
) -> list[Part]:
    """The parts of an earning from a participant's `EARNINGS` and `CREDITS`, of all periods of the windows it sums over.

    Raises:
        Overflow: a sum is beyond 10^18 minor units.
    """
    it = (pl.col("component") == component) & (pl.col("period") == period)
    lines, slices = (table.filter(it) for table in explain(credits, roster, plans, earned))
    with localcontext(prec=ENOUGH_DIGITS):
        return [
            _part(row, plans.plans[row["plan"], row["version"]], _under(lines, row), _under(slices, row))
            for row in earned.filter(it).sort("plan", "version").iter_rows(named=True)
        ]


def _under(table: pl.DataFrame, row: dict[str, Any]) -> pl.DataFrame:
    return table.filter((pl.col("plan") == row["plan"]) & (pl.col("version") == row["version"])).sort("line")


def _part(row: dict[str, Any], plan: Plan, lines: pl.DataFrame, slices: pl.DataFrame) -> Part:
    component = next((each for each in plan.components if each.component == row["component"]), None)
    part = Part(
        plan=plan.plan,
        version=plan.version,
        measure=None if component is None else component.main_measure(),
        measured=from_minor(row["measure"], plan.currency),
        quota=None if row["quota"] is None else from_minor(row["quota"], plan.currency),
        attainment=_attainment(row["measure"], row["quota"]),
        rounding=plan.conventions.rounding,
        problem=row["problem"],
        currency=plan.currency,
        amount=from_minor(row["amount"], plan.currency),
        lines=list(_lines(lines, slices, plan)),
    )
    for line in part.lines:
        line.sentence = telling.of_line(line, part)
    part.sentence = telling.of_part(part, row["component"])
    return part


def _lines(lines: pl.DataFrame, slices: pl.DataFrame, plan: Plan) -> Iterator[Line]:
    by_line: dict[int, list[Slice]] = {}
    for found in slices.sort("line", "tier").iter_rows(named=True):
        by_line.setdefault(found["line"], []).append(_slice(found, plan))
    exact_so_far = paid = Decimal(0)
    for row in lines.iter_rows(named=True):
        pieces = by_line.get(row["line"], [])
        exact = sum((piece.pays for piece in pieces), Decimal(0))
        amount = from_minor(row["amount"], plan.currency)
        exact_so_far, paid = exact_so_far + exact, paid + amount
        yield Line(
            line=row["line"],
            deal_id=row["deal_id"],
            credit_date=row["credit_date"],
            rule=row["rule"],
            share_percent=None if row["share"] is None else telling.plain(Decimal(100 * row["share"]) / WHOLE_SHARE),
            credited=from_minor(row["credited"], plan.currency),
            before=from_minor(row["before"], plan.currency),
            after=from_minor(row["after"], plan.currency),
            attainment_before=_attainment(row["before"], row["quota"]),
            attainment_after=_attainment(row["after"], row["quota"]),
            slices=pieces,
            exact=telling.plain(exact, plan.digits),
            exact_so_far=telling.plain(exact_so_far, plan.digits),
            paid_before=paid - amount,
            paid_after=paid,
            amount=amount,
        )


def _slice(row: dict[str, Any], plan: Plan) -> Slice:
    credited = telling.plain(Decimal(row["credited"]).scaleb(-plan.digits) / AMOUNT_SCALE, plan.digits)
    rate = telling.plain(Decimal(row["rate"]) / RATE_SCALE)
    factor = telling.plain(Decimal(row["factor"]) / RATE_SCALE)
    pays = telling.plain(credited * rate * factor, plan.digits)
    return Slice(tier=row["tier"], reach=row["reach"], credited=credited, rate=rate, factor=factor, pays=pays)


def _attainment(measured: int, quota: int | None) -> Decimal | None:
    """Percent of quota, cut after two decimals so that 100 % is never said before it is reached; None without a quota."""
    if not quota or quota < 0:
        return None
    cut = abs(measured) * 10_000 // quota
    return Decimal(cut if measured >= 0 else -cut).scaleb(-2)
