"""Arithmetic over the columns of a row, exact: `Quantity * "Unit Price" * (1 - (discount or 0))`."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from decimal import Context, Decimal, DivisionByZero, InvalidOperation, Overflow
from functools import cache
from typing import Final, NamedTuple

Values = Mapping[str, Decimal | None]
Evaluate = Callable[[Values], Decimal | None]

LONGEST: Final = 500
# More digits than the products of any amounts have: what is rounded is rounded where the mapping says so, not here.
_CONTEXT: Final = Context(prec=60, Emax=999, Emin=-999, traps=[InvalidOperation, DivisionByZero, Overflow])
_OPERATORS: Final[Mapping[type[ast.operator], Callable[[Decimal, Decimal], Decimal]]] = {
    ast.Add: _CONTEXT.add,
    ast.Sub: _CONTEXT.subtract,
    ast.Mult: _CONTEXT.multiply,
    ast.Div: _CONTEXT.divide,
}


class FormulaError(ValueError):
    """A formula that cannot be read, or numbers that it cannot be computed with."""


class Formula(NamedTuple):
    """The columns that a formula names, and its value for a row; nothing where it needs a column that is blank."""

    columns: tuple[str, ...]
    value: Evaluate


@cache
def formula_of(text: str) -> Formula:
    """The formula of a text: columns by name, in quotes where the name is no word; numbers; `+ - * /`, brackets, and
    `or` for what holds where a column is blank.

    Raises:
        FormulaError: it is none.
    """
    if len(text) > LONGEST:
        raise FormulaError(f"a formula has at most {LONGEST} characters; this one has {len(text):,}")
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise FormulaError(f'{text!r} is not a formula such as Quantity * "Unit Price" * (1 - discount)') from None
    columns: dict[str, None] = {}
    value = _compiled(tree.body, text, columns=columns)
    if not columns:
        raise FormulaError(f"{text!r} names no column; write a constant as constant")
    return Formula(tuple(columns), value)


def _compiled(node: ast.expr, text: str, *, columns: dict[str, None]) -> Evaluate:
    match node:
        case ast.Constant(value=bool()):
            pass
        case ast.Constant(value=int() | float()):
            # By its text, for the parser has read it in binary.
            number = Decimal(ast.get_source_segment(text.strip(), node) or "0")
            return lambda _: number
        case ast.Constant(value=str(name)):
            return _named(name, columns)
        case ast.Name(id=name):
            return _named(name, columns)
        case ast.Attribute(value=ast.Name(id=join), attr=column):  # of a joined file
            return _named(f"{join}.{column}", columns)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            inner = _compiled(operand, text, columns=columns)
            return lambda row: None if (value := inner(row)) is None else -value
        case ast.BinOp(left=left, op=operator, right=right) if type(operator) in _OPERATORS:
            one, other = _compiled(left, text, columns=columns), _compiled(right, text, columns=columns)
            return _combined(one, other, apply=_OPERATORS[type(operator)])
        case ast.BoolOp(op=ast.Or(), values=values):
            return _first([_compiled(value, text, columns=columns) for value in values])
    raise FormulaError(f"{text!r}: a formula has columns, numbers, + - * /, brackets and `or`, and nothing else")


def _named(name: str, columns: dict[str, None]) -> Evaluate:
    columns[name] = None
    return lambda row: row[name]


def _combined(one: Evaluate, other: Evaluate, *, apply: Callable[[Decimal, Decimal], Decimal]) -> Evaluate:
    def value(row: Values) -> Decimal | None:
        left, right = one(row), other(row)
        if left is None or right is None:
            return None
        try:
            return apply(left, right)
        except DivisionByZero:
            raise FormulaError("it divides by zero") from None
        except (InvalidOperation, Overflow):
            raise FormulaError("its numbers are too large") from None

    return value


def _first(choices: list[Evaluate]) -> Evaluate:
    """The first that is not blank; unlike in Python, zero is a value."""

    def value(row: Values) -> Decimal | None:
        return next((found for choice in choices if (found := choice(row)) is not None), None)

    return value
