"""The short way of plain deals and the long way through the contract come to the same table."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from earnest.files.deals import merged_deals
from earnest.files.plain_deals import plain_deals
from earnest.files.rows import ROW
from shared.kernel.tables import DEALS

COLUMNS = pl.Schema({**DEALS, "segment": pl.String(), "strategic": pl.Boolean(), "seats": pl.Int64()})
amounts = st.one_of(
    st.decimals(-(10**13), 10**13, places=2).map(str),
    st.sampled_from(
        ["0", "-0.00", "-.5", "5.", "12.300", "12.301", "1e3", "1_000", "007", "999999999999.9999", "x", "+1"]
    ),
)
dates = st.one_of(
    st.dates(date(1990, 1, 1)).map(str), st.sampled_from(["2025-02-29", "2024-02-29", "1/2/2025", "0001-01-01"])
)
names = st.sampled_from(["ann", "bob", "Zoé", "a b", "p" * 128, "p" * 129, "a/b", "-x"])
texts = st.one_of(st.sampled_from(["GTX Pro", "x" * 512, "é" * 512, "x" * 513, "a\0b"]), st.text("äb \n'", min_size=1))
cells: dict[str, st.SearchStrategy[str]] = {
    "deal_id": st.one_of(st.integers(1, 30).map(str), names),
    "owner": names,
    "amount": amounts,
    "close_date": dates,
    "stage": st.sampled_from(["open", "won", "lost", "cancelled", "Won", "closed"]),
    "list_amount": amounts,
    "currency": st.sampled_from(["USD", "JPY", "KWD", "CLF", "ZZZ", "usd"]),
    "open_date": dates,
    "product": texts,
    "territory": texts,
    "splits": st.sampled_from(["ann:60;bob:40", "ann:100", "ann:60"]),
    "refunds": st.sampled_from(["r1:5.00:2025-01-01", "r1:5"]),
    "segment": texts,
    "strategic": st.sampled_from(["yes", "No", "TRUE", "maybe"]),
    "seats": st.sampled_from(["5", "-5", "5.0", "1" * 18, "1" * 19, "five"]),
}
ordinary = st.fixed_dictionaries(
    {
        "deal_id": st.integers(1, 30).map(str),
        "amount": st.sampled_from(["10.50", "3"]),
        "close_date": st.just("2025-01-31"),
    }
)
odd_cells = st.lists(
    st.sampled_from(sorted(cells)).flatmap(lambda name: st.tuples(st.just(name), cells[name])), max_size=2
)
rows = st.lists(st.builds(lambda row, odd: row | {"owner": "ann"} | dict(odd), ordinary, odd_cells), max_size=12)


@settings(max_examples=300)
@given(rows, st.sampled_from(["USD", "JPY", None]))
def test_plain_rows_become_what_the_contract_makes_of_them(found: list[dict[str, Any]], currency: str | None) -> None:
    kinds = {ROW: pl.Int64, **dict.fromkeys(cells, pl.String)}
    numbered = pl.DataFrame([{ROW: n, **row} for n, row in enumerate(found, 2)], schema=kinds)
    plain, rest = plain_deals(numbered, COLUMNS, currency=currency)
    merged, refused = merged_deals(rest, COLUMNS, currency=currency)
    expected, all_refused = merged_deals(numbered, COLUMNS, currency=currency)
    assert_frame_equal(pl.concat([plain, merged]).sort("deal_id"), expected.sort("deal_id"))
    assert_frame_equal(refused, all_refused)


def test_an_ordinary_file_goes_the_short_way() -> None:
    ordinary = pl.DataFrame(
        {
            ROW: [2, 3],
            "deal_id": ["d1", "d2"],
            "owner": ["ann", "bob"],
            "amount": ["10.5", "-3"],
            "close_date": ["2025-01-31"] * 2,
        }
    )
    plain, rest = plain_deals(ordinary, COLUMNS, currency="USD")
    assert plain["amount"].to_list() == [1050, -300]
    assert rest.is_empty()
