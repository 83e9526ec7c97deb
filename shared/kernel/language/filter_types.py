"""The types of filters: every operation has one, and what cannot be compared, added or asked for is refused.

The engine that evaluates filters would compare `amount > '100'` as text, in which 9 is more than 100, and days between
dates in microseconds. So a filter is read here, typed from its leaves up, and only then written out again for the
engine (`filter_engine`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any, cast

import polars as pl
from sqlglot import expressions as sql
from sqlglot.errors import SqlglotError

from shared.kernel.language.deal_fields import DECLARED_FIELDS, meant_column
from shared.kernel.language.filter_engine import DIVIDING, for_engine
from shared.kernel.language.sql_text import parse
from shared.limits import TooMuch

TEXT, NUMBER, DATE, YES_NO = "text", "a number", "a date", "yes or no"
BLANK, SPAN = "a blank", "a time span"
"""What stands for any type, and what dates are moved by."""
_AS = {
    TEXT: "write it in single quotes",
    NUMBER: "write it without quotes",
    DATE: "write DATE '2025-03-31'",
    YES_NO: "write true or false without quotes, or the column alone",
}
_MEND_DAYS = "days between two dates are a number: paid_on - close_date <= 30; a date is moved by INTERVAL '30 days'"
_MEND_PERCENT = "a part is written as a number: 0.9 * list_amount for 90%"
_MEND_UNKNOWN = (
    "see conditions on a deal in the plan language: comparisons, in, between, like, case, coalesce, days between dates"
)
_PERCENT = re.compile(r"[0-9]%")
_THOUSANDS = re.compile(r"(?<![0-9.])[0-9]{1,3}(,[0-9]{3})+(?![0-9])")
_MEND_THOUSANDS = "write numbers without commas: 150000"
_LONGEST_SPAN = 5
"""Digits of its number."""
_UNITS = ("day", "week", "month", "quarter", "year")
_COMPARED = (sql.EQ, sql.NEQ, sql.LT, sql.LTE, sql.GT, sql.GTE)
_DISTINCT = (sql.NullSafeEQ, sql.NullSafeNEQ)
_ARITHMETIC = (sql.Add, sql.Sub, sql.Mul, sql.Div, sql.IntDiv, sql.Mod)
_ALIKE = (sql.Coalesce, sql.Nullif, sql.Greatest, sql.Least)
"""What gives one of its operands, all of one type."""
_FUNCTIONS: dict[type[Any], tuple[tuple[str, ...], str]] = {
    sql.Like: ((TEXT, TEXT), YES_NO),
    sql.ILike: ((TEXT, TEXT), YES_NO),
    sql.StartsWith: ((TEXT, TEXT), YES_NO),
    sql.EndsWith: ((TEXT, TEXT), YES_NO),
    sql.Lower: ((TEXT,), TEXT),
    sql.Upper: ((TEXT,), TEXT),
    sql.Trim: ((TEXT,), TEXT),
    sql.Length: ((TEXT,), NUMBER),
    sql.StrPosition: ((TEXT, TEXT), NUMBER),
    sql.Substring: ((TEXT, NUMBER, NUMBER), TEXT),
    sql.Left: ((TEXT, NUMBER), TEXT),
    sql.Right: ((TEXT, NUMBER), TEXT),
    sql.DPipe: ((TEXT, TEXT), TEXT),
    sql.Neg: ((NUMBER,), NUMBER),
    sql.Abs: ((NUMBER,), NUMBER),
    sql.Sign: ((NUMBER,), NUMBER),
    sql.Floor: ((NUMBER,), NUMBER),
    sql.Ceil: ((NUMBER,), NUMBER),
    sql.Round: ((NUMBER, NUMBER), NUMBER),
    sql.Year: ((DATE,), NUMBER),
    sql.Quarter: ((DATE,), NUMBER),
    sql.Month: ((DATE,), NUMBER),
    sql.Day: ((DATE,), NUMBER),
}
"""The operations with operands of given types (the last may be left out where there are several), and what they
give."""
_ACROSS_ROWS = (sql.AggFunc, sql.Window, sql.Query, sql.Rank)
_COMPARING = (sql.EQ, sql.NEQ, sql.In, sql.Like, sql.ILike)


class FilterError(ValueError):
    """A filter that is not a yes/no expression over one deal's declared columns. `mend` says what to write instead."""

    def __init__(self, message: str, mend: str = "a filter is a yes/no condition over columns of one deal") -> None:
        super().__init__(message)
        self.mend = mend


def typed(text: str, schema: pl.Schema) -> tuple[str, str]:
    """The type of a filter (`YES_NO` of one that can be used), and the filter as the engine takes it: days as whole
    numbers.

    Raises:
        FilterError: it does not parse, names an unknown column, or has an operation on what it is not for; says which.
    """
    try:
        tree = cast(Any, parse(text, read="duckdb"))
        typing = _Typing(text, schema)
        typing.check_names(tree)
        return typing.kind(tree), for_engine(tree, schema, days=typing.days)
    except SqlglotError:
        message = f"{text!r} is not a filter: it does not read as one SQL condition"
        mends = {_PERCENT: _MEND_PERCENT, _THOUSANDS: _MEND_THOUSANDS}
        mend = next((mend for slip, mend in mends.items() if slip.search(text)), None)
        raise (FilterError(message, mend) if mend else FilterError(message)) from None
    except (TooMuch, RecursionError) as error:
        why = str(error) if isinstance(error, TooMuch) else "it is nested too deeply"
        raise FilterError(
            f"{text[:60]!r} is too much: {why}", "say the same with in (…), or in several rules"
        ) from None


class _Typing:
    """The types of one filter."""

    def __init__(self, text: str, schema: pl.Schema) -> None:
        self._text, self._schema = text, schema
        self.days: list[Any] = []
        """What gives the days between two dates."""

    def check_names(self, tree: Any) -> None:
        """Check that it looks at columns of one deal."""
        if any(isinstance(node, _ACROSS_ROWS) for node in tree.walk()):
            raise FilterError(f"{self._text!r} must look at one deal only, not at sums, ranks or windows")
        columns = list(tree.find_all(sql.Column))
        named = {f"{column.table}.{column.name}" if column.table else column.name for column in columns}
        if unknown := sorted(named - set(self._schema)):
            near = meant_column(unknown[0], list(self._schema), what="columns")
            # A text without quotes, or in double ones, reads as the name of a column.
            compared = any(column.name == unknown[0] and _may_be_text(column) for column in columns)
            text = unknown[0].strip("\u2018\u2019\u201c\u201d")
            in_quotes = compared and unknown[0] not in DECLARED_FIELDS and "did you mean" not in near
            mend = f"text stands in single quotes: '{text}'" if in_quotes else near
            told = "" if mend.startswith("the columns are ") else f"; known are {', '.join(self._schema)}"
            raise FilterError(f"{self._text!r} names unknown columns {', '.join(unknown)}{told}", mend)
        if not columns:
            raise FilterError(f"{self._text!r} names no column of the deal")

    def kind(self, node: Any) -> str:
        """The type of a part.

        Raises:
            FilterError: it has none.
        """
        match node:
            case sql.Paren():
                return self.kind(node.this)
            case sql.Column():
                return _of_column(self._schema[node.name])
            case sql.Literal():
                return TEXT if node.is_string else NUMBER
            case sql.Boolean():
                return YES_NO
            case sql.Null():
                return BLANK
            case sql.Cast():
                return self._date(node)
            case sql.Interval():
                return self._span(node)
            case sql.And() | sql.Or():
                return self._of_kind(YES_NO, (node.this, node.expression), gives=YES_NO)
            case sql.Not():
                return self._of_kind(YES_NO, (node.this,), gives=YES_NO)
            case sql.Is():
                return self._is(node)
            case sql.In() if node.expressions and not node.args.get("query"):
                return self._alike([node.this, *node.expressions], YES_NO)
            case sql.Between():
                return self._alike([node.this, node.args["low"], node.args["high"]], YES_NO)
            case sql.Case():
                return self._case(node)
            case sql.If():
                return self._branches([node.this], [node.args["true"], node.args.get("false")])
            case sql.DateDiff():
                return self._date_diff(node)
            case sql.Extract():
                return self._of_kind(DATE, (node.expression,), gives=NUMBER)
            case sql.Concat():
                return self._of_kind(TEXT, node.expressions, gives=TEXT)
        return self._operation(node)

    def _operation(self, node: Any) -> str:
        if isinstance(node, (*_COMPARED, *_DISTINCT)):
            return self._alike([node.this, node.expression], YES_NO, blanks=isinstance(node, _DISTINCT))
        if isinstance(node, _ARITHMETIC):
            return self._arithmetic(node)
        if isinstance(node, _ALIKE):
            return self._alike([node.this, *(node.expressions or [node.expression])], None, blanks=True)
        if type(node) in _FUNCTIONS:
            needed, gives = _FUNCTIONS[type(node)]
            operands = [operand for operand in node.iter_expressions() if not isinstance(operand, sql.Var)]
            if len(operands) <= len(needed):
                for operand, want in zip(operands, needed, strict=False):
                    self._need(want, operand)
                self._counts(node)
                return gives
        mend = _MEND_PERCENT if _PERCENT.search(self._text) else _MEND_UNKNOWN
        raise FilterError(f"{self._text!r}: filters have no {node.sql(dialect='duckdb')}", mend)

    def _need(self, want: str, node: Any) -> None:
        kind = self.kind(node)
        if kind not in (want, BLANK):
            raise FilterError(
                f"{self._text!r}: {node.sql(dialect='duckdb')} is {kind} where {want} is needed",
                _mend(want, kind, node=node),
            )

    def _of_kind(self, want: str, nodes: Iterable[Any], *, gives: str) -> str:
        for node in nodes:
            self._need(want, node)
        return gives

    def _alike(self, nodes: list[Any], gives: str | None, *, blanks: bool = False) -> str:
        """The type of what must be of one type; a literal is told by what stands beside it."""
        # Columns first: of `amount > '100'` it is the text that is wrong and is told how to be written, and not the
        # column.
        order = sorted(nodes, key=lambda node: isinstance(node.unnest(), sql.Literal))
        kinds = [(node, self.kind(node)) for node in order]
        known = [(node, kind) for node, kind in kinds if kind != BLANK]
        # SQL answers `= null` with null, which no row fulfils; whoever writes it means `is null`.
        if len(known) < len(kinds) and not blanks:
            mend = "ask whether it is blank: column is null, or column is not null"
            raise FilterError(f"{self._text!r}: a comparison with null never says yes", mend)
        for node, kind in known[1:]:
            one, first = known[0]
            if kind != first:
                raise FilterError(
                    f"{self._text!r} compares what cannot be compared:"
                    f" {one.sql()} is {first}, {node.sql(dialect='duckdb')} is {kind}",
                    _mend(first, kind, node=node),
                )
        return gives or (known[0][1] if known else BLANK)

    def _is(self, node: Any) -> str:
        if isinstance(node.expression, sql.Null):
            self.kind(node.this)
            return YES_NO
        return self._of_kind(YES_NO, (node.this, node.expression), gives=YES_NO)

    def _case(self, node: Any) -> str:
        branches = node.args["ifs"]
        if node.this is not None:
            self._alike([node.this, *(branch.this for branch in branches)], YES_NO)
        return self._branches(
            [] if node.this is not None else [branch.this for branch in branches],
            [*(branch.args["true"] for branch in branches), node.args.get("default")],
        )

    def _branches(self, conditions: list[Any], results: list[Any]) -> str:
        self._of_kind(YES_NO, conditions, gives=YES_NO)
        return self._alike([result for result in results if result is not None], None, blanks=True)

    def _arithmetic(self, node: Any) -> str:
        one, two = self.kind(node.this), self.kind(node.expression)
        match one, two:
            case ("a date", "a date") if isinstance(node, sql.Sub):
                # Remembered by node: the engine gives a duration for it, and is told to count days instead.
                self.days.append(node)
                return NUMBER
            case ("a date", "a time span") if isinstance(node, sql.Add | sql.Sub):
                return DATE
        # A blank in arithmetic makes the result blank, which no condition holds for; that is allowed, since a column
        # may be blank as well.
        if one in (NUMBER, BLANK) and two in (NUMBER, BLANK):
            by = node.expression.unnest()
            if isinstance(node, DIVIDING) and isinstance(by, sql.Literal) and not Decimal(by.name):
                raise FilterError(
                    f"{self._text!r} divides by zero in {node.sql(dialect='duckdb')}", "divide by another number"
                )
            return NUMBER
        dated = DATE in (one, two) or SPAN in (one, two)
        raise FilterError(
            f"{self._text!r} calculates with what is no number: {node.this.sql(dialect='duckdb')} is {one},"
            f" {node.expression.sql(dialect='duckdb')} is {two}",
            _MEND_DAYS if dated else "only numbers are added, subtracted, multiplied and divided",
        )

    def _date_diff(self, node: Any) -> str:
        unit = node.args.get("unit")
        if unit is not None and unit.name.lower() not in ("day", "days", "d"):
            raise FilterError(f"{self._text!r}: {node.sql(dialect='duckdb')} is not in days", _MEND_DAYS)
        self.days.append(node)
        return self._of_kind(DATE, (node.this, node.expression), gives=NUMBER)

    def _counts(self, node: Any) -> None:
        """See that how many characters or decimals is a whole number; of decimals the engine takes no other."""
        for name in ("start", "length", "decimals") if isinstance(node, sql.Substring | sql.Round) else ("expression",):
            count = node.args.get(name) if isinstance(node, sql.Substring | sql.Round | sql.Left | sql.Right) else None
            least = 0 if name == "decimals" else 1
            written = isinstance(count, sql.Literal) and count.name.isdecimal() and int(count.name) >= least
            calculated = not isinstance(count, sql.Literal | sql.Neg) and name != "decimals"
            if count is not None and not written and not calculated:
                raise FilterError(
                    f"{self._text!r}: {count.sql()} in {node.sql(dialect='duckdb')} is not a whole number from"
                    f" {least} on",
                    f"write a whole number from {least} on",
                )

    def _span(self, node: Any) -> str:
        """A time span in whole days or longer."""
        number, unit = node.this, node.args.get("unit")
        if not (
            isinstance(number, sql.Literal)
            and number.name.isdecimal()
            and len(number.name) <= _LONGEST_SPAN
            and unit is not None
            and unit.name.lower().removesuffix("s") in _UNITS
        ):
            raise FilterError(
                f"{self._text!r}: {node.sql(dialect='duckdb')} is no number of days, weeks, months or years", _MEND_DAYS
            )
        return SPAN

    def _date(self, node: Any) -> str:
        """A date that is written out; nothing else is converted, since what a deal has may not convert."""
        if node.to.this == sql.DataType.Type.DATE:
            written = node.this.unnest()
            if not isinstance(written, sql.Literal):
                return self._of_kind(DATE, (written,), gives=DATE)
            try:
                date.fromisoformat(written.name)
            except ValueError:
                raise FilterError(f"{self._text!r}: {written.sql()} is not a date", _AS[DATE]) from None
            return DATE
        raise FilterError(
            f"{self._text!r}: filters convert nothing, as in {node.sql(dialect='duckdb')}",
            "declare the column with the type that it is compared as",
        )


def _mend(want: str, kind: str, *, node: Any) -> str:
    if SPAN in (want, kind) or {want, kind} == {DATE, NUMBER}:
        return _MEND_DAYS
    return _AS[want] if isinstance(node.unnest(), sql.Literal) else f"only {want} fits here"


def _of_column(kind: pl.DataType) -> str:
    if kind.is_numeric():
        return NUMBER
    return {pl.Date(): DATE, pl.Boolean(): YES_NO}.get(kind, TEXT)


def _may_be_text(column: Any) -> bool:
    """Whether it stands where a text is compared with a column: what is itself compared with a text is none."""
    parent = column.parent
    if isinstance(parent, sql.In):
        return parent.this is not column
    return isinstance(parent, _COMPARING) and not any(
        isinstance(e, sql.Literal) for e in (parent.this, parent.expression)
    )
