"""What docs/analyst.md and docs/plan-language.md show is what happens when somebody does it, and nothing is left out."""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import pytest

from earnest.files.calculation import REASONS, calculate
from earnest.files.cells import DEAL_COLUMNS
from earnest.files.results import write_results
from shared.contracts.roster_rows import COLUMNS
from shared.kernel import PlanSet
from shared.kernel.components import KINDS
from shared.kernel.language.crediting_rules import RELATIONS
from shared.kernel.language.filters import ColumnTypes, compile_filter
from shared.kernel.language.formulas import FUNCTIONS
from shared.kernel.language.values import PlanPart
from shared.kernel.plan.exact_yaml import read_yaml
from shared.kernel.plan.plan_file import read_plan
from shared.kernel.plan.version import Plan
from tests.command_line import earnest

DOCS = Path(__file__).resolve().parents[3] / "docs"
PAGES = {name: (DOCS / name).read_text() for name in ("analyst.md", "plan-language.md")}
ANALYST, LANGUAGE = PAGES["analyst.md"], PAGES["plan-language.md"]
FILES = {
    name: text
    for page in PAGES.values()
    for name, text in re.findall(r"```(?:yaml|csv) (\S+)\n(.*?)```", page, re.DOTALL)
    if not name.startswith(".earnest/")  # files of an installation, which are of no recipe
}
PIECES = re.findall(r"```yaml\n(.*?)```", LANGUAGE, re.DOTALL)
CONDITIONS = re.findall(r"^stage = .*$", LANGUAGE, re.MULTILINE)
FIVE_MINUTES = ("plans/", "out/")
WORKED = sorted(
    {name.split("/")[0] for name in FILES if "/" in name and not name.startswith(FIVE_MINUTES)},
    key=lambda folder: next(place for place, name in enumerate(FILES) if name.startswith(f"{folder}/")),
)


def test_the_five_minutes_come_out_as_they_say(tmp_path: Path) -> None:
    results = {name: text for name, text in FILES.items() if name.startswith("out/")}
    assert set(results) == {"out/earnings.csv", "out/rejected.csv"}
    for name in ("plans/rep.yaml", "plans/manager.yaml", "roster.csv", "deals.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(FILES[name])
    command, *_ = re.findall(r"^\.venv/bin/earnest (calc .*)$", ANALYST, re.MULTILINE)
    assert earnest(*command.split(), folder=tmp_path).returncode == 0
    for name, text in results.items():
        assert (tmp_path / name).read_text() == text
    lines = list(csv.DictReader((tmp_path / "out" / "lines.csv").open()))
    slices = [line["slices"] for line in lines if (line["participant_id"], line["component"]) == ("ann", "commission")]
    assert slices == ["80000.00 at 5%", "20000.00 at 5% + 20000.00 at 8%", "12000.00 at 8%"]


@pytest.mark.parametrize("recipe", WORKED)
def test_every_recipe_comes_out_as_it_says(recipe: str, tmp_path: Path) -> None:
    for name in ("deals.csv", "roster.csv"):
        (tmp_path / name).write_text(FILES[f"{recipe}/{name}"])
    plans = [read_plan(text, name) for name, text in FILES.items() if name.startswith(f"{recipe}/") and is_plan(name)]
    found = calculate(tmp_path / "deals.csv", tmp_path / "roster.csv", plans=PlanSet(plans), step=lambda _: None)
    write_results(found, tmp_path)
    assert (tmp_path / "earnings.csv").read_text() == FILES[f"{recipe}/earnings.csv"]
    assert found.rejected.is_empty()
    assert all("here they are on the only one" in note for note in found.notes)
    assert found.explained.lines["amount"].sum() == found.earnings["amount"].sum()


def is_plan(name: str) -> bool:
    return name.endswith(".yaml") and not name.endswith("/terms.yaml")


def test_there_is_a_recipe_for_every_kind() -> None:
    shown = {
        component.kind
        for name, text in FILES.items()
        if is_plan(name)
        for component in read_plan(text, name).components
    }
    assert shown == set(KINDS)


@pytest.mark.parametrize("condition", CONDITIONS)
def test_every_condition_shown_is_one(condition: str) -> None:
    own = {"strategic": ColumnTypes["yes_no"], "renewal": ColumnTypes["yes_no"]}
    compile_filter(condition.partition("--")[0], own)


@pytest.mark.parametrize("piece", PIECES, ids=lambda piece: piece.split("\n")[0])
def test_the_pieces_of_plans_shown_fit_into_a_plan(piece: str) -> None:
    base = _whole()
    found = read_yaml(piece)
    for part, content in (found if isinstance(found, dict) else {"components": found}).items():
        base[part] = _beside(base.get(part), content, _NAMED_BY[part]) if part in _NAMED_BY else content
    Plan.model_validate(base)


_NAMED_BY = {"credits": "rule", "measures": "measure", "components": "component"}


def _whole() -> dict[str, Any]:
    """The small plan with the columns, rules and measures that the page shows."""
    base: dict[str, Any] = read_yaml(FILES["small/plan.yaml"])
    for first in ("columns: {segment", "credits:\n  - {rule: own}\n  - {rule: own_margin"):
        base |= read_yaml(next(piece for piece in PIECES if piece.startswith(first)))
    return base


def _beside(before: list[dict[str, Any]] | None, added: list[dict[str, Any]], key: str) -> list[dict[str, Any]]:
    return list({each[key]: each for each in [*(before or []), *added]}.values())


def _parts(part: type[PlanPart]) -> Iterator[type[PlanPart]]:
    for each in part.__subclasses__():
        yield each
        yield from _parts(each)


def _literals(annotation: Any) -> Iterator[str]:
    if get_origin(annotation) is Literal:
        yield from (value for value in get_args(annotation) if isinstance(value, str))
    for inner in get_args(annotation):
        yield from _literals(inner) if get_origin(annotation) is not Literal else ()


def test_every_field_of_the_language_and_every_choice_is_on_the_page() -> None:
    missing: dict[str, set[str]] = defaultdict(set)
    for part in _parts(PlanPart):
        for name, field in part.model_fields.items():
            for word in {field.alias or name, *_literals(field.annotation)}:
                if not re.search(rf"(?<![a-z_]){re.escape(word)}(?![a-z_])", LANGUAGE):
                    missing[part.__name__].add(word)
    assert not missing
    for name in {*Plan.model_fields, *KINDS, *RELATIONS, *ColumnTypes, *FUNCTIONS}:
        assert re.search(rf"`{name}[`(]|`to: {name}`", LANGUAGE), name


def test_every_column_and_reason_is_on_the_page() -> None:
    for name in {*DEAL_COLUMNS, *COLUMNS, *REASONS, "bad_value", "unreadable_row"}:
        assert f"`{name}`" in ANALYST, name
