"""The tables that the kernel takes and gives: their columns and types. Amounts are minor units, shares 10^-8.

Measures, quotas and attainments are decimals, amounts of money among them in major units (`NUMBER`).
`period` is always a calendar month, `fiscal` a fiscal period of the plan by number (`shared.kernel.calendar`).
"""

from __future__ import annotations

from typing import Final

import polars as pl

from shared.kernel.arithmetic.expressions import whole

NUMBER = pl.Decimal(38, 9)
"""A number that people gave, or that is shown to them: as `ExactColumn.shown`, with the digits that decide."""

DEALS = pl.Schema(
    {
        "deal_id": pl.String(),
        "stage": pl.String(),
        "amount": pl.Int64(),
        "list_amount": pl.Int64(),
        "refunded": pl.Int64(),
        "currency": pl.String(),
        "open_date": pl.Date(),
        "close_date": pl.Date(),
        "owner": pl.String(),
        "splits": pl.List(pl.Struct({"participant_id": pl.String(), "share": pl.Int64()})),
        "product": pl.String(),
        "account": pl.String(),
        "territory": pl.String(),
        "problem": pl.String(),
    }
)
"""Deals as they stand now, one row each; a plan set adds the custom columns its plans declare.

`splits`, where not null, replace `owner`. `problem` names why a deal cannot be computed with (`inexact_amount`),
after a colon the columns that it is about (`bad_value:seats`)."""

ASSIGNMENTS = pl.Schema(
    {
        "participant_id": pl.String(),
        "effective_from": pl.Date(),
        "manager": pl.String(),
        "plan": pl.String(),
        "active": pl.Boolean(),
        "position": pl.String(),
        "territory": pl.String(),
        "on_leave": pl.Boolean(),
    }
)
"""Who reports to whom on which plan from a date on, until the participant's next row; who is on leave is active."""

FIGURES = pl.Schema({"participant_id": pl.String(), "name": pl.String(), "effective_from": pl.Date(), "value": NUMBER})
"""Numbers of each participant's own: terms, which hold from a date on, and scores, which belong to the period of their
date."""

CATEGORIES = pl.Schema(
    {"participant_id": pl.String(), "name": pl.String(), "effective_from": pl.Date(), "value": pl.String()}
)
"""Categories of participants that are the company's own, such as a segment, from a date on; null ends one. Aliases, by
the system that uses them, have the same columns."""

QUOTAS = pl.Schema(
    {"participant_id": pl.String(), "measure": pl.String(), "effective_from": pl.Date(), "quota": NUMBER}
)
"""Quotas per period in major units of the plan's currency, from a date on; null ends a quota. Measure `*` is every
one."""

CREDITS = pl.Schema(
    {
        "deal_id": pl.String(),
        "participant_id": pl.String(),
        "plan": pl.String(),
        "version": pl.Int64(),
        "rule": pl.String(),
        "period": pl.String(),
        "credit_date": pl.Date(),
        "currency": pl.String(),
        "amount": pl.Int64(),
        "share": pl.Int64(),
        "level": pl.Int64(),
        "bucket": pl.String(),
        "exchange": pl.String(),
    }
)
"""Who is credited with how much of a deal, by which rule. `level` 0 holds the deal, 1 manages a holder, and so on.

`bucket` is the value by which a distinct count tells credits apart, as hexadecimal digits of its text, and after it,
each after a comma, what of the deal its pay depends on where deals are paid in turn (`Plan.apart`); `exchange` the
rate at which a deal in another currency was converted, in words (`25,450 VND = 1 USD`). Both are empty where there is
none."""

SUMS = pl.Schema(
    {
        "participant_id": pl.String(),
        "plan": pl.String(),
        "version": pl.Int64(),
        "rule": pl.String(),
        "period": pl.String(),
        "fiscal": pl.Int32(),
        "currency": pl.String(),
        "bucket": pl.String(),
        "amount": pl.Int64(),
        "deals": pl.Int64(),
    }
)
"""Credits added up by calendar month and fiscal period. A rule `@component` has what a component pays deal by deal."""

UNCREDITED = pl.Schema(
    {"deal_id": pl.String(), "participant_id": pl.String(), "reason": pl.String(), "about": pl.String()}
)
"""Won deals, or shares of them, that credited nobody, why (`shared.kernel.reasons`), and what that is about: a plan, a
currency."""

EVENT = pl.Struct({"credit_date": pl.Date(), "deal_id": pl.String(), "rule": pl.String(), "bucket": pl.String()})
"""The credit of a deal that is paid in turn: `bucket` has what of the deal its pay depends on."""

MEASURES = pl.Schema(
    {
        "participant_id": pl.String(),
        "plan": pl.String(),
        "version": pl.Int64(),
        "measure": pl.String(),
        "period": pl.String(),
        "fiscal": pl.Int32(),
        "amount": pl.Int64(),
        "event": EVENT,
    }
)
"""What each segment, the days that a calendar month and a fiscal period share, adds to the ingredients of the measures
of a plan version, for everyone with a credit under it in the segment; zero where none counts.

Where deals are paid in turn, the credits that count for them are rows of their own, each with its `event`."""

EARNINGS = pl.Schema(
    {
        "participant_id": pl.String(),
        "plan": pl.String(),
        "version": pl.Int64(),
        "component": pl.String(),
        "period": pl.String(),
        "fiscal": pl.Int32(),
        "measure": NUMBER,
        "quota": NUMBER,
        "attainment": NUMBER,
        "share": pl.Int64(),
        "amount": pl.Int64(),
        "currency": pl.String(),
        "problem": pl.String(),
        "about": pl.String(),
    }
)
"""What each component pays in a segment: for what was credited in it, and if the fiscal period ends in it, what that
pays as a whole.

`attainment` is that of the calculation (1 is 100%), which `measure` by `quota` need not give to the last digit: a quota
prorated by days has no end. It and `quota` are null without a quota above zero. `share` is that of a pool, null of
other kinds. `problem` is the reason (`shared.kernel.reasons`) why it pays nothing in its window, null where there is
none, and `about` what that is about: a measure, a term, a category, a gate."""

LINES = pl.Schema(
    {
        "participant_id": pl.String(),
        "plan": pl.String(),
        "version": pl.Int64(),
        "component": pl.String(),
        "period": pl.String(),
        "fiscal": pl.Int32(),
        "line": pl.Int64(),
        "deal_id": pl.String(),
        "earned_by": pl.String(),
        "rule": pl.String(),
        "share": pl.Int64(),
        "credit_date": pl.Date(),
        "exchange": pl.String(),
        "credited": pl.Int64(),
        "exact": NUMBER,
        "before": NUMBER,
        "after": NUMBER,
        "quota": NUMBER,
        "attainment_before": NUMBER,
        "attainment_after": NUMBER,
        "amount": pl.Int64(),
        "currency": pl.String(),
        "problem": pl.String(),
        "values": pl.String(),
    }
)
"""How an earning came about, deal by deal, numbered by calendar month: the measure before and after each credit, and
what the credit added to pay.

`earned_by` is null, or whose pay the line is of: then `credited` is what that participant was paid, and there is no
deal.

`exact` is the pay of the component's window so far before it is rounded; of what is rounded already, such as the months
of a quarter that pays its months, the rounded pay. Attainments are those of the calculation, as in `EARNINGS`; before
the credit against the quota after it.

A line without a deal has as its `credit_date` the last day of what it is for, a fiscal period or its part in the month,
and in `rule` what moved the pay instead, its `share` that of a pool: `opening` (scores, quotas, amounts that need no
deal), `minimum`, `maximum`, `budget`, `carry_over`, or `result` for kinds whose pay is one number. `problem` is the
reason why the component pays nothing after the line.

`values` is what every name in the formulas, multipliers and tables of the component came to after the line, as a JSON
object of texts (`shared.kernel.evaluation.named_values`); null where there is none."""

SLICES = pl.Schema(
    {
        "participant_id": pl.String(),
        "plan": pl.String(),
        "version": pl.Int64(),
        "component": pl.String(),
        "period": pl.String(),
        "line": pl.Int64(),
        "tier": pl.Int64(),
        "reach": pl.String(),
        "rate": pl.Int64(),
        "credited": pl.Int128(),
        "factor": pl.Int64(),
        "pays": NUMBER,
    }
)
"""The parts of a line: so much (`credited`, 10^-6 minor units) at a `rate` (10^-9), times a `factor` (10^-9) of gate
and multipliers.

`pays` is what the part pays, in major units, where that is not the product of these, because one of them is cut: a
third has no end.

Where the rate itself moves, a line has the part after it and, negative, the part before it."""

BY_TIER: Final = (pl.col("tier"), whole(0) - pl.col("credited"))
"""The order of a line's slices: by tier, and what is taken back comes last."""


def empty(schema: pl.Schema) -> pl.DataFrame:
    """A table of no rows."""
    return pl.DataFrame(schema=schema)
