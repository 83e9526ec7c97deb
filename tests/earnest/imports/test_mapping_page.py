"""docs/mapping.md: what it shows comes out as it says, its commands run, and it explains every word of a mapping."""

from __future__ import annotations

import re
import shlex
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from pydantic import BaseModel

from earnest.imports.column_rules import ColumnRule, FileNotation, Section
from earnest.imports.mapping_file import Join, MappingFile, Table
from shared.value_rules import Notation
from tests.command_line import earnest

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "mapping.md").read_text()
FILES = dict(re.findall(r"```(?:yaml|csv) (\S+)\n(.*?)```", PAGE, re.DOTALL))
COMMANDS = re.findall(r"^\.venv/bin/earnest (.*)$", PAGE, re.MULTILINE)
TOTALS = {
    name: Decimal(amount.replace(",", ""))
    for name, amount in re.findall(r"^\| (\w+) \| ([\d,]+\.\d\d) \|$", PAGE, re.MULTILINE)
}


def test_the_first_mapping_comes_out_as_it_says(tmp_path: Path) -> None:
    for name, text in FILES.items():
        if not name.startswith("out/"):
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text(text)
    [command] = [command for command in COMMANDS if "--mapping mapping.yaml" in command]
    run = earnest(*shlex.split(command), folder=tmp_path)
    assert run.returncode == 0, run.stdout + run.stderr
    assert (tmp_path / "out" / "earnings.csv").read_text() == FILES["out/earnings.csv"]


@pytest.mark.parametrize(
    "command", [command for command in COMMANDS if "DATA" in command and not command.startswith("import")]
)
def test_the_commands_of_the_two_companies_run_as_written(command: str, shared_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    run = earnest(*shlex.split(command.replace("DATA", str(shared_folder / "data"))), folder=tmp_path)
    assert run.returncode == 0, run.stdout + run.stderr
    if "out/northwind" in command:
        earned = pl.read_csv(
            tmp_path / "out" / "northwind" / "earnings.csv", schema_overrides={"amount": pl.Decimal(12, 2)}
        )
        assert dict(earned.group_by("component").agg(pl.col("amount").sum()).iter_rows()) == TOTALS
        assert "809 of them won, 809 credited" in " ".join(run.stdout.split())
    if "out/crm" in command:
        assert "8,800 deals, 4,238 of them won, 4,238 credited" in " ".join(run.stdout.split())


def test_every_word_of_a_mapping_is_on_the_page() -> None:
    def models(kind: type[BaseModel]) -> set[type[BaseModel]]:
        return {kind}.union(*(models(inner) for inner in kind.__subclasses__()))

    known = {MappingFile, ColumnRule, Join, *models(Section), *models(Table), *models(FileNotation)} | {Notation}
    words = {field.alias or name for model in known for name, field in model.model_fields.items()}
    missing = [word for word in sorted(words) if not re.search(rf"`[^`\n]*\b{re.escape(word)}\b[^`\n]*`", PAGE)]
    assert missing == []
