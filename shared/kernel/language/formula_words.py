"""Formulas in words, as far as they have plain ones: `attainment(bookings) >= 1` is `the attainment of bookings is at least 100%`."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sqlglot import expressions as sql

from shared.formatting import percent, trimmed
from shared.kernel.language.formulas import parsed
from shared.kernel.language.phrases import spoken

COMPARED: dict[type[sql.Expression], str] = {
    sql.LT: "is below",
    sql.LTE: "is at most",
    sql.GT: "is above",
    sql.GTE: "is at least",
    sql.EQ: "is",
    sql.NEQ: "is not",
}
"""Comparisons, in formulas and in filters of deals alike."""
_SIGNS: dict[type[sql.Expression], str] = {sql.Add: "plus", sql.Sub: "minus", sql.Mul: "times", sql.Div: "divided by"}
_FUNCTIONS = {
    "attainment": "the attainment of {}",
    "quota": "the quota of {}",
    "term": "their {}",
    "pay": "the pay of {}",
}


def formula_in_words(text: str) -> str:
    """The formula said aloud."""
    return _said(parsed(text))


def _said(node: Any, on: str = "amount") -> str:
    match node:
        case sql.Paren():
            return _said(node.this) if isinstance(node.this, sql.Column | sql.Literal) else f"({_said(node.this)})"
        case sql.Not():
            return f"not {_said(node.this)}"
        case sql.And():
            return f"{_said(node.left)} and {_said(node.right)}"
        case sql.Or():
            return f"{_said(node.left)} or {_said(node.right)}"
        case sql.Neg():
            return f"minus {_said(node.this, on)}"
        case sql.Literal():
            return node.name if node.is_string else _number(Decimal(node.name), on)
        case sql.Boolean():
            return "always" if node.this else "never"
        case sql.Column():
            return spoken(node.name)
        case sql.Anonymous():
            return _FUNCTIONS[node.name.lower()].format(spoken(node.expressions[0].name))
        case sql.Between():
            of = _on(node.this)
            return f"{_said(node.this)} is from {_said(node.args['low'], of)} to {_said(node.args['high'], of)}"
        case sql.Abs():
            return f"the size of {_said(node.this)}"
        case sql.Floor():
            return f"the whole number below {_said(node.this)}"
        case sql.Round():
            digits = node.args.get("decimals")
            return f"{_said(node.this)}, rounded" + (f" to {trimmed(Decimal(digits.name))} decimals" if digits else "")
        case sql.Least() | sql.Greatest():
            of = next((found for each in (node.this, *node.expressions) if (found := _on(each)) != "amount"), "amount")
            each = [_said(one, of) for one in (node.this, *node.expressions)]
            return (
                f"the {'least' if isinstance(node, sql.Least) else 'greatest'} of {', '.join(each[:-1])} and {each[-1]}"
            )
        case sql.Case():
            branches = [f"{_said(one.args['true'])} if {_said(one.this)}" for one in node.args["ifs"]]
            default = node.args.get("default")
            return f"{', '.join(branches)}, otherwise {_said(default) if default is not None else 'nothing'}"
    if type(node) in COMPARED:
        one, two = node.args["this"], node.args["expression"]
        of = _on(one) if _on(one) != "amount" else _on(two)
        return f"{_said(one, of)} {COMPARED[type(node)]} {_said(two, of)}"
    if type(node) in _SIGNS:
        return f"{_said(node.args['this'])} {_SIGNS[type(node)]} {_said(node.args['expression'])}"
    return str(node.sql())


def _on(node: Any) -> str:
    """Whether numbers beside it are shares of a quota or amounts."""
    bare = node.unnest()
    return "attainment" if isinstance(bare, sql.Anonymous) and bare.name.lower() == "attainment" else "amount"


def _number(value: Decimal, on: str) -> str:
    return percent(value) if on == "attainment" else trimmed(value)
