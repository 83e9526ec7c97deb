"""PromQL taken apart by a parser of its own: which series a query names, and what is done to them."""

from __future__ import annotations

import re
from collections.abc import Iterator
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
