"""The plans that others published are computed to what was worked out by hand, and their assertions hold."""

from __future__ import annotations

import csv
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from earnest.files.calculation import calculate
from earnest.plans.files import read_plans
from shared.kernel.checks.assertions import assertion_results
from shared.money import from_minor

FOLDER = Path(__file__).resolve().parents[3] / "examples" / "public_plans"
PLANS = sorted(path for path in FOLDER.iterdir() if path.is_dir())


@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: plan.name)
def test_a_public_plan_pays_what_was_worked_out_by_hand(plan: Path) -> None:
    plans = read_plans([plan / "plan.yaml"])
    found = calculate(plan / "deals.csv", plan / "roster.csv", plans=plans, step=lambda _: None)
    paid = {
        (row["participant_id"], row["component"], row["period"]): from_minor(row["amount"], row["currency"])
        for row in found.earnings.filter(pl.col("amount") != 0).iter_rows(named=True)
    }
    with (plan / "expected.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    expected = {(row["participant_id"], row["component"], row["period"]): Decimal(row["amount"]) for row in rows}
    assert paid == expected
    assert all(row["why"] for row in rows)
    assert set(found.rejected["reason"]) <= {"no_rule"}  # a deal that the plan leaves out on purpose
    assert not found.notes
    assert all(point.holds for each in plans for point in assertion_results(each))
    assert found.explained.lines["amount"].sum() == found.earnings["amount"].sum()


def test_every_public_plan_names_its_source_and_what_was_ambiguous() -> None:
    assert len(PLANS) == 3
    listed = (FOLDER / "README.md").read_text()
    for plan in PLANS:
        page = (plan / "README.md").read_text()
        assert "**Source.**" in page
        assert "http" in page
        assert "**What was ambiguous" in page
        assert f"]({plan.name}/README.md)" in listed
