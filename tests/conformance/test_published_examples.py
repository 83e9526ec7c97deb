"""Pay examples that others published, as plan files and data: the result must be theirs to the cent.

A case is a folder: the plan (its first lines say what it is and where it was published), deals, a roster, and what is expected of
January 2025. `docs/conformance.md` lists them.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from earnest.files.calculation import calculate
from earnest.files.plans import read_plans
from shared.money import from_minor

CASES = sorted((Path(__file__).parent / "cases").iterdir())
REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_published_pay_comes_out(case: Path) -> None:
    found = calculate(case / "deals.csv", case / "roster.csv", read_plans([case]), lambda _: None)
    paid: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for row in found.earnings.filter(pl.col("amount") != 0).iter_rows(named=True):
        paid[row["participant_id"], row["component"]] += from_minor(row["amount"], row["currency"])
    with (case / "expected.csv").open(newline="") as file:
        expected = {(r["participant_id"], r["component"]): Decimal(r["amount"]) for r in csv.DictReader(file)}
    assert dict(paid) == expected
    assert found.rejected.is_empty()
    assert found.explained.lines["amount"].sum() == found.earnings["amount"].sum()


def test_the_list_of_cases_is_complete() -> None:
    listed = (REPOSITORY / "docs" / "conformance.md").read_text()
    for case in CASES:
        comments = [line.removeprefix("# ") for line in (case / "plan.yaml").read_text().splitlines()[:2]]
        assert f"| {case.name} | {comments[0]} | {comments[1].removeprefix('Source: ')} |" in listed
