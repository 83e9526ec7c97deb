"""Places of a contest by a ratio that differs by less than a cent."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from earnest.files.calculation import calculate
from shared.explanation.parts import parts_of_lines
from shared.kernel import PlanSet
from shared.kernel.plan.plan_file import read_plan
from tests.earnest.files.test_calc_language import HEAD

PLAN = """
columns: {margin: decimal}
measures: [{measure: margin_rate, ratio: {of: [earned], to: [own]}}]
components: [{component: race, kind: contest, measure: margin_rate, prizes: [300, 100]}]
"""


def test_places_are_told_by_what_decided_them_though_results_read_the_same(tmp_path: Path) -> None:
    head = HEAD.replace("[{rule: own}]", "[{rule: own}, {rule: earned, amount: margin}]")
    (tmp_path / "deals.csv").write_text(
        "deal_id,owner,amount,close_date,margin\nD1,ann,10000,2025-01-15,2460\nD2,bob,10000,2025-01-15,2480\n"
    )
    (tmp_path / "roster.csv").write_text("participant_id\nann\nbob\n")
    plans = PlanSet([read_plan(head + PLAN, "plan")])
    found = calculate(tmp_path / "deals.csv", tmp_path / "roster.csv", plans=plans, step=lambda _: None)
    assert dict(found.earnings.select("participant_id", "amount").iter_rows()) == {"ann": 10000, "bob": 30000}
    for who, place in (
        ("ann", "of place 2 among 2 by margin_rate: 100"),
        ("bob", "of place 1 among 2 by margin_rate: 300"),
    ):
        own = pl.col("participant_id") == who
        explained = type(found.explained)(*(table.filter(own) for table in found.explained))
        (part,) = parts_of_lines(
            explained,
            found.earnings.filter(own),
            plans=plans,
            component="race",
            period="2025-01",
            everyone=found.earnings,
        )
        assert place in part.lines[-1].sentence
