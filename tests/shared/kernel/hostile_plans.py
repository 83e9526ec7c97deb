"""Plans that somebody could publish to stop the system: each is refused, and says by which limit."""

from __future__ import annotations

from typing import Any, Final

PLAIN: Final[dict[str, Any]] = {
    "plan": "harm",
    "version": 1,
    "name": "Harm",
    "currency": "USD",
    "effective_from": "2025-01-01",
    "credits": [{"rule": "own"}],
    "measures": [{"measure": "m", "sum_of": ["own"]}],
    "components": [{"component": "c", "kind": "flat", "measure": "m", "rate": "5%"}],
}


def _when(text: str) -> dict[str, Any]:
    return PLAIN | {"credits": [{"rule": "own", "when": text}]}


def _pays(formula: str) -> dict[str, Any]:
    return PLAIN | {"components": [{"component": "c", "kind": "formula", "measure": "m", "amount": formula}]}


def _rate(rate: Any) -> dict[str, Any]:
    return PLAIN | {"components": [{"component": "c", "kind": "flat", "measure": "m", "rate": rate}]}


def _table(values: Any, axes: int = 1) -> dict[str, Any]:
    table = {"component": "c", "kind": "table", "axes": [{"amount": "m", "up_to": [1]}] * axes, "values": values}
    return PLAIN | {"components": [table]}


def _nested(depth: int) -> list[Any]:
    found: list[Any] = []
    for _ in range(depth):
        found = [found]
    return found


def _many(part: str, number: int, **each: Any) -> dict[str, Any]:
    name = {"credits": "rule", "measures": "measure", "components": "component"}[part]
    return PLAIN | {part: [{name: f"x{place}", **each} for place in range(number)]}


HOSTILE: Final[dict[str, tuple[dict[str, Any], str]]] = {
    "long or": (_when("stage = 'won'" + " or stage = 'won'" * 20_000), "200,000 characters"),
    "or": (_when("stage = 'won'" + " or stage = 'won'" * 400), "at most 100 operations"),
    "sum": (_when("+".join(["amount"] * 900) + " > 1"), "at most 100 operations"),
    "joined": (_when("||".join(["stage"] * 900) + " = 'a'"), "at most 100 operations"),
    "not": (_when("not " * 900 + "stage = 'won'"), "nested too deeply"),
    "brackets": (_when("(" * 500 + "stage" + ")" * 500 + " = 'won'"), "20 deep"),
    "cases": (_when("case when stage = 'won' then " * 30 + "true" + " else false end" * 30), "20 deep"),
    "words": (_when(f"amount in ({','.join('1' * 3000)})"), "2,000 words"),
    "literal": (_when(f"stage = '{'a' * 5000}'"), "500 characters"),
    "exponent": (_when("amount > 1e9999999"), "1e9999999"),
    "digits": (_when(f"amount > {'9' * 5000}"), "30 of them"),
    "nul": (_when("stage = 'a\0'"), "NUL"),
    "padded": (_when("lpad(stage, 100000000, 'x') = 'a'"), "filters have no"),
    "repeated": (_when("repeat(stage, 100000000) = 'a'"), "filter"),
    "clock": (_when("close_date < current_date"), "filters have no"),
    "chance": (_when("amount > random()"), "filter"),
    "regex": (_when("regexp_matches(stage, '(a{1000}){1000}')"), "filter"),
    "formula exponent": (_pays("m * 1e9999999"), "1e9999999"),
    "formula round": (_pays("round(m, 99999999)"), "up to 12"),
    "formula sum": (_pays("m" + " + m" * 900), "at most 100 operations"),
    "formula brackets": (_pays("(" * 200 + "m" + ")" * 200), "20 deep"),
    "formula digits": (_pays("9" * 15_000 + " % x"), "30 of them"),
    "formula cases": (_pays("case when m > 1 then " * 30 + "1" + " else 0 end" * 30), "20 deep"),
    "rate exponent": (_rate("1e9999999"), "40 digits"),
    "rate fraction": (_rate("1e-9999999%"), "40 digits"),
    "rate digits": (_rate("9" * 100_000), "40 digits"),
    "rules": (_many("credits", 3000), "at most 200 items"),
    "measures": (_many("measures", 3000, count_of=["own"]), "at most 200 items"),
    "components": (_many("components", 300, kind="flat", measure="m", rate="5%"), "at most 200 items"),
    "deep": (_table(_nested(100)), "30 levels"),
    "table": (_table([[1] * 200] * 200, 2), "30,000 parts"),
    "axes": (_table(1, 20), "at most 8 items"),
    "version": (PLAIN | {"version": 10**12}, "1000000"),
    "year": (PLAIN | {"effective_from": "9999-12-31"}, "1900 to 2199"),
}
