"""Payment terms as files, published examples and our own: every amount must be the expected one to the cent.

A case is a folder: `terms.yaml` (its first lines say what it is and where it was published), `earned.csv`, and where
they matter `deals.csv`, `events.csv` and `group.yaml`. `expected.csv` has a row per payment and the balances that
matter. `docs/conformance.md` lists the cases.
"""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from earnest.files.pay import PayFiles, pay_from_files
from earnest.files.pay_results import settlements, tables
from shared.pay.steps import BESIDE

CASES = sorted((Path(__file__).parent / "payment").iterdir())
REPOSITORY = Path(__file__).resolve().parents[2]
LAST = "through.txt"
"""Where a case ends at another time than its files name: the last month or day."""
GIVEN = BESIDE | {
    "earnings",
    "prior_period",
    "adjustment",
    "returned",
    "dismissal",
    "guarantee",
    "minimum",
    "forfeit",
    "write_off",
}
"""Steps that bring or take for good; all others move what is there."""


def sources(case: Path) -> PayFiles:
    def there(name: str) -> Path | None:
        return case / name if (case / name).exists() else None

    terms = sorted(case.glob("terms*.yaml"))
    last = (case / LAST).read_text().strip() if there(LAST) else None
    return PayFiles(
        terms=terms,
        earned=case / "earned.csv",
        deals=there("deals.csv"),
        events=there("events.csv"),
        group=there("group.yaml"),
        first=None,
        last=last,
    )


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_expected_payments_come_out(case: Path) -> None:
    found = pay_from_files(sources(case))
    assert found.rejected.rows() == []
    with (case / "expected.csv").open(newline="") as text:
        expected = list(csv.DictReader(text))
    columns = list(expected[0])
    assert tables(found)["payments"].select(columns).rows() == [tuple(row.values()) for row in expected]
    for _, each in settlements(found):
        assert sum(line.amount for line in each.lines if line.step not in BESIDE) == each.paid


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_is_earned_and_given_is_paid_or_still_open(case: Path) -> None:
    """Over all runs: what came in and what the company gave is what was paid, is carried or held, less what is owed back."""
    found = pay_from_files(sources(case))
    left: dict[tuple[str, str], int] = {}
    for _, each in settlements(found):
        owed = (each.participant_id, each.currency)
        left[owed] = left.get(owed, 0) - each.paid + sum(line.amount for line in each.lines if line.step in GIVEN)
    after = {
        (each.participant_id, each.currency): each.carried
        + sum(line.held for line in each.held.values())
        - each.draw
        - each.receivable
        for _, each in settlements(found)
    }
    events = (case / "events.csv").read_text() if (case / "events.csv").exists() else ""
    assert "opening" in events or left == after


def test_the_list_of_payment_cases_is_complete() -> None:
    listed = (REPOSITORY / "docs" / "conformance.md").read_text()
    for case in CASES:
        comments = [line.removeprefix("# ") for line in (case / "terms.yaml").read_text().splitlines()[:2]]
        assert f"| {case.name} | {comments[0]} | {comments[1].removeprefix('Source: ')} |" in listed
