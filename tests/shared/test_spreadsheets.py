"""One guard keeps what people export from becoming a formula in the spreadsheet that opens it."""

from __future__ import annotations

import polars as pl
import pytest

from services.payout.payroll.formats.cells import Words
from shared.spreadsheets import neutral, neutral_table

FORMULAS = [
    "=1+1",
    "+1",
    "-cmd|' /C calc'!A0",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    "\x00=1",
    "＝1",
    "＋1",
    "－1",
    "＠A1",
]


@pytest.mark.parametrize("text", FORMULAS)
def test_what_begins_as_a_formula_does_is_neutralised_by_every_export_alike(text: str) -> None:
    table = pl.DataFrame({"text": [text]})
    assert neutral(text) == f"'{text}" == Words().written(text) == neutral_table(table)["text"].item()


def test_a_table_keeps_negative_numbers_other_text_and_our_own_words() -> None:
    texts = ["-12.50", "-5%", "Acme", "", None, "a=b", "1-2"]
    table = pl.DataFrame({"text": texts, "slices": ["-5.00 at 5%"] * len(texts), "amount": [-1] * len(texts)})
    assert neutral_table(table, ours=["slices"]).equals(table)
