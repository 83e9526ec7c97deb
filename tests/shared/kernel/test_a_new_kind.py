"""Adding a kind of component takes one module and nothing else. What is added here is the module that the page shows."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "new-component-kind.md").read_text()
ROSTER = "participant_id,plan\nann,rep\n"
DEALS = "deal_id,owner,amount,close_date\nD1,ann,50000,2025-03-01\nD2,ann,90000,2025-03-02\n"


def block(language: str) -> str:
    found = re.search(rf"```{language}[^\n]*\n(.*?)```", PAGE, flags=re.S)
    assert found is not None
    return found[1]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packages as they are, with one module more."""
    folder = tmp_path_factory.mktemp("copy")
    for package in ("shared", "earnest"):
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "shared" / "kernel" / "components" / "band.py").write_text(block("python"))
    (folder / "plan.yaml").write_text(block("yaml"))
    (folder / "turned.yaml").write_text(block("yaml").replace("below: 100000", "below: 1000"))
    (folder / "deals.csv").write_text(DEALS)
    (folder / "roster.csv").write_text(ROSTER)
    return folder


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "earnest.cli", *arguments], cwd=folder, capture_output=True, text=True, check=False
    )


def test_it_is_paid_and_explained(copy: Path) -> None:
    done = run(copy, "calc", "--plan", "plan.yaml", "--deals", "deals.csv", "--roster", "roster.csv", "--out", "out")
    assert done.returncode == 0, done.stderr
    assert (copy / "out" / "earnings.csv").read_text().splitlines()[1:] == ["ann,middle,2025-03,4000.00,USD"]
    lines = (copy / "out" / "lines.csv").read_text().splitlines()[1:]
    assert ["1500.00" in lines[0], "2500.00" in lines[1], len(lines)] == [True, True, 2], lines


def test_it_is_said_in_the_plan_document(copy: Path) -> None:
    done = run(copy, "plan", "show", "plan.yaml")
    said = "Pays 5% of what bookings bring from 20,000 to 100,000, and nothing of the rest."
    assert said in done.stdout, done.stderr


def test_it_is_checked_and_its_assertions_run(copy: Path) -> None:
    assert run(copy, "plan", "check", "plan.yaml").stdout == "1 file: nothing to mend\n"
    assert run(copy, "plan", "assert", "plan.yaml").stdout.endswith("3 passed\n")
    found = json.loads(run(copy, "plan", "check", "--format", "json", "turned.yaml").stdout)
    assert [(each["code"], each["line"], each["column"]) for each in found] == [("X101", 10, 77)]


def test_it_is_in_the_schema(copy: Path) -> None:
    schema = json.loads(run(copy, "plan", "schema").stdout)
    field = schema["$defs"]["Band"]["properties"]["above"]
    assert field["description"] == "The part of the measure that is paid begins here."
