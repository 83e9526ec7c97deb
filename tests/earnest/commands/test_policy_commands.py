"""Policy files from the command line: mistakes at their line and column, examples that hold, publication and calendars."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from earnest.policies import check_text
from tests.command_line import earnest

EXAMPLES = Path(__file__).resolve().parents[3] / "examples" / "pay"
BROKEN = """\
kind: pay_group
id: us sales
valid_from: 2026-01-32
calendar:
  every: half_month
  ends_on: [15, many]
  anker: 2026-01-01
arrears_days: "5"
business_day: never
"""


def run(*arguments: str | Path) -> tuple[int, str]:
    done = earnest(*arguments, environment={"COLUMNS": "160"})
    return done.returncode, done.stdout + done.stderr


def said(text: str) -> list[str]:
    return [f"{each.position.line}:{each.position.column} {each.finding.message}" for each in check_text(text, "f")[1]]


def test_every_mistake_is_told_at_its_line_and_column() -> None:
    assert said(BROKEN.replace("2026-01-32", "2026-01-31")) == [
        "2:5 us sales is not a name of this form",
        "6:17 many is not a whole number",
        "7:3 there is no field anker here",
        "8:15 5 is not a whole number",
        "9:15 never is none of before, after",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "1:1 a policy is a mapping that begins with 'kind: <kind>'"),
        ("id: x\n", "1:1 kind is missing"),
        ("id: x\nkind: pay_groop\n", "2:7 there is no kind pay_groop"),
        ("kind: pay_group\nid: x\nid: y\n", "3:1 id is said twice, and only one of them can count"),
        (BROKEN, "3:13 2026-01-32 is no date: day is out of range for month"),
        ("kind: pay_group\nid: x\nvalid_from: 2026-01-01\n", "1:1 calendar is missing"),
        ("kind: pay_group\nid: x\nvalid_from: 2026-01-01\ncalendar: {}\n", "4:1 every is missing"),
        (
            "kind: pay_group\nid: x\nvalid_from: 2026-01-01\ncalendar:\n  every: mont\n",
            "5:10 mont is none of month, half_month, week, two_weeks, fiscal_445, fiscal_454, fiscal_544",
        ),
    ],
)
def test_what_is_no_policy_says_what_it_lacks(text: str, expected: str) -> None:
    assert said(text) == [expected]


def test_a_word_that_is_nearly_right_is_suggested() -> None:
    text = "kind: pay_group\nid: x\nvalid_from: 2026-01-01\ncalendar:\n  every: two_weeks\n  anker: 2026-01-01\narears_days: 5\n"
    mends = {each.finding.message: each.finding.mend for each in check_text(text, "f")[1]}
    assert "anchor" in mends["there is no field anker here"]
    assert "ends_on" not in mends["there is no field anker here"]
    assert "arrears_days" in mends["there is no field arears_days here"]


def test_the_example_policies_hold() -> None:
    code, told = run("policy", "check", EXAMPLES)
    assert (code, told.strip()) == (0, f"{len(list(EXAMPLES.glob('*.yaml')))} files: nothing to mend")


def test_check_ends_with_1_where_something_is_wrong_and_speaks_json(tmp_path: Path) -> None:
    file = tmp_path / "broken.yaml"
    file.write_text(BROKEN.replace("2026-01-32", "2026-01-31"))
    code, told = run("policy", "check", file)
    assert code == 1
    assert f"{file}:7:3: error P102: there is no field anker here" in told
    code, told = run("policy", "check", "--json", file)
    assert (code, len(json.loads(told))) == (1, 5)
    assert run("policy", "check", tmp_path / "nothing.yaml")[0] == 1


def test_the_pay_periods_of_a_file_are_shown_before_it_is_published() -> None:
    code, told = run("calendar", "show", EXAMPLES / "us-semi-monthly.yaml", "--year", "2026")
    assert code == 0
    assert "2026-06-B" in told
    assert told.count("2026-07-02") == 1  # Sunday 5 July, and the 3rd is a holiday
    assert told.count("\n│ ") == 24


def test_the_schema_of_a_kind_is_written(tmp_path: Path) -> None:
    assert run("policy", "schema", "pay_group", "--out", tmp_path / "schema.json")[0] == 0
    assert "calendar" in json.loads((tmp_path / "schema.json").read_text())["properties"]
    assert run("policy", "schema", "pay_groop")[0] == 1
