"""Whatever a filter says, the engine computes as it is written: types, blanks, division, days, texts."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from random import Random
from typing import Any

import polars as pl
import pytest

from shared.kernel.language.filters import ColumnTypes, FilterError, compile_filter, filter_schema
from tests.shared.kernel.filter_worlds import Filters, a_deal

CUSTOM = {
    "segment": ColumnTypes["text"],
    "engineer": ColumnTypes["participant"],
    "seats": ColumnTypes["number"],
    "margin": ColumnTypes["decimal"],
    "renewal": ColumnTypes["yes_no"],
    "paid_on": ColumnTypes["date"],
}
REFUSED = ("names no column", "comparison with null", "divides by zero")


def table(deals: list[dict[str, Any]]) -> pl.DataFrame:
    def exact(name: str, value: Any) -> Any:
        if not isinstance(value, Fraction):
            return value
        return int(value) if name == "seats" else Decimal(value.numerator) / Decimal(value.denominator)

    return pl.DataFrame([{n: exact(n, v) for n, v in deal.items()} for deal in deals], schema=filter_schema(CUSTOM))


@pytest.mark.parametrize("deep", [1, 2, 3])
def test_filters_by_chance_are_computed_as_they_are_written(seed: int, deep: int) -> None:
    chance = Random(seed + deep)
    filters = Filters(chance)
    refused: list[str] = []
    for _ in range(300):
        text, says = filters.condition(deep)
        deals = [a_deal(chance) for _ in range(5)]
        try:
            compiled = compile_filter(text, CUSTOM)
        except FilterError as error:
            refused.append(str(error))
            continue
        found = table(deals).with_row_index("place").filter(compiled)["place"].to_list()
        assert found == [place for place, deal in enumerate(deals) if says(deal)], (text, deals)
    assert [each for each in refused if not any(why in each for why in REFUSED)] == []
    assert len(refused) < 100


def says(text: str, **deal: Any) -> Any:
    rows = table([{"seats": 7, "margin": Decimal("10.5"), "segment": "smb"} | deal])
    return rows.select(compile_filter(text, CUSTOM).alias("says"))["says"].item()


@pytest.mark.parametrize(
    ("text", "deal", "right"),
    [
        ("seats / 2 = 3.5", {}, True),
        ("1 / 3 * seats < 2.333333333334", {}, True),
        ("seats / (seats - 7) > 1", {}, None),
        ("coalesce(margin // (seats - 7), 0) = 0", {}, True),
        ("seats * seats > 0", {"seats": 10**18 - 1}, True),
        ("-7 // 2 = -3 and seats % 2 = 1", {}, True),
        ("renewal is not true", {"renewal": None}, True),
        ("renewal is not false", {"renewal": None}, True),
        ("right(segment, 5) = 'smb'", {}, True),
        ("left(segment, strpos(segment, 'b') - 1) = 'sm'", {}, True),
        ("strpos(segment, product) is null", {}, True),
    ],
)
def test_what_the_engine_left_to_itself_gets_wrong(text: str, deal: dict[str, Any], right: bool | None) -> None:
    assert says(text, **deal) is right


@pytest.mark.parametrize(
    ("text", "mend"),
    [
        ("seats / 0 > 1", "divide by another number"),
        ("margin < 90% * amount", "0.9"),
        ("margin >= 10%", "0.9"),
        ("close_date + INTERVAL '1 hour' > paid_on", "days"),
        ("close_date + INTERVAL (seats) month > paid_on", "days"),
        ("paid_on - close_date = INTERVAL '11 days'", "days between two dates are a number"),
        ("round(margin, -1) = 10", "whole number"),
        ("substr(segment, 0) = 'x'", "whole number"),
        ("segment || seats = 'x'", "only text fits"),
    ],
)
def test_what_cannot_be_computed_as_it_is_written_is_refused_with_what_to_write(text: str, mend: str) -> None:
    with pytest.raises(FilterError) as refused:
        compile_filter(text, CUSTOM)
    assert mend in refused.value.mend
