"""The lines of a month in bulk, between scoring and payout: who earned what by which deal, with the deal's facts.

`GET {scoring}/v1/lines?period=2026-06` and `POST {scoring}/v1/lines` with `{"period": ..., "participants": [...]}`
(scope `earnings:read`) answer with an Arrow IPC stream, one row per participant who has earnings in the month or ever
had. All rows are of one moment. Amounts are whole minor units of `currency`.
"""

from __future__ import annotations

from typing import Final

import polars as pl

MEDIA_TYPE: Final = "application/vnd.apache.arrow.stream"

EARNING: Final = pl.Struct(
    {
        "component": pl.String(),
        "plan": pl.String(),
        "version": pl.Int64(),
        "amount": pl.Int64(),
        "currency": pl.String(),
        "measure": pl.Decimal(38, 9),
        "quota": pl.Decimal(38, 9),
        "attainment": pl.Decimal(38, 9),
        "share": pl.Int64(),
        "problem": pl.String(),
        "about": pl.String(),
    }
)
"""An earning as it was published (`shared.contracts.earnings.ComponentEarning`)."""

COLLECTION: Final = pl.Struct({"day": pl.Date(), "amount": pl.Int64()})
"""Money on a day, in minor units of `deal_currency`: a payment, negative where it was taken back; or a refund,
positive.
"""

LINE: Final = pl.Struct(
    {
        "component": pl.String(),
        "plan": pl.String(),
        "version": pl.Int64(),
        "line": pl.Int64(),
        "deal_id": pl.String(),
        "rule": pl.String(),
        "share": pl.Int64(),
        "credit_date": pl.Date(),
        "amount": pl.Int64(),
        "currency": pl.String(),
        "problem": pl.String(),
        "deal_amount": pl.Int64(),
        "deal_currency": pl.String(),
        "payments": pl.List(COLLECTION),
        "refunds": pl.List(COLLECTION),
        "closed_on": pl.Date(),
        "cancelled_on": pl.Date(),
        "term_months": pl.Int64(),
        "start_date": pl.Date(),
        "contract": pl.String(),
        "account": pl.String(),
    }
)
"""What one credit added to an earning, in the order of `line`, which begins with 1 in each component and version.

A line without a deal (`deal_id` null: a limit, a score, a share of a pool, see `shared.kernel.tables.LINES`) has no
facts of one, and its `credit_date` is the last day of what it is for: of a fiscal period, or of its part in the month.
`problem` is the reason (`shared.kernel.reasons`) why the component pays nothing after the line. `share` is that of the
deal, in parts of 10^-8. `deal_amount` is the deal's amount in minor units of `deal_currency`, `payments` and `refunds`
by day: empty before there are any, both null where an entry is finer than the currency. Null where the deal does not
say.
"""

TOUCHED: Final = pl.Struct({"who": pl.String(), "what": pl.String()})
"""Who set a fact that the pay rests on, distinct: the key it was sent with. `what` is one of `WHAT`."""

WHAT: Final = ("deal", "quota", "rate", "score", "roster")
"""A deal's fact; a quota; a plan version or a participant's own figure that plans name; a score; manager, plan,
position and such.
"""

SCHEMA: Final = pl.Schema(
    {
        "participant_id": pl.String(),
        "period": pl.String(),
        "revision": pl.Int64(),
        "settled": pl.Boolean(),
        "earnings": pl.List(EARNING),
        "lines": pl.List(LINE),
        "touched_by": pl.List(TOUCHED),
        "detail": pl.Binary(),
    }
)
"""One row per participant, by participant.

`revision` is that of the earnings as published. `settled`: the lines of every component sum to its earning. Where they
do not, credits are still on their way to earnings, or the plan version is quarantined: ask again. `detail` is what a
statement shows of the month (`shared.explanation.frozen`).
"""


class NotLines(ValueError):
    """A table that is not what the contract says; the message names what is wrong with it."""


def checked(table: pl.DataFrame) -> pl.DataFrame:
    """The table, which is what the contract says.

    Raises:
        NotLines: columns or types are others, a participant has two rows, or lines that are said to be settled do not
            sum to their earnings.
    """
    # By types and not by names alone: an amount of another type would be read as another amount.
    if table.schema != SCHEMA:
        wrong = [name for name in {**SCHEMA, **table.schema} if table.schema.get(name) != SCHEMA.get(name)]
        raise NotLines(
            f"the columns {', '.join(wrong)} are not those of the contract" if wrong else "columns are out of order"
        )
    if table.select("participant_id", "period", "revision", "settled", "detail").null_count().sum_horizontal().sum():
        raise NotLines("a row lacks something")
    if table.select("participant_id", "period").is_duplicated().any():
        raise NotLines("a participant has more than one row")
    # What does not sum cannot be explained, so no run may pay it; rows that are not settled are asked for again.
    if off := unsettled(table.filter("settled")):
        raise NotLines(f"the lines of {', '.join(off[:5])} do not sum to their earnings")
    return table


def unsettled(table: pl.DataFrame) -> list[str]:
    """The participants of a table with the columns `participant_id`, `earnings` and `lines` whose lines do not sum to
    an earning.
    """
    keys = ["participant_id", "plan", "version", "component", "currency"]
    earned, summed = (
        table.select("participant_id", column)
        .explode(column)
        .drop_nulls(column)
        .unnest(column)
        .group_by(keys)
        .agg(pl.col("amount").cast(pl.Int128).sum())  # sums of 64-bit amounts may need more
        .filter(pl.col("amount") != 0)  # an earning of nothing may have no line, and lines that cancel out no earning
        for column in ("earnings", "lines")
    )
    both = [*keys, "amount"]
    off = pl.concat([earned.join(summed, on=both, how="anti"), summed.join(earned, on=both, how="anti")])
    return sorted(set(off["participant_id"]))


def each_line(table: pl.DataFrame) -> pl.DataFrame:
    """A row per line of a table: participant_id, period, the fields of `LINE`, and `row`, which numbers them."""
    return (
        table.select("participant_id", "period", "lines")
        .explode("lines")
        .drop_nulls("lines")
        .unnest("lines")
        .with_row_index("row")
    )


def empty() -> pl.DataFrame:
    """A table of nobody."""
    return pl.DataFrame(schema=SCHEMA)
