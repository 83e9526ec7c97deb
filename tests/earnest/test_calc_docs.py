"""What docs/analyst.md shows is what happens when somebody does it."""

from __future__ import annotations

import csv
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from earnest.files.calculation import REASONS
from earnest.files.cells import DEAL_COLUMNS, ROSTER_COLUMNS
from shared.kernel.filters import ColumnTypes, compile_filter
from shared.kernel.plan import Plan, read_plan

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "analyst.md").read_text()
FILES = dict(re.findall(r"```(?:yaml|csv) (\S+)\n(.*?)```", PAGE, re.DOTALL))
CONDITIONS = re.findall(r"^stage = .*$", PAGE, re.MULTILINE)


def test_the_five_minutes_come_out_as_they_say(tmp_path: Path) -> None:
    results = {name: text for name, text in FILES.items() if name.startswith("out/")}
    assert set(results) == {"out/earnings.csv", "out/rejected.csv"}
    for name in FILES.keys() - results.keys():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(FILES[name])
    [command] = re.findall(r"^\.venv/bin/earnest (calc .*)$", PAGE, re.MULTILINE)
    subprocess.run(
        [sys.executable, "-m", "earnest.cli", *command.split()], cwd=tmp_path, check=True, capture_output=True
    )
    for name, text in results.items():
        assert (tmp_path / name).read_text() == text
    lines = list(csv.DictReader((tmp_path / "out" / "lines.csv").open()))
    slices = [line["slices"] for line in lines if (line["participant_id"], line["component"]) == ("ann", "commission")]
    assert slices == ["80000.00 at 5%", "20000.00 at 5% + 20000.00 at 8%", "12000.00 at 8%"]


@pytest.mark.parametrize("condition", CONDITIONS)
def test_every_condition_shown_is_one(condition: str) -> None:
    own = {"strategic": ColumnTypes["yes_no"](), "renewal": ColumnTypes["yes_no"]()}
    compile_filter(condition.partition("--")[0], own)


def test_the_pieces_of_plans_shown_fit_into_a_plan() -> None:
    base = yaml.safe_load(FILES["plans/rep.yaml"])
    pieces = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    assert len(pieces) == 2
    for piece in pieces:
        found = yaml.safe_load(piece)
        changed = base | (found if isinstance(found, dict) else {"components": found})
        Plan.model_validate(read_plan(yaml.safe_dump(changed), "plan").document())


def test_every_field_column_and_reason_is_on_the_page() -> None:
    kernel = set(Plan.model_fields) | {
        "rule",
        "to",
        "when",
        "measure",
        "sum_of",
        "component",
        "kind",
        "on",
        "tiers",
        "up_to",
        "rate",
    }
    for name in {*kernel, *DEAL_COLUMNS, *ROSTER_COLUMNS, *REASONS, "bad_value", "unreadable_row"}:
        assert f"`{name}`" in PAGE, name
