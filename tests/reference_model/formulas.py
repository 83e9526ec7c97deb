"""A small reader of SQL expressions that works them out while it reads: for the filters and formulas of plans, one row
at a time.

A name is whatever `value` gives for it; None is a blank cell, which makes comparisons neither true nor false.

In formulas of plans a name beside a text is a category of the participant, which `category` gives; a blank one is equal
to nothing. A `case` that looks at categories and does not say what everybody else has misses who is in none of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from fractions import Fraction
from math import floor
from typing import Any

from tests.reference_model.facts import rounded

_TOKEN = re.compile(r"\s*(?:(\d+(?:\.\d+)?)|'([^']*)'|([A-Za-z_][A-Za-z0-9_]*)|(<=|>=|<>|[-+*/()=<>,]))")
Value = Callable[[str, str | None], Any]
"""(name, None) of a plain name, or (function, name) such as ("attainment", "bookings")."""


Category = Callable[[str], str | None]


def worked_out(text: str, value: Value, category: Category | None = None) -> Any:
    """What an expression comes to: a Fraction, a truth value, a text, a date or None."""
    return _read(text, value, category)[0]


def misses(text: str, value: Value, category: Category) -> bool:
    """Whether somebody is in no row of a `case` over categories, wherever in the expression it stands."""
    return _read(text, value, category)[1].misses


def _read(text: str, value: Value, category: Category | None) -> tuple[Any, _Reader]:
    tokens: list[tuple[str, Any]] = []
    place = 0
    while text[place:].strip():
        found = _TOKEN.match(text, place)
        assert found, text[place:]
        digits, quoted, word, sign = found.groups()
        if digits is not None:
            tokens.append(("number", Fraction(digits)))
        elif quoted is not None:
            tokens.append(("text", quoted))
        else:
            tokens.append(("word", word) if word is not None else ("sign", sign))
        place = found.end()
    reader = _Reader(tokens, value, category)
    result = reader.either()
    assert not reader.tokens, reader.tokens
    return result, reader


def _or_blank(one: Any, two: Any, sign: str) -> Any:
    """The result of a sign; blank where either is, days between dates, and zero where nothing is divided by."""
    if one is None or two is None:
        return None
    match sign:
        case "+":
            return one + two
        case "-" if isinstance(one, date):
            return Fraction((one - two).days)
        case "-":
            return one - two
        case "*":
            return one * two
    return one / two if two else Fraction(0)


class _Reader:
    def __init__(self, tokens: list[tuple[str, Any]], value: Value, category: Category | None) -> None:
        self.tokens, self._value, self._category, self.misses = tokens, value, category, False
        self._looked: list[tuple[str, list[str]]] = []

    def _next(self, *wanted: str) -> bool:
        """Take the next token if it is one of those."""
        here = self.tokens and self.tokens[0][0] in ("word", "sign") and str(self.tokens[0][1]).lower() in wanted
        if here:
            self._taken = str(self.tokens.pop(0)[1]).lower()
        return bool(here)

    def _must(self, wanted: str) -> None:
        assert self._next(wanted), (wanted, self.tokens)

    def either(self) -> Any:
        found = self._both()
        while self._next("or"):
            other = self._both()
            found = True if found is True or other is True else (None if None in (found, other) else False)
        return found

    def _both(self) -> Any:
        found = self._not()
        while self._next("and"):
            other = self._not()
            found = False if found is False or other is False else (None if None in (found, other) else True)
        return found

    def _not(self) -> Any:
        if self._next("not"):
            found = self._not()
            return None if found is None else not found
        return self._compared()

    def _by_category(self) -> bool | None:
        """A comparison of a category with texts, if one comes next."""
        if self._category is None or len(self.tokens) < 3 or self.tokens[0][0] != "word":
            return None
        named = self.tokens[0][1].lower() == "category" and self.tokens[1] == ("sign", "(")
        after = 4 if named else 1
        ahead = [(kind, str(token).lower()) for kind, token in self.tokens[after : after + 3]]
        no = ahead[:1] == [("word", "not")]
        listed = ahead[no : no + 1] == [("word", "in")] and self.tokens[after + no + 2][0] == "text"
        if not listed and not (ahead[:1] in ([("sign", "=")], [("sign", "<>")]) and ahead[1][0] == "text"):
            return None
        name = self.tokens[2 if named else 0][1]
        del self.tokens[:after]
        if not listed:
            sign, text = self.tokens.pop(0)[1], self.tokens.pop(0)[1]
            return self._is(name, [text]) == (sign == "=")
        del self.tokens[: no + 2]
        return self._is(name, self._list()) != no

    def _is(self, name: str, texts: list[str]) -> bool:
        assert self._category is not None
        self._looked.append((name, texts))
        return self._category(name) in texts

    def _compared(self) -> Any:
        if (found := self._by_category()) is not None:
            return found
        one = self._sum()
        if self._next("=", "<>", "<", "<=", ">", ">="):
            return self._sign(self._taken, one, self._sum())
        if self._next("between"):
            low = self._sum()
            self._must("and")
            high = self._sum()
            return None if None in (one, low, high) else low <= one <= high
        if self._next("is"):
            no = self._next("not")
            self._must("null")
            return (one is None) != no
        if self._next("in"):
            self._must("(")
            among = self._list()
            return None if one is None else one in among
        return one

    @staticmethod
    def _sign(sign: str, one: Any, two: Any) -> bool | None:
        if one is None or two is None:
            return None
        return {
            "=": lambda: one == two,
            "<>": lambda: one != two,
            "<": lambda: one < two,
            "<=": lambda: one <= two,
            ">": lambda: one > two,
            ">=": lambda: one >= two,
        }[sign]()  # type: ignore[no-any-return]

    def _sum(self) -> Any:
        found = self._product()
        while self._next("+", "-"):
            sign, other = self._taken, self._product()
            found = _or_blank(found, other, sign)
        return found

    def _product(self) -> Any:
        found = self._signed()
        while self._next("*", "/"):
            sign, other = self._taken, self._signed()
            found = _or_blank(found, other, sign)
        return found

    def _signed(self) -> Any:
        if self._next("-"):
            return -self._signed()
        return self._one()

    def _list(self) -> list[Any]:
        found = [self.either()]
        while self._next(","):
            found.append(self.either())
        self._must(")")
        return found

    def _one(self) -> Any:
        if self._next("("):
            found = self.either()
            self._must(")")
            return found
        if self._next("case"):
            return self._case()
        kind, token = self.tokens.pop(0)
        if kind in ("number", "text"):
            return token
        word = token.lower()
        if word in ("true", "false"):
            return word == "true"
        if word == "date" and self.tokens and self.tokens[0][0] == "text":
            return date.fromisoformat(self.tokens.pop(0)[1])
        if not self._next("("):
            return self._value(token, None)
        if word in ("attainment", "quota", "term", "pay"):
            name = self.tokens.pop(0)[1]
            self._must(")")
            return self._value(word, name)
        given = self._list()
        match word:
            case "least":
                return min(given)
            case "greatest":
                return max(given)
            case "abs":
                return abs(given[0])
            case "floor":
                return Fraction(floor(given[0]))
            case "round":
                return rounded(given[0], "half_up", int(given[1]) if len(given) > 1 else 0)
        raise AssertionError(word)

    def _case(self) -> Any:
        found: Any = None
        decided = False
        outer, looked = self._looked, list[tuple[str, list[str]]]()
        of: str | None = None
        if self.tokens[0] != ("word", "when"):
            of = self.tokens.pop(0)[1]
            if of == "category":
                of = self.tokens[1][1]
                del self.tokens[:3]
        while self._next("when"):
            self._looked = []
            yes = self.either() if of is None else self._is(of, [self.tokens.pop(0)[1]])
            looked += self._looked
            self._must("then")
            then = self.either()
            if yes is True and not decided:
                found, decided = then, True
        default: Any = Fraction(0)
        if self._next("else"):
            default = self.either()
        elif not decided:
            for name in {name for name, _ in looked}:
                assert self._category is not None
                named = [text for each, texts in looked if each == name for text in texts]
                self.misses |= self._category(name) not in named
        self._must("end")
        self._looked = outer
        return found if decided else default
