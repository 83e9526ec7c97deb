"""Contract costs as files, published examples and our own: every amount must be the expected one to the cent.

A case is a folder: `contracts.yaml` (its first lines say what it is and where it was published) and `expected.csv`,
whose rows are amounts of a line, of an account or of all, in the months whose names begin with `period`.
`docs/conformance.md` lists the cases.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path

import pytest

from earnest.files.contract_costs import CostFile, read_costs
from earnest.files.cost_results import tables, window
from shared.money import from_minor
from shared.periods import month_of_number

CASES = sorted((Path(__file__).parent / "contract_costs").iterdir())
REPOSITORY = Path(__file__).resolve().parents[2]
SOURCES = {
    "amortised": {"run", "estimate_change"},
    "impaired": {"impairment"},
    "reversed": {"reversal"},
    "clawed_back": {"clawback"},
}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_expected_amounts_come_out(case: Path) -> None:
    file = read_costs(case / "contracts.yaml", None)
    expected = rows_of(case / "expected.csv")
    refusals = Counter(file.rejected["reason"].to_list())
    told = {row["what"].partition(":")[2]: int(row["amount"]) for row in expected if row["what"].startswith("refused")}
    assert refusals == told, file.rejected.rows()
    for row in expected:
        if not row["what"].startswith("refused"):
            found = value(file, row["what"], row["line"], row["period"])
            assert found == Decimal(row["amount"]), (row, found)
    assert_whole(file)


def value(file: CostFile, what: str, line: str, period: str) -> Decimal:
    found = file.books
    rows = [row for row in found.schedule if row.asset.line.earning_line_id == line]
    assets = [asset for asset in found.assets if asset.line.earning_line_id == line]
    if what in SOURCES:
        sign = -1 if what == "reversed" else 1
        amounts = [
            row.amount for row in rows if row.source in SOURCES[what] and month_of_number(row.month).startswith(period)
        ]
        return money(file, (sign * amount for amount in amounts))
    match what:
        case "capitalised":
            return money(file, (each.total for each in assets if month_of_number(each.recognised).startswith(period)))
        case "carrying":
            return money(
                file,
                [each.total for each in assets] + [-row.amount for row in rows if month_of_number(row.month) <= period],
            )
        case "expensed":
            spent = [
                each
                for each in found.expenses
                if each.line_id == line and month_of_number(each.month).startswith(period)
            ]
            return money(file, (each.total for each in spent))
        case "current" | "non_current":
            by = "month" if "-" in period else "year"
            (row,) = tables(file, f"{period}-01"[:7], last=f"{period}-12"[:7], by=by)["rollforward"][1]
            return row[what]
    first, last = window(found) or ("", "")
    journal = tables(file, first, last=last, by="month")["journals"][1]
    accounts = (
        {"commission_expense", "on_cost_expense", "impairment_loss"} if what == "expense" else {what.partition(":")[2]}
    )
    return sum(
        (
            (row["debit"] or Decimal(0)) - (row["credit"] or Decimal(0))
            for row in journal
            if row["account"] in accounts and row["period"].startswith(period)
        ),
        Decimal(0),
    )


def money(file: CostFile, amounts: Iterable[int]) -> Decimal:
    (digits,) = {from_minor(1, asset.line.currency) for asset in file.books.assets} or {Decimal("0.01")}
    return sum(amounts) * digits


def assert_whole(file: CostFile) -> None:
    """Schedules sum to their assets, batches to zero, and the roll-forward closes at what is carried."""
    found = file.books
    for asset in found.assets:
        assert sum(row.amount for row in found.schedule if row.asset is asset) == asset.total
    first, last = window(found) or ("2026-01", "2026-01")
    batches: Counter[str] = Counter()
    for row in tables(file, first, last=last, by="month")["journals"][1]:
        batches[row["batch_id"]] += (row["debit"] or Decimal(0)) - (row["credit"] or Decimal(0))
    assert not any(batches.values())
    assert all(row["closing"] == 0 for row in tables(file, last, last=last, by="month")["rollforward"][1])


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as text:
        return list(csv.DictReader(text))


def test_the_list_of_contract_cost_cases_is_complete() -> None:
    listed = (REPOSITORY / "docs" / "conformance.md").read_text()
    for case in CASES:
        comments = [line.removeprefix("# ") for line in (case / "contracts.yaml").read_text().splitlines()[:2]]
        assert f"| {case.name} | {comments[0]} | {comments[1].removeprefix('Source: ')} |" in listed
