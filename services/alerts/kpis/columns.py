"""What an observation is, by the columns that expressions of KPIs may name, and an expression as it is evaluated."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias, get_args

import polars as pl
from sqlglot import expressions as sql

from shared.contracts.deals import Stage
from shared.contracts.runs import RunKind, RunState
from shared.kernel.language.conventions import RESETS
from shared.kernel.language.filter_types import NUMBER, YES_NO, FilterError, typed
from shared.kernel.language.filters import MONEY, ColumnTypes, field_types
from shared.kernel.language.findings import did_you_mean
from shared.kernel.language.sql_text import parse

Source: TypeAlias = Literal["deals", "earnings", "runs", "pipeline"]
ColumnType: TypeAlias = Literal["text", "number", "decimal", "yes_no", "date"]

DATES: Final[Mapping[Source, tuple[str, ...]]] = {
    "deals": ("close_date", "open_date", "start_date", "cancel_date"),
    "earnings": ("period",),
    "runs": ("date",),
    "pipeline": (),
}
"""The columns by which an observation may be dated; the first unless the KPI says another."""
SEGMENTS: Final[Mapping[Source, tuple[str, ...]]] = {
    "deals": ("product", "territory", "plan", "manager", "position"),
    "earnings": ("plan", "territory", "position"),
    "runs": ("pay_group",),
    "pipeline": (),
}
"""The dimensions by which observations may be told apart, besides a company's own columns of type text."""
PERSONAL: Final = frozenset({"manager", "owner", "participant"})
"""Dimensions whose segments are one person each: what is measured of them is near to their pay, and no label of a
metric.
"""

_WORDS: Final[Mapping[Source, Mapping[str, tuple[str, ...]]]] = {
    "deals": {"stage": get_args(Stage)},
    "earnings": {"reset": RESETS},
    "runs": {"kind": get_args(RunKind), "state": get_args(RunState)},
    "pipeline": {},
}
"""The columns whose texts are known: another one is misspelt, and would count nothing."""
_BUSINESS_DAYS: Final = ("business_days_left_in_month", "business_days_left_in_quarter", "business_days_after_turn")
_COLUMNS: Final[Mapping[Source, Mapping[str, pl.DataType]]] = {
    "deals": {
        **{name: kind for name, kind in field_types().items() if name != "deal_id"},
        **dict.fromkeys((*_BUSINESS_DAYS, "participants"), pl.Int64()),
        "quarter_turn": pl.Date(),
        **dict.fromkeys(("plan", "manager", "position"), pl.String()),
    },
    "earnings": {
        **dict.fromkeys(("period",), pl.Date()),
        **dict.fromkeys(("plan", "territory", "position"), pl.String()),
        **dict.fromkeys(("amount", "amount_without_quota", "measure", "quota", "attainment"), pl.Decimal(38, 6)),
        **dict.fromkeys(("components", "months_on_roster"), pl.Int64()),
        "reset": pl.String(),
        "window_ends": pl.Boolean(),
    },
    "runs": {
        "date": pl.Date(),
        **dict.fromkeys(("pay_group", "kind", "state"), pl.String()),
        **dict.fromkeys(("statements", "adjustments", "corrections", "clawbacks", "participants"), pl.Int64()),
        **dict.fromkeys(("paid", "adjusted", "corrected", "clawed_back", "earned", "cost"), pl.Decimal(38, 6)),
    },
    "pipeline": {
        **dict.fromkeys(
            ("waiting", "dead_letters_open", "dead_letters_ever", "batches", "overdue_batches"), pl.Int64()
        ),
        "lag_seconds": pl.Decimal(38, 6),
    },
}
_AMOUNTS: Final[Mapping[Source, frozenset[str]]] = {
    "deals": frozenset(MONEY),
    "earnings": frozenset({"amount", "amount_without_quota", "measure", "quota"}),
    "runs": frozenset({"paid", "adjusted", "corrected", "clawed_back", "earned", "cost"}),
    "pipeline": frozenset(),
}
"""The columns that are amounts of a currency, in major units."""

LEAST_PEOPLE: Final = 5
"""Of fewer people nothing is told that looks at their pay: it would be near to the pay of one."""
PERSON: Final = "person of the observation"
"""One of `GROUPS` groups of participants, the same of a participant always: different groups are different people."""
GROUPS: Final = 100
_PAY: Final[Mapping[Source, frozenset[str]]] = {
    "deals": frozenset(),
    "earnings": _AMOUNTS["earnings"] | {"attainment"},
    "runs": _AMOUNTS["runs"],
    "pipeline": frozenset(),
}
"""The columns that say what a person is paid, or is paid by."""

_MEND: Final = "an expression is over the columns of one observation; the KPI itself sums over many"

SCALE: Final = 10**6
"""A number that is no whole one is counted in millionths, so that sums are exact whole numbers."""


def columns_of(source: Source, own: Mapping[str, ColumnType] | None = None) -> pl.Schema:
    """The columns of an observation with their types, the company's own of deals among them."""
    declared = {name: ColumnTypes[kind] for name, kind in (own or {}).items()} if source == "deals" else {}
    return pl.Schema({**_COLUMNS[source], **declared})


@dataclass(frozen=True, slots=True, kw_only=True)
class Expression:
    """A compiled expression: whole numbers over a frame of observations, blank where it says nothing.

    Yes counts 1 and no 0. `scale` says how many of the whole numbers are one.
    """

    text: str
    evaluated: pl.Expr
    scale: int
    names: frozenset[str]
    of_amounts: bool
    """Whether it looks at amounts of a currency."""
    is_condition: bool
    """Whether it says yes or no."""


def compile_condition(text: str, source: Source, *, schema: pl.Schema) -> Expression:
    """The expression of a yes/no condition.

    Raises:
        FilterError: it is none over these columns; says what to write instead.
    """
    return _compiled(text, source, schema=schema, wanted=(YES_NO,))


def compile_number(text: str, source: Source, *, schema: pl.Schema) -> Expression:
    """The expression of a number, or of a condition, which counts.

    Raises:
        FilterError: it is none over these columns; says what to write instead.
    """
    return _compiled(text, source, schema=schema, wanted=(NUMBER, YES_NO))


def tells_pay(names: Collection[str], source: Source) -> bool:
    """Whether what looks at these columns tells of people's pay."""
    return not _PAY[source].isdisjoint(names)


def people_of(source: Source) -> Expression:
    """Who stands behind an observation: of earnings one participant, of runs so many."""
    name = PERSON if source == "earnings" else "participants"
    return Expression(
        text="people",
        evaluated=pl.col(name).cast(pl.Int64),
        scale=1,
        names=frozenset(),
        of_amounts=False,
        is_condition=False,
    )


def _compiled(text: str, source: Source, *, schema: pl.Schema, wanted: tuple[str, ...]) -> Expression:
    try:
        kind, written = typed(text, schema)
    except FilterError as error:
        # What it says of filters of plans is another thing here.
        mend = _MEND if error.mend.startswith("a filter is") else error.mend
        raise FilterError(str(error), mend) from None
    if kind not in wanted:
        raise FilterError(f"{text!r} is {kind}", f"write {' or '.join(wanted)}")
    tree = parse(text, read="duckdb")
    _check_words(tree, _WORDS[source])
    names = frozenset(column.name for column in tree.find_all(sql.Column))
    try:
        expression = pl.sql_expr(written)
        [result] = pl.DataFrame(schema=schema).select(expression).dtypes
    except (pl.exceptions.PolarsError, pl.exceptions.SQLInterfaceError, TypeError, ValueError) as error:
        said = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise FilterError(f"{text!r} cannot be evaluated: {said}") from None
    whole = result == pl.Boolean() or result.is_integer()
    if whole:
        expression, scale = expression.cast(pl.Int64), 1
    elif result.is_decimal():
        # Rounded where a quotient has more decimals: once, for each observation by itself.
        millionths = (expression.cast(pl.Decimal(38, 12)) * pl.lit(SCALE).cast(pl.Decimal(38, 0))).round(0)
        expression, scale = millionths.cast(pl.Int128), SCALE
    else:
        raise FilterError(f"{text!r} is not exact", "calculate with numbers and amounts, by + - * and /")
    of_amounts = bool(names & _AMOUNTS[source])
    return Expression(
        text=text,
        evaluated=expression,
        scale=scale,
        names=names,
        of_amounts=of_amounts,
        is_condition=kind == YES_NO,
    )


def _check_words(tree: Any, known: Mapping[str, tuple[str, ...]]) -> None:
    """Refuse that a column is compared with a text that it never has."""
    for compared in tree.find_all(sql.EQ, sql.NEQ, sql.In, sql.NullSafeEQ, sql.NullSafeNEQ):
        parts = [compared.this, *(compared.expressions if isinstance(compared, sql.In) else [compared.expression])]
        columns = [part.name for part in parts if isinstance(part, sql.Column) and part.name in known]
        for text in (part.name for part in parts if isinstance(part, sql.Literal) and part.is_string):
            for column in columns:
                if text not in known[column]:
                    mend = did_you_mean(text, known[column], what=f"words of {column}")
                    raise FilterError(f"{column} is never {text!r}", mend)
