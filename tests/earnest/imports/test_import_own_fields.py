"""An import holds the company's own fields against the plans, and leaves all of a deal to `earnest calc`."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import yaml

from earnest.files.rows import read_rows
from tests.command_line import earnest

PLAN = """
plan: rep
version: 1
name: Rep
currency: USD
effective_from: 2025-01-01
columns: {seats: number}
credits: [{rule: own}]
measures: [{measure: sales, sum_of: [own]}]
components: [{component: pay, kind: flat, measure: sales, rate: 5%}]
"""
MAPPING = {
    "deals": {
        "file": "deals.csv",
        "deal_id": "id",
        "fields": {
            "amount": "value",
            "owner": "rep",
            "close_date": "day",
            "custom.seats": "seats",
        },
        "payments": {"id": "paid", "amount": "value", "date": "day"},
    },
    "roster": {"file": "deals.csv", "participant_id": "rep"},
}


def test_what_a_plan_cannot_read_is_refused_with_its_row_and_the_rest_is_written_whole(tmp_path: Path) -> None:
    (tmp_path / "deals.csv").write_text(
        "id,value,rep,day,seats,paid\nA1,100,ann,2025-01-15,5,p1\nA2,100,ann,2025-01-15,=many,\n"
        "A3,1e999999999,ann,2025-01-15,1,\n"
    )
    (tmp_path / "plan.yaml").write_text(PLAN)
    (tmp_path / "mapping.yaml").write_text(yaml.safe_dump(MAPPING))
    out = tmp_path / "out"
    run = earnest("import", ".", "--mapping", ".", "--plan", "plan.yaml", "--files-only", out, folder=tmp_path)
    assert run.returncode == 0, run.stdout + run.stderr
    report = read_rows(out / "import-report.csv", "report", required=()).frame
    assert set(report.filter(kind="refused")["row"]) == {"3", "4"}
    [deal] = [
        row
        for row in read_rows(out / "deals.csv", "deals", required=["deal_id"]).frame.iter_rows(named=True)
        if row["deal_id"] == "A1"
    ]
    assert (deal["seats"], deal["payments"]) == ("5", "p1:100:2025-01-15")
    assert "\n=" not in (out / "import-report.csv").read_text()


def test_yes_and_no_of_a_typed_column_are_so_whatever_words_texts_have(tmp_path: Path) -> None:
    (tmp_path / "plan.yaml").write_text(PLAN.replace("seats: number", "renewal: yes_no"))
    mapping = yaml.safe_load(yaml.safe_dump(MAPPING)) | {"notation": {"yes": ["ja"], "no": ["nein"]}}
    fields = mapping["deals"]["fields"]
    fields["custom.renewal"] = fields.pop("custom.seats").replace("seats", "renewal")
    frame = {"id": ["A1", "A2"], "value": ["1", "2"], "rep": ["ann"] * 2, "day": ["2025-01-15"] * 2}
    deals = pl.DataFrame(frame | {"renewal": [True, False], "paid": [None, None]})
    for name, write in (("deals.parquet", deals.write_parquet), ("deals.xlsx", deals.write_excel)):
        write(tmp_path / name)
        mapping["deals"]["file"] = mapping["roster"]["file"] = name
        (tmp_path / "mapping.yaml").write_text(yaml.safe_dump(mapping))
        run = earnest("import", ".", "--mapping", ".", "--plan", "plan.yaml", "--files-only", "out", folder=tmp_path)
        assert run.returncode == 0, run.stdout + run.stderr
        read = read_rows(tmp_path / "out" / "deals.csv", "deals", required=["renewal"]).frame
        assert read["renewal"].to_list() == ["true", "false"]
