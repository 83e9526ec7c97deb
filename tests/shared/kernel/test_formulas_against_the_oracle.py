"""Formulas come to what a reader of their own, one row at a time, makes of them."""

from __future__ import annotations

import os
from fractions import Fraction
from random import Random

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.kernel.arithmetic.exact_column import ExactColumn
from shared.kernel.language.formulas import FormulaError, condition, number, parsed, uncovered
from tests.reference_model.formulas import Category, Value, misses, worked_out

some = settings(max_examples=3000 if os.environ.get("EARNEST_TEST_LONG") == "1" else 150, deadline=None)
NAMES = ("base", "count", "zero")


def a_number(random: Random, deep: int) -> str:
    """A random formula that says how much."""
    if deep <= 0:
        return random.choice([*NAMES, "attainment(base)", "quota(count)", "term(top)", "0", "2.5", "100", "0.001"])
    one, two, three = (a_number(random, deep - random.randint(1, 2)) for _ in range(3))
    yes = a_condition(random, deep - 2)
    return random.choice(
        [
            *(f"{one} {sign} {two}" for sign in "+-*/"),
            f"({one} + {two}) / {three}",
            f"({one} - {two}) * ({three})",
            f"-({one})",
            f"abs({one})",
            f"floor({one})",
            f"round({one})",
            f"round({one} / 3, 2)",
            f"round({one}, -1)",
            f"least({one}, {two}, {three})",
            f"greatest({one}, {two})",
            f"case when {yes} then {one} else {two} end",
            f"case when {yes} then {one} when {one} > {two} then {two} end",
            f"case grade when 'a' then {one} when 'b' then {two} else {three} end",
            f"case when position = 'senior' and {yes} then {one} when grade = 'a' then {two} end",
        ]
    )


def a_condition(random: Random, deep: int) -> str:
    """A random formula that says yes or no."""
    one, two, three = (a_number(random, deep - 1) for _ in range(3))
    plain = random.choice(
        [*(f"{one} {sign} {two}" for sign in ("<", "<=", "=", "<>", ">", ">=")), f"{one} between {two} and {three}"]
    )
    if deep <= 0:
        by_category = [
            "position = 'senior'",
            "category(grade) <> 'b'",
            "grade not in ('a', 'b')",
            f"count in (1, {one})",
        ]
        return random.choice([plain, *by_category])
    other = a_condition(random, deep - 1)
    return random.choice([plain, f"{plain} and {other}", f"{plain} or {other}", f"not ({plain} or {other})"])


def values(random: Random) -> dict[str, list[Fraction]]:
    """Three rows of everything that a formula may name."""
    names = (*NAMES, "attainment.base", "quota.count", "term.top")
    found = {
        name: [Fraction(random.randint(-500, 500), random.choice([1, 3, 100])) for _ in range(3)] for name in names
    }
    return found | {"zero": [Fraction(0)] * 3}


@pytest.mark.parametrize("digits", ["base", "1 + 1", "'a'", "0.5"])
def test_decimals_to_round_to_are_a_whole_number(digits: str) -> None:
    with pytest.raises(FormulaError, match="whole number of decimals"):
        parsed(f"round(base, {digits})")


@some
@given(st.integers(0, 2**32 - 1))
def test_a_formula_comes_to_the_same_row_by_row(seed: int) -> None:
    random = Random(seed)
    rows, text, gate = values(random), a_number(random, random.randint(1, 4)), a_condition(random, 3)

    categories = {name: [random.choice(["a", "b", "senior", None]) for _ in range(3)] for name in ("position", "grade")}

    def column(kind: str, name: str) -> ExactColumn | pl.Series:
        if kind == "category":
            return pl.Series(categories[name], dtype=pl.String)
        return ExactColumn.fractions(rows[name if kind == "measure" else f"{kind}.{name}"])

    def of_row(row: int, text: str) -> object:
        return worked_out(text, value_of(row), category_of(row))

    def value_of(row: int) -> Value:
        return lambda name, of: rows[name if of is None else f"{name}.{of}"][row]

    def category_of(row: int) -> Category:
        return lambda name: categories[name][row]

    assert number(text, column, 3).to_fractions() == [of_row(row, text) for row in range(3)], text
    assert condition(gate, column, 3).to_list() == [of_row(row, gate) for row in range(3)], gate
    nobody = [any(there[row] for _, there in uncovered(text, column)) for row in range(3)]
    assert nobody == [misses(text, value_of(row), category_of(row)) for row in range(3)], text
