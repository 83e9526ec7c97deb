"""Where deals are paid one after the other, each line says by what its deal was priced, so that a calculator comes to
the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from earnest.files.calculation import calculate
from shared.explanation import parts_of_lines
from shared.kernel import PlanSet
from shared.kernel.plan.plan_file import read_plan

CASES = Path(__file__).parents[2] / "conformance" / "cases"


@pytest.mark.parametrize(
    ("case", "month", "named"),
    [
        (
            "own-71-tiers-climbed-by-tickets",
            "2025-03",
            {"D4": "sold 150 before the deal and 90 after it"},
        ),
        (
            "own-72-the-deal-that-crosses-pays-the-new-rate",
            "2025-03",
            {
                "D4": "the whole deal at attainment(sales) 130.00%",
                "D5": "the whole deal at attainment(sales) 130.00%",
                "D6": "the whole deal at attainment(sales) 110.00%",
                "D7": "the whole deal at attainment(sales) 100.00%",
            },
        ),
        (
            "own-73-rate-of-each-deal-by-segment-size-and-margin",
            "2025-01",
            {
                "D1": "segment of the deal enterprise, amount of the deal 10,000 (up to 10,000),"
                " margin of the deal 30% (between 20% and 40%)",
                "D2": "segment of the deal enterprise, amount of the deal 10,000 (up to 10,000),"
                " margin of the deal 35% (between 20% and 40%)",
                "D3": "segment of the deal enterprise, amount of the deal 20,000 (above 10,000),"
                " margin of the deal 50% (as at 40%)",
                "D4": "segment of the deal public, amount of the deal 8,000 (up to 10,000),"
                " margin of the deal 10% (as at 20%)",
                "D5": "segment of the deal blank (everything else), amount of the deal 8,000 (up to 10,000),"
                " margin of the deal 25% (between 20% and 40%)",
            },
        ),
        (
            "own-77-tiers-anew-for-each-contract",
            "2025-03",
            {
                "I4": "for contract K1 alone, billed 1,600.00 before the deal and 900.00 after it",
                "I5": "for deals without contract together, billed 0.00 before the deal and 500.00 after it",
                "I6": "for deals without contract together, billed 500.00 before the deal and 1,200.00 after it",
            },
        ),
    ],
)
def test_a_line_says_by_what_its_deal_was_priced(case: str, month: str, named: dict[str, str]) -> None:
    folder = CASES / case
    plans = PlanSet([read_plan((folder / "plan.yaml").read_text(), "plan.yaml")])
    found = calculate(folder / "deals.csv", folder / "roster.csv", plans=plans, step=lambda _: None)
    own = [table.filter(participant_id="rep") for table in found.explained]
    earned = found.earnings.filter(participant_id="rep")
    [part] = parts_of_lines(type(found.explained)(*own), earned, plans=plans, component="commission", period=month)
    assert {line.deal_id: line.named for line in part.lines if line.slices} == named
    assert all(f"Here {line.named}." in line.sentence for line in part.lines)
    assert sum(line.amount for line in part.lines) == part.amount
