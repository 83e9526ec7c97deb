"""Every operation of a filter has a type: what fits is computed as written, what does not is refused in words."""

from __future__ import annotations

import operator
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from itertools import product
from typing import Any

import polars as pl
import pytest

from shared.kernel.language.filters import ColumnTypes, FilterError, compile_filter

CUSTOM = {
    "segment": ColumnTypes["text"],
    "seats": ColumnTypes["number"],
    "margin": ColumnTypes["decimal"],
    "renewal": ColumnTypes["yes_no"],
    "paid_on": ColumnTypes["date"],
    "engineer": ColumnTypes["participant"],
}
DEAL: dict[str, Any] = {
    "segment": "smb",
    "seats": 11,
    "margin": Decimal("10.5"),
    "renewal": True,
    "paid_on": date(2025, 1, 21),
    "engineer": "eve",
    "product": "Pro",
    "open_date": date(2024, 12, 31),
    "close_date": date(2025, 1, 10),
}
OPERANDS: dict[str, list[tuple[str, Any]]] = {
    "text": [("segment", "smb"), ("engineer", "eve"), ("'smb'", "smb"), ("lower(product)", "pro")],
    "number": [
        ("seats", 11),
        ("margin", Decimal("10.5")),
        ("11", 11),
        ("(paid_on - close_date)", 11),
        ("date_diff('day', close_date, paid_on)", 11),
        ("abs(open_date - close_date)", 10),
        ("((paid_on - close_date) * 2 - 11)", 11),
        ("case when renewal then close_date - open_date else seats end", 10),
        ("coalesce(paid_on - close_date, 0)", 11),
        ("(year(close_date) * 100)", 202500),
        ("(length(segment) - 5)", -2),
    ],
    "yes or no": [("renewal", True), ("false", False), ("(seats > 3)", True), ("(not renewal)", False)],
    "date": [
        ("paid_on", date(2025, 1, 21)),
        ("DATE '2025-01-10'", date(2025, 1, 10)),
        ("coalesce(paid_on, close_date)", date(2025, 1, 21)),
        ("(open_date + INTERVAL '10 days')", date(2025, 1, 10)),
    ],
}
COMPARED: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "is distinct from": operator.ne,
}
ALL = [(kind, text, value) for kind, each in OPERANDS.items() for text, value in each]
SCHEMA = pl.Schema(
    {"product": pl.String(), "open_date": pl.Date(), "close_date": pl.Date(), "owner": pl.String(), **CUSTOM}
)


def says(text: str, **deal: Any) -> Any:
    """What a filter says of the deal; it names a column in any case."""
    frame = pl.DataFrame([DEAL | {"owner": "ann"} | deal], schema=SCHEMA)
    return frame.select(compile_filter(f"({text}) or owner is null", CUSTOM).alias("says"))["says"].item()


@pytest.mark.parametrize("sign", COMPARED)
def test_what_is_of_one_type_is_compared_and_what_is_not_is_refused(sign: str) -> None:
    for (first, one, left), (second, two, right) in product(ALL, ALL):
        text = f"{one} {sign} {two}"
        if first == second:
            assert says(text) is COMPARED[sign](left, right), text
        else:
            with pytest.raises(FilterError, match="compares what cannot be compared"):
                says(text)


def test_between_in_case_and_their_like_take_operands_of_one_type() -> None:
    for (first, one, left), (second, two, right) in product(ALL, ALL):
        forms = {
            f"{one} between {two} and {two}": left == right,
            f"{one} in ({two}, {two})": left == right,
            f"case {one} when {two} then true else false end": left == right,
            f"coalesce(nullif({one}, {one}), {two}) = {two}": True,
            f"case when renewal then {one} else {two} end = {one}": True,
            f"if(renewal, {one}, {two}) = {one}": True,
            f"greatest({one}, {two}) >= {one}": True,
        }
        for text, result in forms.items():
            if first == second:
                assert says(text) is result, text
            else:
                with pytest.raises(FilterError, match="compares what cannot be compared"):
                    says(text)


def test_only_numbers_are_calculated_with_and_days_between_dates_are_one() -> None:
    for sign, (first, one, left), (second, two, right) in product("+-*/%", ALL, ALL):
        text = f"{one} {sign} {two} = 11"
        if first == second == "number":
            if sign in "+-*":
                exact = {"+": operator.add, "-": operator.sub, "*": operator.mul}[sign](Decimal(left), Decimal(right))
                assert says(f"{one} {sign} {two} = {exact}") is True, text
            else:
                assert says(text) in (True, False)
        elif first == second == "date" and sign == "-":
            assert says(f"{one} - {two} = {(left - right).days}") is True, text
        else:
            with pytest.raises(FilterError, match="calculates with what is no number"):
                says(text)


def test_only_yes_or_no_is_asked_for_in_conditions() -> None:
    for kind, one, value in ALL:
        for text, result in {
            f"renewal and ({one})": value,
            f"not ({one})": not value,
            f"case when {one} then true else false end": value,
            f"({one}) is true": value,
        }.items():
            if kind == "yes or no":
                assert says(text) is result, text
            else:
                with pytest.raises(FilterError, match="where yes or no is needed"):
                    says(text)


def test_days_to_a_date_that_is_not_there_yet_meet_no_condition() -> None:
    assert says("paid_on - close_date <= 10", paid_on=None) is None
    assert says("paid_on - close_date > 10", paid_on=None) is None
    assert says("coalesce(paid_on - close_date, 0) = 0", paid_on=None) is True


@pytest.mark.parametrize(
    "text",
    [
        "paid_on < current_date",
        "random() < seats",
        "lpad(segment, 3, 'x') = 'x'",
        "seats = seats + (select 1)",
        "segment in (select 'a')",
        "cast(segment as date) = paid_on",
        "paid_on > timestamp '2025-01-01'",
        "paid_on > DATE '2025-02-30'",
        "paid_on - close_date < INTERVAL '3 days'",
        "segment in ('smb', null)",
        "seats = [1]",
        "sum(seats) > 3",
        "lag(seats) > 3",
        " or ".join(["seats = 1"] * 20_000),
        "(" * 3_000 + "renewal" + ")" * 3_000,
    ],
    ids=lambda text: text[:40],
)
def test_what_has_no_type_here_is_refused(text: str) -> None:
    with pytest.raises(FilterError):
        compile_filter(text, CUSTOM)
