"""By what each field of a table is read, and what it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import polars as pl

from earnest.imports.column_rules import ColumnRule
from earnest.imports.mapping_file import (
    CUSTOM,
    DealsTable,
    EntriesTable,
    EntryRules,
    PaymentsTable,
    RosterTable,
    SplitsTable,
)
from shared.contracts.deals import DATES, ENTRIES, MONEY
from shared.contracts.roster import YES_OR_NO
from shared.contracts.roster_rows import FIGURES
from shared.kernel.crediting.custom_columns import kind_of
from shared.value_rules import Kind

Rules = Mapping[str, tuple[ColumnRule, Kind]]
EVENT: Final = ("time", "sequence")
ENTRY: Final[Mapping[str, Kind]] = {"id": "text", "amount": "money", "date": "date"}


def deal_rules(table: DealsTable, columns: Mapping[str, pl.DataType]) -> Rules:
    """Of deals; `columns` are those that plans declare."""
    rules: dict[str, tuple[ColumnRule, Kind]] = {"deal_id": (table.deal_id, "text")}
    for name, rule in table.fields.items():
        rules[name] = (rule, _kind(name, columns))
    for what in ENTRIES:
        entry: EntryRules | None = getattr(table, what)
        if entry is not None:
            rules |= {f"{what}.{name}": (getattr(entry, name), kind) for name, kind in ENTRY.items()}
    for name in EVENT:
        if (rule := getattr(table.event, name)) is not None:
            rules[f"event.{name}"] = (rule, "date" if name == "time" else "text")
    return rules


def _kind(name: str, columns: Mapping[str, pl.DataType]) -> Kind:
    if name in MONEY:
        return "money"
    if name in DATES:
        return "date"
    if name == "term_months":
        return "number"
    declared = columns.get(name.removeprefix(CUSTOM)) if name.startswith(CUSTOM) else None
    return "text" if declared is None else kind_of(declared)


def roster_rules(table: RosterTable) -> Rules:
    """Of participants."""
    rules: dict[str, tuple[ColumnRule, Kind]] = {"participant_id": (table.participant_id, "text")}
    if table.effective_from is not None:
        rules["effective_from"] = (table.effective_from, "date")
    if table.name is not None:
        rules["name"] = (table.name, "text")
    for name, rule in table.fields.items():
        figures = name == "quota" or name.startswith(tuple(FIGURES))
        rules[name] = (rule, "number" if figures else "yes_no" if name in YES_OR_NO else "text")
    return rules


def beside_rules(table: EntriesTable | PaymentsTable | SplitsTable) -> Rules:
    """Of what stands beside the deals in a file of its own."""
    if isinstance(table, SplitsTable):
        return {
            "deal_id": (table.deal_id, "text"),
            "participant": (table.participant, "text"),
            "percent": (table.percent, "number"),
        }
    rules: dict[str, tuple[ColumnRule, Kind]] = {"amount": (table.amount, "money"), "date": (table.date, "date")}
    for name in ("deal_id", "account", "reference", "currency", "id"):
        if (rule := getattr(table, name, None)) is not None:
            rules[name] = (rule, "text")
    return rules
