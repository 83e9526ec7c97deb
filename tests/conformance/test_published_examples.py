"""Pay examples as plan files and data, published ones and our own: the result must be the expected one to the cent.

A case is a folder: the plan (its first lines say what it is and where it was published), deals, a roster, and
`expected.csv`, whose `amount` is what is earned in all by the columns beside it. `expected_lines.csv`, where there is
one, has every line of the participants and components that it names, in the columns of `lines.csv` that it has.
`docs/conformance.md` lists the cases.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from earnest.files.calculation import Calculation, calculate
from earnest.files.results import lines_table
from earnest.plans.files import read_plans
from shared.kernel.calendar import in_words
from shared.money import from_minor

CASES = sorted((Path(__file__).parent / "cases").iterdir())
REPOSITORY = Path(__file__).resolve().parents[2]
EARNING = ["participant_id", "plan", "version", "component", "period", "fiscal"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_expected_pay_comes_out(case: Path) -> None:
    found = calculate(case / "deals.csv", case / "roster.csv", plans=read_plans([case]), step=lambda _: None)
    assert found.rejected.is_empty(), found.rejected.rows()
    assert_pay(case, found)
    assert_lines_sum(found)
    if (case / "expected_lines.csv").exists():
        assert_lines(case, found)


def assert_pay(case: Path, found: Calculation) -> None:
    expected = rows_of(case / "expected.csv")
    by = [name for name in expected[0] if name != "amount"]
    paid: dict[tuple[str, ...], Decimal] = defaultdict(Decimal)
    earned = found.earnings.with_columns(fiscal_period=in_words(pl.col("fiscal")))
    for row in earned.filter(pl.col("amount") != 0).iter_rows(named=True):
        paid[tuple(row[name] for name in by)] += from_minor(row["amount"], row["currency"])
    wanted = {tuple(row[name] for name in by): Decimal(row["amount"]) for row in expected}
    assert {key: amount for key, amount in paid.items() if amount} == wanted


def assert_lines_sum(found: Calculation) -> None:
    told = found.explained.lines.group_by(EARNING).agg(told=pl.col("amount").sum())
    apart = found.earnings.join(told, on=EARNING, how="full", coalesce=True).filter(
        pl.col("amount").fill_null(0) != pl.col("told").fill_null(0)
    )
    assert apart.is_empty(), apart.rows()


def assert_lines(case: Path, found: Calculation) -> None:
    expected = rows_of(case / "expected_lines.csv")
    named = {(row["participant_id"], row["component"]) for row in expected}
    shown = [
        {name: "" if row[name] is None else str(row[name]) for name in expected[0]}
        for row in lines_table(found.explained, found.plans).iter_rows(named=True)
        if (row["participant_id"], row["component"]) in named
    ]
    assert shown == expected


def rows_of(file: Path) -> list[dict[str, str]]:
    with file.open(newline="") as text:
        return list(csv.DictReader(text))


def test_the_list_of_cases_is_complete() -> None:
    listed = (REPOSITORY / "docs" / "conformance.md").read_text()
    for case in CASES:
        comments = [line.removeprefix("# ") for line in (case / "plan.yaml").read_text().splitlines()[:2]]
        assert f"| {case.name} | {comments[0]} | {comments[1].removeprefix('Source: ')} |" in listed
