"""What the running installation has, as files that `earnest calc` reads."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from earnest.client import Client
from earnest.files.cells import DEAL_TEXTS, entries_text
from earnest.files.results import OURS, lines_table
from earnest.live.facts import Values, deal_values, live_inputs, participant_values
from earnest.plans.published import file_of, versions
from shared.contracts.deals import ENTRIES
from shared.contracts.roster import EVERY_QUOTA
from shared.contracts.roster_rows import CLEARS, COLUMNS
from shared.kernel import credit, explain, measure
from shared.kernel.idle_months import earn_every_month


class Exported(NamedTuple):
    """A table, what a reader should know of it, and its columns whose texts are ours."""

    table: pl.DataFrame
    notes: list[str]
    ours: Collection[str] = ()


def deals_file(client: Client, *, who: str) -> Exported:
    """Every deal as it stands, a row each, as a deals file has it.

    A deal without a currency is left out: nobody is credited for it, while a file would give it that of the plans.
    """
    rows, left_out = [], 0
    for deal_id, values in deal_values(client, who=who):
        if values.get("currency") is None:
            left_out += 1
            continue
        rows.append({"deal_id": deal_id, **_deal_cells(values)})
    own = sorted({name for row in rows for name in row} - {"deal_id", *DEAL_TEXTS, "splits", *ENTRIES})
    table = _table(rows, ["deal_id", *DEAL_TEXTS, "splits", *ENTRIES, *own], needed=("deal_id", "amount", "close_date"))
    notes = [f"{left_out:,} deals have no currency, credit nobody and are left out."] if left_out else []
    return Exported(table, notes)


def roster_file(client: Client, *, who: str) -> Exported:
    """Every participant, a row for each date of which something is said, as a roster file has it."""
    rows = [row for name, values in participant_values(client, who=who) for row in _roster_rows(name, values)]
    return Exported(_table(rows, _roster_columns(rows), needed=("participant_id", "effective_from")), [])


def quotas_file(client: Client, *, who: str) -> Exported:
    """The quotas alone: the rows of a roster file that say one."""
    rows = []
    for name, values in participant_values(client, who=who):
        for row in _roster_rows(name, values):
            quotas = {cell: text for cell, text in row.items() if cell == "quota" or cell.startswith("quota.")}
            if quotas:
                rows.append({"participant_id": name, "effective_from": row["effective_from"], **quotas})
    return Exported(_table(rows, _roster_columns(rows), needed=("participant_id", "effective_from")), [])


def plan_files(client: Client, folder: Path, *, who: str) -> list[Path]:
    """Write the file of every published version into a folder, as it was published; the files."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for version in versions(client, who=who):
        file = folder / f"{version['plan'].replace('/', '_')}-{version['version']}.yaml"
        file.write_bytes(file_of(client, f"{version['plan']}@{version['version']}", who=who))
        written.append(file)
    return written


def lines_file(client: Client, *, period: str | None, who: str) -> Exported:
    """The lines of all earnings, of a month or of all: `lines.csv` as `earnest calc` writes it of what is exported.

    Raises:
        Overflow: a running sum is beyond 10^18 minor units.
    """
    inputs = live_inputs(client, who=who)
    credits = credit(inputs.deals, inputs.roster, plans=inputs.plans).credits
    earned = earn_every_month(measure(credits, inputs.plans), inputs.roster, plans=inputs.plans)
    # Explained as a whole: a line of a month may need the months before it.
    explained = explain(credits, inputs.roster, plans=inputs.plans, earnings=earned)
    table = lines_table(explained, inputs.plans)
    return Exported(table if period is None else table.filter(period=period), [], OURS)


def _deal_cells(values: Values) -> dict[str, str]:
    cells = {name: _cell(values[name]) for name in DEAL_TEXTS if values.get(name) is not None}
    # A deal of which no stage is known is not won; a file that says none would say that it is.
    cells.setdefault("stage", "open")
    if splits := values.get("splits"):
        cells["splits"] = ";".join(f"{who}:{percent}" for who, percent in splits.items())
    for kind in ENTRIES:
        entries = {
            path.partition(".")[2]: entry
            for path, entry in values.items()
            if path.startswith(f"{kind}.") and entry is not None
        }
        if entries:
            cells[kind] = entries_text(entries)
    own = {path.partition(".")[2]: value for path, value in values.items() if path.startswith("custom.")}
    # A field that was once said under `custom` has that value as long as nothing else is said of it (`path_of`).
    return {name: _cell(value) for name, value in own.items() if value is not None and name not in values} | cells


def _roster_rows(name: str, values: Values) -> list[dict[str, str]]:
    by_date: dict[str, dict[str, str]] = {}
    for path, value in values.items():
        day, slash, attribute = path.partition("/")
        if slash:
            column = "quota" if attribute == EVERY_QUOTA else attribute
            by_date.setdefault(day, {})[column] = CLEARS if value is None else _cell(value)
    rows = [{"participant_id": name, "effective_from": day, **cells} for day, cells in sorted(by_date.items())]
    rows = rows or [{"participant_id": name}]
    if values.get("name") is not None:
        rows[0]["name"] = str(values["name"])
    return rows


def _roster_columns(rows: Iterable[Mapping[str, str]]) -> list[str]:
    said = {name for row in rows for name in row}
    return [*COLUMNS, *sorted(said.difference(COLUMNS))]


def _table(rows: list[dict[str, str]], columns: list[str], *, needed: tuple[str, ...]) -> pl.DataFrame:
    """Text columns, without those of which no row says anything."""
    said = {name for row in rows for name in row} | set(needed)
    kept = [name for name in columns if name in said]
    return pl.DataFrame([pl.Series(name, [row.get(name) for row in rows], dtype=pl.String) for name in kept])


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
