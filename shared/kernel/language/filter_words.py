"""Filters of crediting rules in words, as far as they have plain ones; otherwise the condition as it stands."""

from __future__ import annotations

from typing import Any

from sqlglot import expressions as sql
from sqlglot.errors import SqlglotError

from shared.kernel.language.formula_words import COMPARED
from shared.kernel.language.phrases import spoken
from shared.kernel.language.sql_text import parse
from shared.limits import TooMuch


class _NoWordsError(Exception):
    """A part of a filter that is best read as it stands."""


def filter_in_words(text: str) -> str:
    """The condition said aloud, or in code where it has no plain words."""
    try:
        return _yes(parse(text, read="duckdb"))
    except (SqlglotError, TooMuch, _NoWordsError, RecursionError):
        return f"`{text}`"


def _yes(node: Any) -> str:
    """A condition: a column by itself is one that says yes."""
    return f"{spoken(node.name)} is yes" if isinstance(node, sql.Column) else _said(node)


def _said(node: Any) -> str:
    match node:
        case sql.Paren():
            return f"({_yes(node.this)})"
        case sql.And():
            return f"{_yes(node.left)} and {_yes(node.right)}"
        case sql.Or():
            return f"{_yes(node.left)} or {_yes(node.right)}"
        case sql.Not(this=sql.Is()):
            return f"{_said(node.this.this)} is given"
        case sql.Not(this=sql.In()):
            return f"{_said(node.this.this)} is none of {_listed(node.this)}"
        case sql.Not(this=sql.Column()):
            return f"{spoken(node.this.name)} is no"
        case sql.Not():
            return f"not {_said(node.this)}"
        case sql.Is(expression=sql.Null()):
            return f"{_said(node.this)} is not given"
        case sql.In():
            return f"{_said(node.this)} is one of {_listed(node)}"
        case sql.Between():
            return f"{_said(node.this)} is from {_said(node.args['low'])} to {_said(node.args['high'])}"
        case sql.Column():
            return f"the {spoken(node.name)}"
        case sql.Literal():
            return str(node.name)
        case sql.Cast() if isinstance(node.this, sql.Literal):
            return str(node.this.name)
        case sql.Mul():
            return f"{_said(node.left)} times {_said(node.right)}"
    if type(node) in COMPARED:
        return f"{_said(node.left)} {COMPARED[type(node)]} {_said(node.right)}"
    raise _NoWordsError


def _listed(node: Any) -> str:
    values = [_said(each) for each in node.expressions]
    if not values:
        raise _NoWordsError
    return values[0] if len(values) == 1 else f"{', '.join(values[:-1])} and {values[-1]}"
