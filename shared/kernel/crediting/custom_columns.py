"""The company's own columns of deals: what comes in, mostly as text, becomes the type that the plans declare.

One reading for files, webhooks and the stream. Where something comes in, what cannot be read is refused by name. What
was there before a plan declared its column is kept as it is, and the deals that the plan asks for it say so instead of
counting nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final

import polars as pl

from shared.contracts import base
from shared.contracts.base import YEARS
from shared.decimals import NotDecimal, plain_decimal
from shared.kernel.plan.plan_set import PlanSet
from shared.value_rules import Kind

WHOLE_NUMBER: Final = r"^-?[0-9]{1,18}$"
BAD_VALUE: Final = "bad_value"
_WHOLE: Final = re.compile(WHOLE_NUMBER, re.ASCII)


class BadColumnValue(ValueError):
    """A value that is none of its column's type; the message says what is wanted."""


def kind_of(column: pl.DataType) -> Kind:
    """What the texts of a column are read as, in the notation of whatever they come from."""
    if isinstance(column, pl.Date):
        return "date"
    if isinstance(column, pl.Boolean):
        return "yes_no"
    return "number" if column.is_numeric() else "text"


def column_value(value: Any, kind: pl.DataType) -> Any:
    """A value (text, whole number, yes or no, null) as its column's type: text, whole number, Decimal, yes or no, date.
    Blank is null.

    Raises:
        BadColumnValue: it is none.
    """
    if isinstance(value, str):
        value = value.strip()
    if value is None or value == "":
        return None
    if isinstance(kind, pl.Boolean):
        return yes_no(value)
    if isinstance(kind, pl.Int64):
        return whole_number(value)
    if isinstance(kind, pl.Decimal):
        return _decimal(value)
    if isinstance(kind, pl.Date):
        return _date(value)
    return value if isinstance(value, str) else str(value).lower()


def yes_no(value: str | int | bool) -> bool:
    """Yes or no, or true or false, in any case.

    Raises:
        BadColumnValue: it is neither.
    """
    try:
        return base.yes_no(value)
    except ValueError:
        raise BadColumnValue(f"{_shown(value)} is neither yes nor no") from None


def whole_number(value: str | int | bool) -> int:
    """A whole number of up to 18 digits.

    Raises:
        BadColumnValue: it is none.
    """
    if isinstance(value, bool) or not _WHOLE.match(str(value)):
        raise BadColumnValue(f"{_shown(value)} is not a whole number of up to 18 digits")
    return int(value)


def _decimal(value: str | int | bool) -> Decimal:
    text = str(value)
    try:
        number = None if isinstance(value, bool) else plain_decimal(text.removesuffix("%").rstrip())
    except NotDecimal:
        number = None
    if number is not None and text.endswith("%"):  # as files write margins and discounts
        number /= 100
    if number is None or abs(number) >= 10**12 or number != round(number, 6):
        raise BadColumnValue(f"{_shown(value)} is not a decimal number of up to 12 digits and 6 decimals")
    return number


def _date(value: str | int | bool) -> date:
    try:
        day = date.fromisoformat(value) if isinstance(value, str) and value[4:5] == value[7:8] == "-" else None
    except ValueError:
        day = None
    if day is None or day.year not in YEARS:
        raise BadColumnValue(f"{_shown(value)} is not a date like 2025-03-31")
    return day


def _shown(value: str | int | bool) -> str:
    """The value as it was written, of which a long one is cut."""
    return repr(value[:40]) if isinstance(value, str) else str(value).lower()[:40]


def column_mistakes(custom: Mapping[str, Any], columns: Mapping[str, pl.DataType]) -> Iterator[tuple[str, str]]:
    """The company's own fields of a deal that are not what their columns need: name and reason. What no plan declares
    may be anything."""
    for name, value in custom.items():
        if (kind := columns.get(name)) is not None:
            try:
                column_value(value, kind)
            except BadColumnValue as error:
                yield name, str(error)


def bad_value_problem(names: list[str]) -> str:
    """The `problem` of a deal whose columns of these names cannot be read."""
    return f"{BAD_VALUE}:{','.join(names)}"


def with_declared_problems(deals: pl.DataFrame, plans: PlanSet) -> pl.DataFrame:
    """The deals, of which those keep the `problem` of a column that cannot be read that close while some plan declares
    it, with the first such column after the colon. For others it is no problem: they were before the plan.
    """
    doubtful = deals.filter(pl.col("problem").str.starts_with(f"{BAD_VALUE}:")).select(
        "deal_id", "problem", "close_date"
    )
    if doubtful.is_empty():
        return deals
    # Facts come before plans: a column may have held anything before a plan declared its type. So the question is asked
    # per deal, of the versions in force when it closed.
    kept: dict[str, str | None] = {}
    for deal_id, problem, day in doubtful.iter_rows():
        names = problem.partition(":")[2].split(",")
        asked = (name for name in names if day is not None and plans.declares(name, day))
        first = next(asked, None)
        kept[deal_id] = None if first is None else bad_value_problem([first])
    judged = pl.col("deal_id").replace_strict(kept, default=pl.col("problem"), return_dtype=pl.String)
    return deals.with_columns(problem=judged)
