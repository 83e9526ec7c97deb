"""Filters by chance, each with what it must say of a deal: a second, slow evaluation beside the engine's. Blank is
None.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable
from datetime import date, timedelta
from fractions import Fraction
from random import Random
from typing import Any

Deal = dict[str, Any]
Says = Callable[[Deal], Any]
Written = tuple[str, Says]
COLUMNS = {
    "text": ["segment", "engineer", "product", "account", "territory"],
    "number": ["seats", "margin", "amount", "list_amount", "refunded"],
    "date": ["open_date", "close_date", "paid_on"],
}
WORDS = ["smb", "SMB", "Pro", "a_b", "100%", "x"]
NUMBERS = ["0", "1", "2", "10", "0.5", "3", "1000", "0.9", "33.333333", "7"]
VALUES = [Fraction(each) for each in ("0", "1", "-1", "1/2", "10.25", "1000", "-33.333333", "99999999.99", "0.000001")]
DAYS = [date(2025, 1, 31), date(2024, 2, 29), date(2025, 3, 31), date(2024, 12, 31), date(2025, 2, 28)]
COMPARED = {
    "=": operator.eq, "<>": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge
}  # fmt: skip


def a_deal(chance: Random) -> Deal:
    """What filters look at; a sixth of it blank. Numbers are fractions of at most six decimals."""

    def one(values: list[Any]) -> Any:
        return None if chance.random() < 1 / 6 else chance.choice(values)

    deal = {name: one(WORDS) for name in COLUMNS["text"]} | {name: one(DAYS) for name in COLUMNS["date"]}
    deal |= {name: one(VALUES) for name in COLUMNS["number"]}
    return deal | {"seats": one([Fraction(each) for each in (0, 1, -1, 3, -7, 10)]), "renewal": one([True, False])}


def of_all(how: Callable[..., Any], *parts: Says) -> Says:
    """What is blank where one of its parts is."""

    def says(deal: Deal) -> Any:
        values = [each(deal) for each in parts]
        return None if None in values else how(*values)

    return says


class Filters:
    """Makes filters and their parts; `deep` is how far parts may stand within each other."""

    def __init__(self, chance: Random) -> None:
        self._chance = chance

    def condition(self, deep: int) -> Written:
        """A yes/no condition."""
        pick = self._chance.choice
        if deep <= 0 or self._chance.random() < 0.15:
            return pick([("renewal", lambda deal: deal["renewal"]), ("true", lambda _: True)])
        form = pick(
            ["compared"] * 5 + ["both", "not", "is", "in", "between", "like", "blank", "distinct", "case", "coalesce"]
        )
        if form in ("both", "case", "coalesce", "not", "is"):
            return self._of_conditions(form, deep)
        kind = pick(list(COLUMNS))
        (one, says), (two, other), (three, third) = (self.part(kind, deep - 1) for _ in range(3))
        no = pick(["", "not "])
        match form:
            case "compared":
                sign = pick(list(COMPARED))
                return f"({one} {sign} {two})", of_all(COMPARED[sign], says, other)
            case "in":
                return f"({one} {no}in ({two}, {three}))", _maybe_not(
                    no, _any(_equal(says, other), _equal(says, third))
                )
            case "between":
                within = _all(of_all(operator.le, other, says), of_all(operator.le, says, third))
                return f"({one} {no}between {two} and {three})", _maybe_not(no, within)
            case "like":
                text, of = self.part("text", deep - 1)
                how, pattern = (
                    pick(["like", "ilike"]),
                    pick(["s%", "%b", "_mb", "%", "smb", "P%o", "a_b", "100%", "%M%"]),
                )
                return f"({text} {no}{how} '{pattern}')", _maybe_not(no, of_all(_like(pattern, how), of))
            case "blank":
                return f"({one} is {no}null)", lambda deal: (says(deal) is None) != bool(no)
            case _:
                return f"({one} is {no}distinct from {two})", lambda deal: (says(deal) != other(deal)) != bool(no)

    def _of_conditions(self, form: str, deep: int) -> Written:
        pick = self._chance.choice
        (one, says), (two, other), (three, third) = (self.condition(deep - 1) for _ in range(3))
        match form:
            case "both":
                word = pick(["and", "or"])
                return f"({one} {word} {two})", _all(says, other) if word == "and" else _any(says, other)
            case "not":
                return f"(not {one})", of_all(operator.not_, says)
            case "case":
                return f"case when {one} then {two} else {three} end", lambda d: other(d) if says(d) else third(d)
            case "coalesce":
                return f"coalesce({one}, {two})", lambda d: other(d) if says(d) is None else says(d)
        no, yes = pick(["", "not "]), pick([True, False])
        return f"({one} is {no}{str(yes).lower()})", lambda deal: (says(deal) is yes) != bool(no)

    def part(self, kind: str, deep: int) -> Written:
        """A text, number or date."""
        pick = self._chance.choice
        if deep <= 0 or self._chance.random() < 0.45:
            return self._leaf(kind)
        (one, says), (two, other) = self.part(kind, deep - 1), self.part(kind, deep - 1)
        match pick(["own", "own", "own", "coalesce", "nullif", "case"]):
            case "coalesce":
                return f"coalesce({one}, {two})", lambda deal: other(deal) if says(deal) is None else says(deal)
            case "nullif":
                return f"nullif({one}, {two})", lambda deal: None if says(deal) == other(deal) else says(deal)
            case "case":
                when, holds = self.condition(deep - 1)
                return f"case when {when} then {one} else {two} end", lambda d: says(d) if holds(d) else other(d)
        match kind:
            case "text":
                return self._text(one, says, two, other)
            case "date":
                return self._moved(one, says)
        return self._number(one, says, two, other, deep)

    def _leaf(self, kind: str) -> Written:
        if self._chance.random() < 0.6:
            column = self._chance.choice(COLUMNS[kind])
            return column, lambda deal: deal[column]
        match kind:
            case "text":
                word = self._chance.choice(WORDS)
                return f"'{word}'", lambda _: word
            case "date":
                day = self._chance.choice(DAYS)
                return f"DATE '{day}'", lambda _: day
        number = self._chance.choice(NUMBERS)
        return number, lambda _: Fraction(number)

    def _text(self, one: str, says: Says, two: str, other: Says) -> Written:
        many = self._chance.choice([1, 2, 5])
        return self._chance.choice(
            [
                (f"lower({one})", of_all(str.lower, says)),
                (f"upper({one})", of_all(str.upper, says)),
                (f"({one} || {two})", of_all(operator.add, says, other)),
                (f"left({one}, {many})", of_all(lambda text: text[:many], says)),
                (f"right({one}, {many})", of_all(lambda text: text[-many:], says)),
                (f"substr({one}, {many}, 2)", of_all(lambda text: text[many - 1 : many + 1], says)),
            ]
        )

    def _moved(self, one: str, says: Says) -> Written:
        many, unit = self._chance.choice([1, 3, 30]), self._chance.choice(["days", "months"])
        sign, by = self._chance.choice([("+", many), ("-", -many)])
        how = (lambda day: day + timedelta(by)) if unit == "days" else (lambda day: _months_later(day, by))
        return f"({one} {sign} INTERVAL '{many} {unit}')", of_all(how, says)

    def _number(self, one: str, says: Says, two: str, other: Says, deep: int) -> Written:
        (day, on), (later, then) = self.part("date", deep - 1), self.part("date", deep - 1)
        (text, reads), (sought, finds) = self.part("text", deep - 1), self.part("text", deep - 1)
        quotient = of_all(lambda a, b: None if b == 0 else a / b, says, other)
        whole = of_all(lambda a, b: None if b == 0 else Fraction(math.trunc(a / b)), says, other)
        return self._chance.choice(
            [
                (f"({one} + {two})", of_all(operator.add, says, other)),
                (f"({one} - {two})", of_all(operator.sub, says, other)),
                (f"({one} * 3)", of_all(lambda a: a * 3, says)),
                (f"(0.9 * {one})", of_all(lambda a: a * Fraction("0.9"), says)),
                (f"({one} / {two})", of_all(lambda a: round(a, 12), quotient)),
                (f"({one} // {two})", whole),
                (f"({one} % {two})", of_all(lambda a, b, c: a - b * c, says, other, whole)),
                (f"abs({one})", of_all(abs, says)),
                (f"floor({one})", of_all(lambda a: Fraction(math.floor(a)), says)),
                (f"({day} - {later})", of_all(lambda a, b: Fraction((a - b).days), on, then)),
                (f"date_diff('day', {later}, {day})", of_all(lambda a, b: Fraction((a - b).days), on, then)),
                (f"month({day})", of_all(lambda a: Fraction(a.month), on)),
                (f"length({text})", of_all(lambda a: Fraction(len(a)), reads)),
                (f"strpos({text}, {sought})", of_all(lambda a, b: Fraction(a.find(b) + 1), reads, finds)),
            ]
        )


def _equal(one: Says, two: Says) -> Says:
    return of_all(operator.eq, one, two)


def _maybe_not(no: str, says: Says) -> Says:
    return of_all(operator.not_, says) if no else says


def _all(*parts: Says) -> Says:
    def says(deal: Deal) -> Any:
        values = [each(deal) for each in parts]
        return False if False in values else None if None in values else True

    return says


def _any(*parts: Says) -> Says:
    none = _all(*(of_all(operator.not_, each) for each in parts))
    return of_all(operator.not_, none)


def _like(pattern: str, how: str) -> Callable[[str], bool]:
    written = "".join({"%": ".*", "_": "."}.get(each, re.escape(each)) for each in pattern)
    compiled = re.compile(written, re.DOTALL | (re.IGNORECASE if how == "ilike" else 0))
    return lambda text: compiled.fullmatch(text) is not None


def _months_later(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    last = (date(year + (month == 11), (month + 1) % 12 + 1, 1) - timedelta(1)).day
    return date(year, month + 1, min(day.day, last))
