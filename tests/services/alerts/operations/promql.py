"""PromQL taken apart by a parser of its own: which series a query names, and what is done to them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Set
from typing import Any, NamedTuple

import promql_parser as parser

VARIABLES = {"$__rate_interval": "5m", "$__interval": "1m"}
RATES = ("rate", "increase", "irate")


class Selected(NamedTuple):
    """A series that a query names, and the function that it is given to, if any."""

    name: str
    function: str


def parsed(query: str) -> parser.Expr:
    """A query of a dashboard, its variables replaced by values as Grafana does.

    Raises:
        ValueError: it is no PromQL.
    """
    for variable, value in VARIABLES.items():
        query = query.replace(variable, value)
    return parser.parse(re.sub(r"\$\w+", "chosen", query))


def selected(expression: Any, function: str = "") -> Iterator[Selected]:
    """Every series that an expression names."""
    match expression:
        case parser.VectorSelector():
            yield Selected(expression.name or "", function)
        case parser.MatrixSelector():
            yield from selected(expression.vector_selector, function)
        case parser.Call():
            for argument in expression.args:
                yield from selected(argument, expression.func.name)
        case parser.BinaryExpr():
            yield from selected(expression.lhs)
            yield from selected(expression.rhs)
        case parser.AggregateExpr() | parser.ParenExpr() | parser.UnaryExpr() | parser.SubqueryExpr():
            yield from selected(expression.expr, function)


def looked_at(expression: Any, labels: Set[str] = frozenset()) -> Iterator[tuple[str, Set[str]]]:
    """Every series that an expression names, with the labels that it must have: for its own matchers, for what
    aggregates and matches it, and for `labels`, which somebody wants of the result.
    """
    match expression:
        case parser.VectorSelector():
            yield expression.name or "", {each.name for each in expression.matchers.matchers} | labels
        case parser.MatrixSelector():
            yield from looked_at(expression.vector_selector, labels)
        case parser.Call():
            for argument in expression.args:
                yield from looked_at(argument, labels)
        case parser.BinaryExpr():
            matching = expression.modifier.matching if expression.modifier else None
            on = frozenset(matching.labels) if matching else frozenset()
            # Of `or` either side may be the result, otherwise the left one is.
            yield from looked_at(expression.lhs, labels | on)
            yield from looked_at(expression.rhs, labels | on if str(expression.op) == "or" else on)
        case parser.AggregateExpr():
            named = frozenset(expression.modifier.labels) if expression.modifier else frozenset()
            without = expression.modifier and expression.modifier.type == parser.AggModifierType.Without
            lost = labels & named if without else labels - named
            assert not lost, f"{sorted(lost)} are not left by {expression.prettify()}"
            yield from looked_at(expression.expr, labels | named)
        case parser.ParenExpr() | parser.UnaryExpr() | parser.SubqueryExpr():
            yield from looked_at(expression.expr, labels)
