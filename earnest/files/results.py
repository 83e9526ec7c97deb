"""The files that a calculation leaves: earnings.csv, lines.csv and rejected.csv, sorted, the same bytes for the same
input.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Final

import orjson
import polars as pl

from earnest.files.calculation import Calculation
from earnest.files.display import SHARE_DIGITS, attainment, money, number, percent, plain_number
from earnest.files.rejections import in_order, output_folder
from shared.kernel import Explained, PlanSet
from shared.kernel.arithmetic.expressions import RATE_SCALE, REPRICED, ROUNDING, WITHOUT_RATE
from shared.kernel.calendar import in_words
from shared.kernel.evaluation.named_values import names_of
from shared.kernel.tables import BY_TIER
from shared.spreadsheets import write_csv_in_parts

OURS: Final = (
    "slices", "amount", "credited", "share", "before", "after", "quota", "attainment_before", "attainment_after",
)  # fmt: skip
"""Columns of texts that are written here, and begin with a number."""
AT_A_TIME: Final = 2
"""Parts whose lines are explained at the same time."""
_OF_PLAN = ["plan", "version", "component"]
_STATEMENT = ["participant_id", "plan", "version", "component", "period"]


def write_results(
    calculation: Calculation,
    folder: Path,
    *,
    written: Callable[[int], object] = int,
    lines: pl.DataFrame | None = None,
) -> None:
    """Write the three files into `folder`, which is made when it is not there; files of an earlier calculation are
    replaced. Lines are written as they are computed; `written` is told how many more there are. `lines` stand in place
    of those of the calculation.

    Raises:
        FileError: the folder cannot be written.
        Overflow: a running sum is beyond 10^18 minor units.
    """
    plans, values = calculation.plans, None
    if calculation.is_in_parts:  # of which all have the same columns
        values = any(names_of(c, plan) for plan in plans for c in plan.components)

    def in_words(part: Calculation) -> pl.DataFrame:
        return lines_table(part.explained, plans, values=values)

    def computed() -> Iterator[pl.DataFrame]:
        for lines in _side_by_side(in_words, calculation.parts()):
            yield lines
            written(lines.height)

    files: dict[str, Iterable[pl.DataFrame]] = {
        "earnings.csv": [earnings_table(calculation.earnings, in_weeks=plans.in_weeks)],
        "lines.csv": computed() if lines is None else [lines],
        "rejected.csv": [in_order(pl.concat([calculation.rejected, calculation.unpaid]))],
    }
    with output_folder(folder):
        for name, tables in files.items():
            # Slices and numbers are our own words; every other text may come from outside, and never becomes a formula.
            write_csv_in_parts(tables, folder / name, ours=OURS)


def _side_by_side(work: Callable[[Calculation], pl.DataFrame], parts: Iterable[Calculation]) -> Iterator[pl.DataFrame]:
    """What work makes of each part, in order. Two parts at a time: most steps of the kernel use one core. A third one
    waits to be written, and no more: each takes room."""
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        begun: deque[Future[pl.DataFrame]] = deque()
        for part in parts:
            begun.append(pool.submit(work, part))
            if len(begun) > AT_A_TIME:
                yield begun.popleft().result()
        while begun:
            yield begun.popleft().result()


def lines_of(calculation: Calculation) -> pl.DataFrame:
    """`lines_table` of a calculation."""
    return lines_table(calculation.explained, calculation.plans)


def earnings_table(earned: pl.DataFrame, *, in_weeks: bool = False) -> pl.DataFrame:
    """participant_id, component, period, amount (text in major units), currency: one row each, whichever versions it
    comes from.

    `period` is the calendar month; where a plan counts `in_weeks`, `fiscal_period` stands beside it, in rows of their
    own.
    """
    who = ["participant_id", "component", "period"]
    if in_weeks:
        who, earned = [*who, "fiscal_period"], earned.with_columns(fiscal_period=in_words(pl.col("fiscal")))
    summed = earned.group_by(*who, "currency").agg(pl.col("amount").sum()).sort(*who, "currency")
    return summed.select(*who, amount=money("amount", summed["currency"].unique()), currency="currency")


def lines_table(explained: Explained, plans: PlanSet, *, values: bool | None = None) -> pl.DataFrame:
    """One row per line of a statement, with its numbers in words; `slices` say how much of the credit was paid at which
    rate.

    Where a plan counts in weeks, `fiscal_period` stands beside the calendar month, and where somebody is paid on the
    pay of others, `earned_by` beside the deal. Where something is paid by formulas, `values` says what the names in
    them came to: where some line has some, or as it is said.
    """
    lines = explained.lines
    values = lines["values"].null_count() < lines.height if values is None else values
    currencies = lines["currency"].unique().to_list()
    order = pl.Enum(lines["participant_id"].unique().sort())
    return (
        lines.with_columns(_values(lines))
        .with_row_index("row")
        .join(_slices(explained, plans, currencies=currencies), on="row", how="left")
        # Participants are few beside lines: as numbers in their order they sort several times faster than as texts.
        .sort(pl.col("participant_id").cast(order), "period", "component", "plan", "version", "line")
        .select(
            "participant_id",
            "period",
            *([in_words(pl.col("fiscal")).alias("fiscal_period")] if plans.in_weeks else []),
            "component",
            "plan",
            "version",
            "line",
            "deal_id",
            *(["earned_by"] if lines["earned_by"].null_count() < lines.height else []),
            "rule",
            percent("share", SHARE_DIGITS).alias("share"),
            "credit_date",
            pl.col("exchange").replace("", None),
            money("credited", currencies).alias("credited"),
            *(number(name, currencies).alias(name) for name in ("before", "after", "quota")),
            *(attainment(name).alias(name) for name in ("attainment_before", "attainment_after")),
            "slices",
            *(["values"] if values else []),
            pl.col("problem").alias("reason"),
            money("amount", currencies).alias("amount"),
            "currency",
        )
    )


def _values(lines: pl.DataFrame) -> pl.Series:
    """`bookings 120000; rate 0.0425; position senior` for each line: what the names in its formulas came to."""
    said = lines["values"].clone()
    # The names are the same for all lines of a component, so that they are read at once.
    places = lines.select("plan", "version", "component", "values").with_row_index("row").drop_nulls("values")
    for of_component in places.partition_by("plan", "version", "component"):
        names = list(orjson.loads(of_component["values"][0]))
        kind = pl.Struct(dict.fromkeys(names, pl.String()))
        texts = of_component.select(pl.col("values").str.json_decode(kind)).unnest("values")
        each = [pl.concat_str(pl.lit(f"{name} "), pl.col(name).fill_null("blank")) for name in names]
        said = said.scatter(of_component["row"], texts.select(pl.concat_str(each, separator="; ")).to_series())
    return said


def _slices(explained: Explained, plans: PlanSet, *, currencies: list[str]) -> pl.DataFrame:
    """`5000.00 at 4% + 15000.00 at 6%` for each line; of kinds that pay amounts `3 at 50.00`, as statements have it."""
    # Statements are few beside lines: by their numbers, lines and slices find each other several times as quickly as by
    # six texts.
    statements = explained.lines.select(*_STATEMENT, "currency").unique(_STATEMENT).with_row_index("statement")
    named = explained.slices.join(statements.join(_paying_amounts(plans), on=_OF_PLAN, how="left"), on=_STATEMENT)
    each = pl.col("each").fill_null(value=False) & ~pl.col("reach").is_in(WITHOUT_RATE)
    named = named.with_columns(
        size=money("credited", currencies, finer=6),
        rate_text=percent("rate", 7),
        pays_itself=each & (pl.col("rate") == RATE_SCALE),
    )
    each &= ~pl.col("pays_itself")
    if (there := named.select(each=each)["each"]).any():
        # The columns of money and of rates are written once; only what is of amounts is written anew.
        named = named.with_columns(
            size=pl.when(there).then(plain_number("credited", currencies, finer=6)).otherwise("size"),
            rate_text=pl.when(there).then(number("rate", currencies)).otherwise("rate_text"),
        )
    paid = (
        pl.when(pl.col("reach") == ROUNDING)
        .then(pl.lit(" by rounding"))
        .when(pl.col("reach") == REPRICED)
        .then(pl.lit(" of deals before"))
        .when(pl.col("reach").is_in(WITHOUT_RATE))
        .then(pl.lit(" ") + pl.col("reach"))
        .when("pays_itself")
        .then(pl.lit(""))
        .otherwise(pl.lit(" at ") + pl.col("rate_text"))
    )
    times = pl.when(pl.col("factor") == 10**9).then(pl.lit("")).otherwise(pl.lit(" times ") + percent("factor", 7))
    once = pl.concat_str("size", paid, times)
    texts = named.select("statement", "line", "tier", "credited", slices=once)
    # As a number of both: of most lines there is one slice, which needs no joining.
    texts = texts.with_columns(several=(pl.col("statement").cast(pl.Int64) * 2**32 + pl.col("line")).is_duplicated())
    joined = (
        texts.filter("several").group_by("statement", "line").agg(pl.col("slices").sort_by(*BY_TIER).str.join(" + "))
    )
    of_lines = pl.concat([texts.filter(~pl.col("several")).select("statement", "line", "slices"), joined])
    numbered = explained.lines.select(*_STATEMENT, "line").with_row_index("row").join(statements, on=_STATEMENT)
    return numbered.join(of_lines, on=["statement", "line"]).select("row", "slices")


def _paying_amounts(plans: PlanSet) -> pl.DataFrame:
    """The components of which people read rates as amounts, marked in `each`."""
    found = [(p.plan, p.version, c.component, True) for p in plans for c in p.components if c.rates_are_amounts]
    kinds = {"plan": pl.String, "version": pl.Int64, "component": pl.String, "each": pl.Boolean}
    return pl.DataFrame(found, schema=kinds, orient="row")
