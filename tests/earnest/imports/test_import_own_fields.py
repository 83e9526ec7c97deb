"""An import holds the company's own fields against the plans, and leaves all of a deal to `earnest calc`."""

from __future__ import annotations

from pathlib import Path

from earnest.files.rows import read_rows
from earnest.imports.reading import read_deals
from earnest.imports.recipe import Recipe
from earnest.imports.writing import write_deals, write_report
from shared.kernel.language.filters import ColumnTypes
from shared.settings import Settings

FIELDS = {
    "stage": {"constant": "won"},
    "currency": {"constant": "USD"},
    "amount": "$.value",
    "owner": "$.rep",
    "close_date": "$.day",
    "custom.seats": "$.seats",
}
RECIPE = Recipe.model_validate(
    {
        "deals": {
            "file": "deals.csv",
            "mapping": {"source": "crm", "deal_id": "$.id", "fields": FIELDS}
            | {"payments": {"id": "$.paid", "amount": "$.value", "date": "$.day"}},
        },
        "roster": dict.fromkeys(("participant", "manager", "territory", "plan", "manager_plan"), "x")
        | {"file": "team.csv", "effective_from": "2025-01-01"},
        "quotas": {"measure": "bookings", "months": 1, "nearest": 1},
        "occurred_at": "2025-02-01",
    }
)


def test_what_a_plan_cannot_read_is_rejected_with_its_row_and_the_rest_is_written_whole(tmp_path: Path) -> None:
    rows = "id,value,rep,day,seats,paid\nA1,100,ann,2025-01-15,5,p1\nA2,100,ann,2025-01-15,=many,\nA3,1e999999999,ann,2025-01-15,1,\n"
    (tmp_path / "deals.csv").write_text(rows)
    settings, columns = Settings(database_url="postgresql://"), {"seats": ColumnTypes["number"]}
    found = read_deals(tmp_path, RECIPE, people=frozenset({"ann"}), settings=settings, columns=columns)
    assert [(note.row, note.field) for note in found.notes] == [
        (3, "data.fields.custom.seats"),
        (4, "data.fields.amount"),
    ]
    write_deals(tmp_path / "out.csv", found.events)
    [deal] = read_rows(tmp_path / "out.csv", "deals", required=["deal_id"]).frame.iter_rows(named=True)
    assert (deal["deal_id"], deal["seats"], deal["payments"]) == ("A1", "5", "p1:100:2025-01-15")
    write_report(tmp_path / "report.csv", found.notes)
    assert "\n=" not in (tmp_path / "report.csv").read_text()
