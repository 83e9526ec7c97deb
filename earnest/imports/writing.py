"""What an import leaves behind as files: its report, and deals and roster in the form `earnest calc` reads."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from earnest.imports.reading import Note
from shared.contracts.deals import ENTRIES
from shared.spreadsheets import neutral

DEAL_COLUMNS = (
    "deal_id", "owner", "amount", "currency", "close_date", "stage", "list_amount", "open_date", "product", "account",
    "territory",
)  # fmt: skip


def write_report(path: Path, notes: Iterable[Note]) -> None:
    """Every repaired, remarked and rejected row with its reason."""
    rows = ((note.row, *map(neutral, (note.id, note.kind, note.field, note.reason))) for note in notes)
    _write(path, ("row", "id", "kind", "field", "reason"), rows=rows)


def write_deals(path: Path, events: Iterable[dict[str, Any]]) -> None:
    """The deals as `earnest calc` reads them."""
    rows = [_row(event["data"]) for event in events]
    # Not guarded against formulas, unlike the report: these are read again, and an apostrophe would become a fact.
    others = sorted({name for row in rows for name in row}.difference(DEAL_COLUMNS))
    columns = (*DEAL_COLUMNS, *others)
    _write(path, columns, rows=([row.get(name) for name in columns] for row in rows))


def _row(deal: dict[str, Any]) -> dict[str, Any]:
    """A deal as cells: the company's own fields are columns of their own, payments and refunds a text of entries."""
    fields = dict(deal["fields"])
    own = fields.pop("custom", {})
    for name in ENTRIES:
        if name in fields:
            there = ((key, entry) for key, entry in fields[name].items() if entry is not None)
            fields[name] = ";".join(f"{key}:{entry['amount']}:{entry['date']}" for key, entry in there)
    return {"deal_id": deal["deal_id"], **own, **fields}


def write_roster(path: Path, events: Iterable[dict[str, Any]], *, measure: str) -> None:
    """The roster as `earnest calc` reads it."""
    columns = ("participant_id", "effective_from", "name", "plan", "manager", "territory", f"quota.{measure}")
    rows = []
    for event in events:
        data, fields = event["data"], event["data"]["fields"]
        quota = fields.get("quotas", {}).get(measure)
        place = (data["participant_id"], data["effective_from"], data["name"])
        rows.append((*place, fields["plan"], fields["manager"], fields["territory"], quota))
    _write(path, columns, rows=rows)


def _write(path: Path, columns: Sequence[str], *, rows: Iterable[Sequence[Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)
