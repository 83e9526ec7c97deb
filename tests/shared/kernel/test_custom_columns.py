"""The company's own columns are read by one rule, whether a file, a webhook or the log holds them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from shared.kernel.crediting.custom_columns import BadColumnValue, column_mistakes, column_value
from shared.kernel.crediting.deals import values_table
from shared.kernel.language.filters import ColumnTypes
from shared.kernel.tables import DEALS


@pytest.mark.parametrize(
    ("kind", "value", "read"),
    [
        ("yes_no", "yes", True),
        ("yes_no", " NO ", False),
        ("yes_no", True, True),
        ("number", "5", 5),
        ("number", -5, -5),
        ("decimal", "12.5", Decimal("12.5")),
        ("decimal", 7, Decimal(7)),
        ("decimal", "12.5%", Decimal("0.125")),
        ("decimal", "-5 %", Decimal("-0.05")),
        ("date", "2025-01-20", date(2025, 1, 20)),
        ("text", " Enterprise ", "Enterprise"),
        ("text", 5, "5"),
        ("text", True, "true"),
        *[(kind, blank, None) for kind in ColumnTypes for blank in ("", "  ", None)],
    ],
)
def test_what_says_a_value_is_the_value(kind: str, value: Any, read: Any) -> None:
    found = column_value(value, ColumnTypes[kind])
    assert (found, type(found)) == (read, type(read))


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("yes_no", "maybe"),
        ("yes_no", 1),
        ("number", "5.0"),
        ("number", "five"),
        ("number", True),
        ("number", "1" * 19),
        ("number", "1\n2"),
        ("number", "٣"),
        ("decimal", "1,000"),
        ("decimal", "%"),
        ("decimal", "5 %%"),
        ("decimal", "0.12345%"),
        ("decimal", "1e999999999"),
        ("decimal", "0.1234567"),
        ("decimal", 10**12),
        ("decimal", False),
        ("date", "20.01.2025"),
        ("date", "2025-02-30"),
        ("date", "0001-01-01"),
        ("date", "2025-01-20T10:00:00Z"),
        ("date", 20250120),
    ],
)
def test_what_says_none_is_refused_and_named(kind: str, value: Any) -> None:
    with pytest.raises(BadColumnValue):
        column_value(value, ColumnTypes[kind])
    [(name, reason)] = column_mistakes({"own": value, "free": value}, {"own": ColumnTypes[kind]})
    assert name == "own"
    assert "neither" in reason or "not" in reason


def test_a_deal_says_which_of_its_columns_cannot_be_read() -> None:
    columns = {"flag": ColumnTypes["yes_no"], "seats": ColumnTypes["number"]}
    facts = {"currency": "USD", "amount": "1", "custom.flag": "perhaps", "custom.seats": "many"}
    table = values_table([("d", facts), ("e", {"custom.flag": "yes", "custom.seats": "5"})], {**DEALS, **columns})  # type: ignore[arg-type]
    assert table.select("flag", "seats", "problem").rows() == [(None, None, "bad_value:flag,seats"), (True, 5, None)]
