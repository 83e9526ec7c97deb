"""Formulas in plans: SQL expressions over exact columns. Parsed once; whatever is not arithmetic on known names is
refused.

Names stand for measures, `attainment(m)`, `quota(m)`, `term(t)` and `pay(component)` for what else a participant has;
beside a text, as in `position = 'senior'`, a name is a category of theirs. There are `+ - * /`, `80%` for 0.8,
comparisons, `and or not`, `between`, `in`, `case when`, `least`, `greatest`, `abs`, `floor` and `round(x, digits)`.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache, reduce
from typing import Annotated, Any, TypeAlias, cast

import polars as pl
from pydantic import AfterValidator, BeforeValidator
from sqlglot import expressions as sql
from sqlglot.errors import SqlglotError

from shared.kernel.arithmetic.exact_column import ExactColumn, where
from shared.kernel.language.category_texts import (
    CATEGORY,
    Compared,
    NotCompared,
    compared,
    in_a_case,
    is_one_of,
    searched,
    texts_of,
)
from shared.kernel.language.sql_text import check_text, parse
from shared.kernel.language.values import number_in_plan
from shared.limits import TooMuch

Value: TypeAlias = "ExactColumn | Fraction"
Lookup = Callable[[str, str], "ExactColumn | pl.Series"]
"""The column of a name: what it is (`measure`, `attainment`, `quota`, `term`, `pay`, `category`), and the name. That of
a category is a series of texts, null where it is blank."""
_PERCENT = re.compile(r"'(?:[^']|'')*'|(\d+(?:\.\d+)?)\s*%")
"""A share in percent; a text in quotes is passed over, though it may have a percent sign in it."""
_DECIMALS = re.compile(r"-?(?:[0-9]|1[0-2])", re.ASCII)
FUNCTIONS = ("attainment", "quota", "term", "pay", CATEGORY)


class FormulaError(ValueError):
    """A formula that is none, or names what is not there."""


@dataclass(frozen=True)
class Reference:
    """A name that a formula uses: `measure` for a plain name, or the function it stands in.

    Who explains pay names three things more: a whole `formula`, something of the `deal` that is paid in turn, and where
    a measure stood `before` that, or its attainment (`attainment_before`).
    """

    kind: str
    name: str

    @property
    def text(self) -> str:
        """As it stands in formulas."""
        return self.name if self.kind in ("measure", CATEGORY, "formula") else f"{self.kind}({self.name})"

    @property
    def is_measure(self) -> bool:
        """Whether it names a measure: its amount, its attainment or its quota."""
        return self.kind not in ("term", "pay", CATEGORY, "formula", "deal")

    @property
    def of_deal(self) -> bool:
        """Whether it is known at a deal only."""
        return self.kind in ("deal", "before", "attainment_before")


def on_scale(on: str) -> str:
    """The kind of reference to a measure of which the attainment or the amount is looked at."""
    return "attainment" if on == "attainment" else "measure"


@lru_cache(maxsize=1024)
def parsed(text: str) -> sql.Expression:
    """The expression of a formula.

    Raises:
        FormulaError: it does not parse, or has something that formulas do not have.
    """
    try:
        check_text(text)
        tree = parse(_PERCENT.sub(_as_share, text))
    except TooMuch as error:
        raise FormulaError(f"{text[:40]!r} is too much for a formula: {error}") from None
    except SqlglotError as error:
        said = str(error).splitlines()[0].partition(". Line")[0]
        why = f": {said[0].lower()}{said[1:]}" if said and "<class" not in said else ": it is not complete"
        raise FormulaError(f"{text!r} is not a formula{why}") from None
    for node in tree.walk():
        # A list of what is known, never of what is not: whatever sqlglot learns to parse tomorrow is refused until
        # somebody has thought about it.
        if not isinstance(node, _KNOWN):
            raise FormulaError(f"{text!r}: formulas have no {type(node).__name__.lower()}")
        if isinstance(node, sql.Anonymous) and node.name.lower() not in FUNCTIONS:
            raise FormulaError(f"{text!r}: there is no function {node.name}; there are {', '.join(FUNCTIONS)}")
        if isinstance(node, sql.Literal) and not node.is_string and re.match("0[0-9]", node.name):
            node.set("this", node.name[1:])
            node.meta["percent"] = True
        digits = node.args.get("decimals") if isinstance(node, sql.Round) else None
        if digits is not None and not _DECIMALS.fullmatch(digits.sql()):
            raise FormulaError(f"{text!r}: round takes a whole number of decimals, up to 12, not {digits.sql()}")
    return searched(tree)


def _as_share(found: re.Match[str]) -> str:
    # An idle zero before it, which `parsed` takes away again, marks the number as written in percent.
    return found[0] if found[1] is None else f"0{Decimal(found[1]) / 100:f}"


def in_percent(node: Any) -> bool:
    """Whether it is a number that was written in percent."""
    return "percent" in node.meta


def _as_text(value: Any) -> Any:
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return f"{number_in_plan(value):f}"
    return value


def _checked(text: str) -> str:
    references(text)
    # Evaluated once with ones, so that a text where a number is needed is found when the plan is read and not when
    # somebody is paid.
    (condition if is_condition(text) else number)(text, _ones, 1)
    return text


def _ones(kind: str, _: str) -> ExactColumn | pl.Series:
    return pl.Series([""]) if kind == CATEGORY else ExactColumn.constant(1, 1)


FormulaText = Annotated[
    str, BeforeValidator(_as_text, json_schema_input_type=str | int | Decimal), AfterValidator(_checked)
]
"""An SQL expression over measures, `attainment(m)`, `quota(m)`, `term(t)`, `pay(c)` and categories beside texts; in
crediting rules over the deal's columns. A plain number is one too."""


def references(text: str) -> list[Reference]:
    """The names that a formula uses."""
    return list(references_in(parsed(text)))


def categories_in(text: str) -> list[Compared]:
    """The categories that a formula compares, each with the texts beside it."""
    return list(texts_of(parsed(text)))


def is_condition(text: str) -> bool:
    """Whether it says yes or no rather than a number."""
    return isinstance(parsed(text).unnest(), CONDITIONS)


def number(text: str, lookup: Lookup, height: int) -> ExactColumn:
    """The numbers of a formula, row by row."""
    value = _number(parsed(text), lookup)
    return value if isinstance(value, ExactColumn) else ExactColumn.constant(value, height)


def condition(text: str, lookup: Lookup, height: int) -> pl.Series:
    """Where a formula says yes."""
    yes = _condition(parsed(text), lookup)
    return yes if isinstance(yes, pl.Series) else pl.Series([yes]).new_from_index(0, height)


def uncovered(text: str, lookup: Lookup) -> Iterator[tuple[str, pl.Series]]:
    """Of every `case` that compares categories and has no `else`: the category, and in which rows it is none of the
    texts while no branch holds either."""
    for node in parsed(text).find_all(sql.Case):
        if node.args.get("default") is None:
            held = reduce(operator.or_, (_condition(branch.this, lookup) for branch in node.args["ifs"]))
            for category, texts in in_a_case(node).items():
                yield category, ~_is_one_of(Compared(category, tuple(texts)), lookup) & _opposite(held)


def references_in(node: sql.Expression) -> Iterator[Reference]:
    """The names that a part of a formula uses."""
    if (found := _compared(node)) is not None:
        yield Reference(CATEGORY, found.category)
    elif isinstance(node, sql.Anonymous):
        if len(node.expressions) != 1 or not isinstance(node.expressions[0], sql.Column):
            raise FormulaError(f"{node.sql()}: {node.name} takes one name")
        yield Reference(node.name.lower(), node.expressions[0].name)
    elif isinstance(node, sql.Column):
        yield Reference("measure", node.name)
    else:
        for child in node.iter_expressions():
            yield from references_in(child)


def _number(node: sql.Expression, lookup: Lookup) -> Value:
    match node:
        case sql.Paren():
            return _number(node.this, lookup)
        case sql.Neg():
            return _number(node.this, lookup) * -1
        case sql.Literal():
            return _literal(node)
        case sql.Column():
            return cast(ExactColumn, lookup("measure", node.name))
        case sql.Anonymous() if node.name.lower() != CATEGORY:
            return cast(ExactColumn, lookup(node.name.lower(), node.expressions[0].name))
        case sql.Add() | sql.Sub() | sql.Mul() | sql.Div():
            return _ARITHMETIC[type(node)](_number(node.this, lookup), _number(node.expression, lookup))
        case sql.Abs():
            return cast(Value, abs(_number(node.this, lookup)))
        case sql.Floor():
            return _rounded(_number(node.this, lookup), lambda value: value.floor())
        case sql.Round():
            digits = node.args.get("decimals")
            unit = Fraction(10) ** -int(digits.sql() if digits else 0)
            return _rounded(_number(node.this, lookup), lambda value: value.rounded("half_up", unit))
        case sql.Least() | sql.Greatest():
            extreme = _number(node.this, lookup)
            for other in node.expressions:
                extreme = _extreme(extreme, _number(other, lookup), least=isinstance(node, sql.Least))
            return extreme
        case sql.Case():
            return _case(node, lookup)
    if isinstance(node, sql.Anonymous):
        raise FormulaError(f"category({node.expressions[0].name}) is a text: compare it with texts, by =, <> or in")
    raise FormulaError(f"{node.sql()} is not a number")


def _case(node: sql.Case, lookup: Lookup) -> Value:
    default = node.args.get("default")
    value: Value = _number(default, lookup) if default is not None else Fraction(0)
    # From the last branch to the first, so that the first whose condition holds is written last and counts.
    for branch in reversed(node.args["ifs"]):
        yes = _condition(branch.this, lookup)
        then = _number(branch.args["true"], lookup)
        value = where(yes, then, otherwise=value) if isinstance(yes, pl.Series) else (then if yes else value)
    return value


def _quotient(top: Value, bottom: Value) -> Value:
    if isinstance(bottom, ExactColumn):
        return top / bottom if isinstance(top, ExactColumn) else bottom.inverse() * top
    # Division by zero is zero, as in columns (docs/plan-language.md, formulas): nothing sold at no cost is no margin,
    # and a month must not fail for it.
    return top / bottom if bottom else Fraction(0)


def _literal(node: sql.Literal) -> Fraction:
    if node.is_string:
        raise FormulaError(f"{node.sql()} is text, not a number")
    return Fraction(node.name)


def _rounded(value: Value, how: Callable[[ExactColumn], ExactColumn]) -> Value:
    return how(value) if isinstance(value, ExactColumn) else how(ExactColumn.constant(value, 1)).to_fractions()[0]


def _extreme(one: Value, two: Value, *, least: bool) -> Value:
    if isinstance(one, ExactColumn):
        return one.least(two) if least else one.greatest(two)
    if isinstance(two, ExactColumn):
        return two.least(one) if least else two.greatest(one)
    return min(one, two) if least else max(one, two)


def _condition(node: sql.Expression, lookup: Lookup) -> pl.Series | bool:
    match node:
        case sql.Paren():
            return _condition(node.this, lookup)
        case sql.Not():
            return _opposite(_condition(node.this, lookup))
        case sql.And():
            return _condition(node.this, lookup) & _condition(node.expression, lookup)
        case sql.Or():
            return _condition(node.this, lookup) | _condition(node.expression, lookup)
        case sql.Boolean():
            return bool(node.this)
        case sql.Between():
            value, low, high = (_number(node.args[part], lookup) for part in ("this", "low", "high"))
            return _ORDER[sql.LTE](low, value) & _ORDER[sql.LTE](value, high)
        case sql.LT() | sql.LTE() | sql.GT() | sql.GTE():
            return _ORDER[type(node)](_number(node.this, lookup), _number(node.expression, lookup))
        case sql.EQ() | sql.NEQ() | sql.In():
            among = node.expressions if isinstance(node, sql.In) else [node.expression]
            if (category := _compared(node)) is not None:
                yes: pl.Series | bool = _is_one_of(category, lookup)
            else:
                value = _number(node.this, lookup)
                yes = reduce(operator.or_, (_equal(value, _number(each, lookup)) for each in among))
            return _opposite(yes) if isinstance(node, sql.NEQ) else yes
    raise FormulaError(f"{node.sql()} is not a yes/no condition")


def _compared(node: Any) -> Compared | None:
    try:
        return compared(node)
    except NotCompared as error:
        raise FormulaError(str(error)) from None


def _is_one_of(category: Compared, lookup: Lookup) -> pl.Series:
    return is_one_of(cast(pl.Series, lookup(CATEGORY, category.category)), category.texts)


def _opposite(yes: pl.Series | bool) -> pl.Series | bool:
    return ~yes if isinstance(yes, pl.Series) else not yes


def _equal(one: Value, two: Value) -> pl.Series | bool:
    if isinstance(one, ExactColumn):
        return one.equals(two)
    return two.equals(one) if isinstance(two, ExactColumn) else one == two


# Of a number and a column Python asks the column: `3 < column` is `column > 3`, so no case is needed for each side.
_ARITHMETIC: dict[type[Any], Callable[[Any, Any], Value]] = {
    sql.Add: operator.add,
    sql.Sub: operator.sub,
    sql.Mul: operator.mul,
    sql.Div: _quotient,
}
_ORDER: dict[type[Any], Callable[[Any, Any], pl.Series | bool]] = {
    sql.LT: operator.lt,
    sql.LTE: operator.le,
    sql.GT: operator.gt,
    sql.GTE: operator.ge,
}
_EQUAL: tuple[type[Any], ...] = (sql.EQ, sql.NEQ, sql.In)
CONDITIONS: tuple[type[Any], ...] = (sql.Not, sql.And, sql.Or, sql.Boolean, sql.Between, *_ORDER, *_EQUAL)
_KNOWN: tuple[type[Any], ...] = (
    *(*CONDITIONS, *_ARITHMETIC, sql.Paren, sql.Neg, sql.Literal, sql.Column, sql.Identifier, sql.Anonymous),
    *(sql.Abs, sql.Floor, sql.Round, sql.Least, sql.Greatest, sql.Case, sql.If),
)
