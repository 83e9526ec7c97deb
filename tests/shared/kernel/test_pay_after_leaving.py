"""Who has left is ranked to the end of the window in which they had a credit, and is paid nothing of a later one."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from tests.shared.kernel.test_versions_that_compare_people import CONTEST, JOINED, paid, sold, version

ROSTER = [
    *({"effective_from": JOINED, "participant_id": who, "plan": "rep"} for who in ("ann", "bob", "cy")),
    {"effective_from": date(2025, 2, 1), "participant_id": "bob", "active": False},
]
MEASURES = [
    {"measure": "sales", "sum_of": ["own"], "reset": "quarter"},
    {"measure": "month", "sum_of": ["own"]},
    {"measure": "all", "sum_of": ["own"], "among": "plan"},
]
DEALS = sold(
    ("ann", "2025-01-03", "300"),
    ("bob", "2025-01-04", "100"),
    ("cy", "2025-01-05", "100"),
    ("ann", "2025-02-05", "100"),
    ("ann", "2025-04-05", "100"),
)


@pytest.mark.parametrize(
    ("component", "pays"),
    [
        (
            {"kind": "pool", "amount": "90"},
            {"01": (30, 30, 30), "02": (45, 0, 45), "03": (45, 0, 45), "04": (45, 0, 45)},
        ),
        (
            {"kind": "pool", "amount": "90", "window": "quarter"},
            {"01": (30, 30, 30), "02": (45, 0, 45), "03": (45, 0, 45), "04": (45, 0, 45)},
        ),
        (
            {"kind": "pool", "rate": "10%", "funded_by": "sales"},
            {"01": ("16.67", "16.67", "16.66"), "02": ("3.33", "3.33", "3.34"), "04": (5, 0, 5)},
        ),
        (
            {"kind": "contest", "measure": "month", "prizes": ["50"], "minimum": "20"},
            {"01": (50, 20, 20), "02": (50, 0, 20), "03": (20, 0, 20), "04": (50, 0, 20)},
        ),
        (
            {"kind": "bonus", "amount": "70", "when": "all >= 100"},
            {"01": (70, 70, 70), "02": (70, 0, 70), "04": (70, 0, 70)},
        ),
        (
            {"kind": "formula", "amount": "70", "when": "all >= 100", "window": "quarter"},
            {"01": (70, 70, 70), "02": (70, 0, 70), "04": (70, 0, 70)},
        ),
        (
            {"kind": "bonus", "amount": "70", "when": "all >= 100", "pays": "quarter"},
            {"03": (140, 70, 140), "06": (70, 0, 70)},
        ),
    ],
)
def test_who_has_left_has_no_part_in_a_later_window(component: dict[str, Any], pays: dict[str, Any]) -> None:
    plan = version(1, JOINED, CONTEST, {"component": "it", **component}, measures=MEASURES)
    found = {(who, period[5:], amount) for who, _, of, period, amount in paid((DEALS, ROSTER, [plan])) if of == "it"}
    expected = {
        (who, month, round(float(amount) * 100))
        for month, amounts in pays.items()
        for who, amount in zip(("ann", "bob", "cy"), amounts, strict=True)
        if amount
    }
    assert found == expected
