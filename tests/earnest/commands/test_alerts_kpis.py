"""`earnest alerts kpis`: what is wrong in a file of KPIs, what is watched, and the schema for editors."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema_rs
import pytest
import yaml

from tests.command_line import earnest

GOOD = """
columns: {seats: number}
kpis:
  - name: months_per_seat
    title: Months per seat
    unit: number
    of: deals
    where: stage = 'won' and seats > 0
    numerator: term_months
    denominator: seats
    observed: deals won that have seats
    bad: below
    drift: {}
    minimum: 30
    meaning: Months of term for each seat.
    action: Look.
  - name: win_rate
    threshold: {below: 25%}
"""


def test_check_names_what_is_wrong_with_line_and_mend(tmp_path: Path) -> None:
    slips = GOOD.replace("stage = 'won'", "stge = 'won'").replace("unit: number", "unit: numbers")
    (tmp_path / "a.yaml").write_text(GOOD)
    (tmp_path / "b.yaml").write_text("kpis:\n  - name: win_rate\n    minimun: 3\n")
    done = earnest("alerts", "kpis", "check", "a.yaml", folder=tmp_path)
    assert (done.returncode, done.stdout.strip()) == (0, "1 file: nothing to mend")
    done = earnest("alerts", "kpis", "check", "a.yaml", "b.yaml", folder=tmp_path)
    assert done.returncode == 1
    assert "b.yaml:3:5: error P102: there is no field minimun here\n    did you mean minimum?" in done.stdout
    (tmp_path / "a.yaml").write_text(slips)
    assert "a.yaml:6:11: error" in earnest("alerts", "kpis", "check", "a.yaml", folder=tmp_path).stdout
    (tmp_path / "a.yaml").write_text(slips.replace("numbers", "number"))
    (tmp_path / "b.yaml").write_text("kpis:\n  - name: months_per_seat\n    minimum: 3\n")
    done = earnest("alerts", "kpis", "check", "--json", ".", folder=tmp_path)
    told = json.loads(done.stdout)
    assert "did you mean stage?" in json.dumps(told)
    assert "a.yaml" in json.dumps(told)


@pytest.mark.parametrize(
    ("slip", "says"),
    [
        (("bad: below", "bad: below\n    grain: weekly"), "weekly is none of day, week, month, quarter"),
        (("bad: below", "bad: below\n    grain: weekly"), "did you mean week?"),
        (("stage = 'won'", "stage = 'wonn'"), "stage is never 'wonn'\n    did you mean won?"),
        (("stage = 'won'", "stage in ('won', 'opn')"), "stage is never 'opn'\n    did you mean open?"),
        (
            ("stage = 'won' and seats > 0", "seats > 0 and 'lst' <> stage"),
            "stage is never 'lst'\n    did you mean lost?",
        ),
        (
            ("bad: below", "bad: above\n    threshold: {below: 9}"),
            "a.yaml:13:24: error K206: below its threshold it is in breach, and bad says that above is trouble",
        ),
        (("below: 25%", "below: 25"), "error K208: a threshold of 25 is 2,500%, and this is a ratio"),
        (("below: 25%", "below: 25"), "write 25% if percent is meant"),
        (("below: 25%}", "below: 0.25}\n    minimum: 0"), "error K209: with a minimum of 0 it is compared where"),
        (("name: win_rate", "name: win_rat"), "there is no KPI win_rat that could be set otherwise"),
        (("name: win_rate", "name: win_rat"), "did you mean win_rate?"),
        (("threshold: {below: 25%}", "bad: above"), "write `threshold: {above: …}`, `bad: below` or `bad: both`"),
    ],
)
def test_what_could_only_be_a_slip_is_refused_in_plain_words(tmp_path: Path, slip: tuple[str, str], says: str) -> None:
    assert slip[0] in GOOD
    (tmp_path / "a.yaml").write_text(GOOD.replace(*slip))
    done = earnest("alerts", "kpis", "check", "a.yaml", folder=tmp_path)
    assert done.returncode == 1
    assert says in done.stdout


def test_a_limit_on_either_side_is_well_where_both_are_trouble(tmp_path: Path) -> None:
    for side in ("above", "below"):
        limit = f"bad: both\n    threshold: {{{side}: 9}}"
        (tmp_path / f"{side}.yaml").write_text(GOOD.replace("bad: below", limit))
        assert earnest("alerts", "kpis", "check", f"{side}.yaml", folder=tmp_path).returncode == 0


def test_list_shows_what_is_watched_and_which_file_is_not_used(tmp_path: Path) -> None:
    folder = tmp_path / ".earnest" / "kpis"
    folder.mkdir(parents=True)
    (folder / "own.yaml").write_text(GOOD)
    done = earnest("alerts", "kpis", "list", folder=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "months_per_seat" in done.stdout
    assert "below 0.25" in done.stdout
    (folder / "bad.yaml").write_text("kpis: [")
    done = earnest("alerts", "kpis", "list", folder=tmp_path)
    assert done.returncode == 1
    assert "bad.yaml is not used" in done.stdout


def test_the_schema_takes_good_files_and_refuses_misspelt_words(tmp_path: Path) -> None:
    schema = json.loads(earnest("alerts", "kpis", "schema", folder=tmp_path).stdout)
    good = yaml.safe_load(GOOD)
    assert jsonschema_rs.is_valid(schema, good)
    good["kpis"][0]["minimun"] = 3
    assert not jsonschema_rs.is_valid(schema, good)
    parts = {"": schema, **schema["$defs"]}
    assert [
        f"{name}.{field}"
        for name, part in parts.items()
        for field, said in part.get("properties", {}).items()
        if not said.get("description")
    ] == []
