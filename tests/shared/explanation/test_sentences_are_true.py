"""Sentences of explanations say what is so, in numbers that a rep can follow."""

from __future__ import annotations

from pathlib import Path

import pytest

from earnest.files.calculation import calculate
from shared.explanation import parts_of_lines
from shared.kernel import PlanSet
from shared.kernel.plan.plan_file import read_plan

CASES = Path(__file__).parents[2] / "conformance" / "cases"


@pytest.mark.parametrize(
    ("case", "said"),
    [
        (
            "own-37-new-rates-in-a-quarter-continue",
            "By this version the pay of the quarter so far comes to 8,400.00, and without this line to 4,800.00,"
            " so this line pays 3,600.00 USD.",
        ),
        ("own-13-cap-with-carry-over", "By itself it pays nothing. What the plan gives for sales comes to zero."),
        ("own-05-two-of-three-gates", "then 1 else 0 end >= 2 (attainment(sales_a) 0.00%"),
        ("own-95-a-rate-of-results-by-segment", "where rate >= 6% (rate 2%), under"),
        (
            "own-29-true-up-in-december",
            "(130.00% of quota). 130,000.00 × 2% = 2,600.00 (everything, above 120% of quota). The pay",
        ),
        ("we-41-executive-bonus-matrix", "What the plan gives for bonus comes to zero. Here attainment(income) 80.00%"),
        ("we-39-volume-times-margin", "Here gross_margin 22.5%."),
        ("we-64-base-rate-bonus-and-multipliers", "referrals 75, conversion 12%."),
    ],
)
def test_a_sentence_says_what_is_so(case: str, said: str) -> None:
    folder = CASES / case
    plans = PlanSet([read_plan(file.read_text(), file.name) for file in sorted(folder.glob("plan*.yaml"))])
    found = calculate(folder / "deals.csv", folder / "roster.csv", plans=plans, step=lambda _: None)
    told = []
    for who, component, period in found.earnings.select("participant_id", "component", "period").unique().rows():
        own = [table.filter(participant_id=who) for table in found.explained]
        earned = found.earnings.filter(participant_id=who)
        explained = type(found.explained)(*own)
        for part in parts_of_lines(explained, earned, plans=plans, component=component, period=period):
            told += [part.sentence, *(line.sentence for line in part.lines)]
            assert sum(line.amount for line in part.lines) == part.amount
    assert any(said in sentence for sentence in told), told
    assert not [sentence for sentence in told if "-0.00" in sentence or "\n" in sentence]
