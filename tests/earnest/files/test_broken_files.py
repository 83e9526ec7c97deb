"""A catalogue of deals and roster files that are broken, with exactly what `earnest calc` says of each. Never a
traceback.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
import yaml

from earnest.files.calculation import calculate
from earnest.files.rejections import FileError
from earnest.files.results import write_results
from earnest.plans.files import read_plans

BROKEN = Path(__file__).parents[1] / "broken"
CASES: list[dict[str, Any]] = yaml.safe_load((BROKEN / "files.yaml").read_text())
SOUND = {
    "deals": "deal_id,owner,amount,close_date,renewal\nD1,ann,100.00,2025-03-03,no\n",
    "roster": "participant_id,plan,quota.bookings\nann,rep,100000\n",
}


def said(case: dict[str, Any], folder: Path) -> list[str]:
    """What is written to stderr, or the rows of rejected.csv, the notes and the warnings."""
    for name, text in (SOUND | {case["file"]: case["text"]}).items():
        (folder / f"{name}.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
    plans = read_plans([BROKEN / "base.yaml"])
    try:
        found = calculate(folder / "deals.csv", folder / "roster.csv", plans=plans, step=lambda _: None)
    except FileError as error:
        return [str(error).replace(f"{folder}/", "")]
    write_results(found, folder)
    with (folder / "rejected.csv").open() as text:
        rows = [f"{r['file']} row {r['row']} {r['id']}: {r['reason']}: {r['message']}" for r in csv.DictReader(text)]
    notes = [note for note in found.notes if "which the deals" not in note and "credited nothing" not in note]
    return rows + notes + found.warnings


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["case"])
def test_a_broken_file_is_told_in_plain_words_at_its_row(case: dict[str, Any], tmp_path: Path) -> None:
    assert said(case, tmp_path) == case["says"]
