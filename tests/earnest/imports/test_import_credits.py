"""An import says whom its deals credit, and warns where that is nobody."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from earnest.cli import app

FIELDS = {"stage": {"constant": "won"}, "currency": {"constant": "EUR"}, "amount": "$.value", "owner": "$.rep"}
PLAN = """
plan: rep
version: 1
name: Rep
currency: EUR
effective_from: 2025-01-01
credits: [{rule: own, when: "stage = 'won' and amount >= 50"}]
measures: [{measure: sales, sum_of: [own]}]
components: [{component: pay, kind: flat, measure: sales, rate: 5%}]
"""


def imported(folder: Path, deals: str, plan: str = PLAN) -> tuple[int, str]:
    recipe = {
        "deals": {
            "file": "deals.csv",
            "mapping": {"source": "crm", "deal_id": "$.id", "fields": {**FIELDS, "close_date": "$.day"}},
        },
        "roster": {"participant": "who", "manager": "boss", "territory": "where"}
        | {"file": "team.csv", "effective_from": "2025-01-01", "plan": "rep", "manager_plan": "rep"},
        "quotas": {"measure": "sales", "months": 1, "nearest": 1},
        "occurred_at": "2025-02-01",
    }
    (folder / "plans").mkdir(exist_ok=True)
    (folder / "import.yaml").write_text(yaml.safe_dump(recipe))
    (folder / "team.csv").write_text("who,boss,where\nann,mia,west\nbob,mia,west\n")
    (folder / "deals.csv").write_text(f"id,value,rep,day\n{deals}")
    if plan:
        (folder / "plans" / "rep.yaml").write_text(plan)
    run = CliRunner().invoke(app, ["import", str(folder), "--with", str(folder), "--files-only", str(folder / "out")])
    return run.exit_code, " ".join(run.output.split())


def test_an_import_that_credits_everybody_says_so(tmp_path: Path) -> None:
    code, said = imported(tmp_path, "D1,100,ann,2025-03-01\nD2,70,bob,2025-03-02\n")
    assert code == 0
    assert "Credited: 2 of 2 won deals." in said
    assert "Warning" not in said


def test_what_credits_nobody_is_counted_with_its_reason_and_the_first_deal(tmp_path: Path) -> None:
    code, said = imported(
        tmp_path, "D1,100,ann,2025-03-01\nD2,70,ben,2025-03-02\nD3,70,ben,2025-03-02\nD4,9,bob,2025-03-02\n"
    )
    assert code == 0
    assert "Credited: 1 of 4 won deals." in said
    assert "Warning: 2 won deals, or shares of them, lack a credit (unknown_participant)" in said
    assert "the first of them D2: ben is not in the roster on the close date" in said
    assert "Warning: 1 won deal, or a share of it, credits nobody (no_rule), D4:" in said


@pytest.mark.parametrize("deals", ["D1,100,rep-1,2025-03-01\n", "D1,100,ann,2024-03-01\n", "D1,many,ann,2025-03-01\n"])
def test_an_import_that_credits_nobody_warns_and_fails(tmp_path: Path, deals: str) -> None:
    code, said = imported(tmp_path, deals)
    assert code == 1
    assert "Warning: this import credits nobody." in said
    assert (tmp_path / "out" / "deals.csv").is_file()
    assert (tmp_path / "out" / "import-report.csv").is_file()


def test_a_deal_that_waits_for_the_date_of_its_credit_is_no_miss(tmp_path: Path) -> None:
    waiting = PLAN.replace("{rule: own,", "{rule: own, date: paid_on,") + "columns: {paid_on: date}\n"
    code, said = imported(tmp_path, "D1,100,ann,2025-03-01\n", waiting)
    assert (code, "Credited: 0 of 1 won deals." in said) == (0, True)


def test_ids_stay_as_they_are_and_null_or_a_blank_is_nobody_in_a_mapping_of_the_earlier_form(tmp_path: Path) -> None:
    imported(tmp_path, "D1,100,ann,2025-03-01\n")
    (tmp_path / "team.csv").write_text("who,boss,where\nrep-1,mgr-1,west\nmgr-1,NULL,west\n")
    (tmp_path / "deals.csv").write_text("id,value,rep,day\nD1,100,rep-1,2025-03-01\nD2,70,,2025-03-02\n")
    out = tmp_path / "out"
    run = CliRunner().invoke(app, ["import", str(tmp_path), "--with", str(tmp_path), "--files-only", str(out)])
    assert run.exit_code == 0
    assert "Credited: 1 of 2 won deals." in " ".join(run.output.split())
    with (out / "roster.csv").open(newline="") as file:
        managers = {row["participant_id"]: row["manager"] for row in csv.DictReader(file)}
    assert managers == {"rep-1": "mgr-1", "mgr-1": ""}
