"""Formulas and filters in words, as far as they have plain ones: `attainment(bookings) >= 1` is `the attainment of
bookings is at least 100%`.

A formula that has no words is told in part as it stands; a filter is told as a whole or not at all, since half a
condition misleads.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from decimal import Decimal
from typing import Any

from sqlglot import expressions as sql
from sqlglot.errors import SqlglotError

from shared.formatting import percent, trimmed
from shared.kernel.language.category_texts import in_a_case
from shared.kernel.language.formulas import in_percent, parsed
from shared.kernel.language.phrases import listed, spoken
from shared.kernel.language.sql_text import parse
from shared.limits import TooMuch

_COMPARED: dict[type[sql.Expression], str] = {
    sql.LT: "is below",
    sql.LTE: "is at most",
    sql.GT: "is above",
    sql.GTE: "is at least",
    sql.EQ: "is",
    sql.NEQ: "is not",
}
_OPPOSITE: dict[type[sql.Expression], type[sql.Expression]] = {
    sql.LT: sql.GTE,
    sql.LTE: sql.GT,
    sql.GT: sql.LTE,
    sql.GTE: sql.LT,
    sql.EQ: sql.NEQ,
    sql.NEQ: sql.EQ,
}
"""What holds where a comparison does not; of a blank neither does."""
_SIGNS: dict[type[sql.Expression], str] = {sql.Add: "plus", sql.Sub: "minus", sql.Div: "divided by"}
_RUNS_ON = (sql.Least, sql.Greatest, sql.Abs, sql.Floor, sql.Round, sql.Case)
"""Parts whose words have no end: "the least of a and b times c" might be either."""
_FUNCTIONS = {
    "attainment": "the attainment of {}",
    "quota": "the quota of {}",
    "term": "your {}",
    "pay": "the pay of {}",
    "category": "{}",
}


def formula_in_words(text: str) -> str:
    """The formula said aloud."""
    return _Formula().said(parsed(text))


def filter_in_words(text: str) -> str:
    """The condition said aloud, or in code where it has no plain words."""
    words = _Filter()
    try:
        return words.condition(parse(text, read="duckdb"))
    except (SqlglotError, TooMuch, _NoWordsError, RecursionError):
        return f"`{text}`"


class _NoWordsError(Exception):
    """A part of a filter that is best read as it stands."""


class _Words(ABC):
    """What formulas and filters say alike."""

    def condition(self, node: Any) -> str:
        """A part that says yes or no."""
        return self.said(node)

    def said(self, node: Any, on: str = "amount") -> str:  # noqa: ARG002 (numbers are told by who knows them)
        """Any part; numbers are told in percent where they stand beside an attainment (`on`)."""
        match node:
            case sql.And():
                return f"{self.condition(node.left)} and {self.condition(node.right)}"
            case sql.Or():
                sides = (self.condition(side) for side in (node.left, node.right))
                # Read aloud, "a and b or c" has two meanings.
                return " or ".join(
                    f"({said})" if isinstance(side, sql.And) else said
                    for side, said in zip((node.left, node.right), sides, strict=True)
                )
            case sql.Not(this=sql.In()):
                return f"{self.said(node.this.this)} is none of {self._listed(node.this)}"
            case sql.In():
                return f"{self.said(node.this)} is one of {self._listed(node)}"
            case sql.Not() if (opposite := _OPPOSITE.get(type(bare := node.this.unnest()))) is not None:
                return self.said(opposite(this=bare.left.copy(), expression=bare.right.copy()))
            case sql.Not():
                return f"not {self.said(node.this)}"
            case sql.Between():
                of = _on(node.this)
                return (
                    f"{self.said(node.this)} is from {self.said(node.args['low'], of)} to"
                    f" {self.said(node.args['high'], of)}"
                )
            case sql.Mul():
                one, two = (node.right, node.left) if in_percent(node.right) else (node.left, node.right)
                return f"{self.operand(one)} {'of' if in_percent(one) else 'times'} {self.operand(two)}"
        if type(node) in _COMPARED:
            of = _on(node.left) if _on(node.left) != "amount" else _on(node.right)
            return f"{self.said(node.left, of)} {_COMPARED[type(node)]} {self.said(node.right, of)}"
        return self.without_words(node)

    def operand(self, node: Any, on: str = "amount") -> str:
        """A part beside a sign: in brackets where its words would run on into the sign."""
        said = self.said(node, on)
        return f"({said})" if isinstance(node, _RUNS_ON) else said

    def _listed(self, node: Any) -> str:
        values = [self.said(value) for value in node.expressions]
        if not values:
            raise _NoWordsError
        return listed(values)

    @abstractmethod
    def without_words(self, node: Any) -> str:
        """What has no words here."""


class _Formula(_Words):
    """A formula over measures: names are theirs."""

    def said(self, node: Any, on: str = "amount") -> str:
        match node:
            case sql.Paren():
                bare = isinstance(node.this, sql.Column | sql.Literal)
                return self.said(node.this) if bare else f"({self.said(node.this)})"
            case sql.Neg():
                return f"minus {self.operand(node.this, on)}"
            case sql.Literal():
                if node.is_string:
                    return str(node.name)
                number = Decimal(node.name)
                return percent(number) if on == "attainment" or in_percent(node) else trimmed(number)
            case sql.Boolean():
                return "always" if node.this else "never"
            case sql.Column():
                return spoken(node.name)
            case sql.Anonymous():
                return _FUNCTIONS[node.name.lower()].format(spoken(node.expressions[0].name))
            case sql.Abs():
                return f"the size of {self._among(node.this)}"
            case sql.Floor():
                return f"{self._among(node.this)}, rounded down to a whole number"
            case sql.Round():
                return f"{self._among(node.this)}, rounded to {_places(node)}"
            case sql.Least() | sql.Greatest():
                among = (node.this, *node.expressions)
                of = next((kind for operand in among if (kind := _on(operand)) != "amount"), "amount")
                which = "least" if isinstance(node, sql.Least) else "greatest"
                return f"the {which} of {listed(self._among(operand, of) for operand in among)}"
            case sql.Case():
                branches = [f"{self.said(one.args['true'])} if {self.said(one.this)}" for one in node.args["ifs"]]
                default = node.args.get("default")
                rest = self.said(default) if default is not None else "nothing"
                if default is None and in_a_case(node):
                    rest = f"nothing, and who is in none of these by {listed(map(spoken, in_a_case(node)))} is not paid"
                return f"{', '.join(branches)}, otherwise {rest}"
        return super().said(node, on)

    def _among(self, node: Any, on: str = "amount") -> str:
        """A part that a function takes: a sum in brackets, too, so that it is seen what is taken."""
        said = self.operand(node, on)
        return f"({said})" if isinstance(node, sql.Add | sql.Sub) else said

    def without_words(self, node: Any) -> str:
        if type(node) in _SIGNS:
            return f"{self.operand(node.left)} {_SIGNS[type(node)]} {self.operand(node.right)}"
        return str(node.sql())


class _Filter(_Words):
    """A condition over the columns of a deal, of which one by itself says yes or no."""

    def condition(self, node: Any) -> str:
        return f"{spoken(node.name)} is yes" if isinstance(node, sql.Column) else self.said(node)

    def said(self, node: Any, on: str = "amount") -> str:
        match node:
            case sql.Paren():
                return f"({self.condition(node.this)})"
            case sql.Not(this=sql.Is()):
                return f"{self.said(node.this.this)} is given"
            case sql.Not(this=sql.Column()):
                return f"{spoken(node.this.name)} is no"
            case sql.Is(expression=sql.Null()):
                return f"{self.said(node.this)} is not given"
            case sql.Column():
                return f"the {spoken(node.name)}"
            case sql.Literal():
                return str(node.name)
            case sql.Cast() if isinstance(node.this, sql.Literal):  # DATE '2025-01-01'
                return str(node.this.name)
        return super().said(node, on)

    def without_words(self, node: Any) -> str:  # noqa: ARG002 (none has)
        raise _NoWordsError


def _places(node: sql.Round) -> str:
    digits = Decimal(node.args["decimals"].sql()) if node.args.get("decimals") else Decimal(0)
    if digits < 0:
        return f"a multiple of {trimmed(Decimal(10) ** -int(digits))}"
    return "a whole number" if not digits else f"{digits} decimal{'' if digits == 1 else 's'}"


def _on(node: Any) -> str:
    """Whether numbers beside it are shares of a quota or amounts."""
    bare = node.unnest()
    return "attainment" if isinstance(bare, sql.Anonymous) and bare.name.lower() == "attainment" else "amount"
