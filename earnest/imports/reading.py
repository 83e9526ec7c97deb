"""Reading an export: rows become events of the road, and whatever is repaired, remarked or refused is noted with its
row.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

import orjson
import polars as pl
from pydantic import ValidationError

from earnest.files.rows import ROW, Rows, read_rows
from earnest.imports.recipe import Recipe
from earnest.local.processes import LocalError
from services.ingest import DealEvent, Unfit
from shared.decimals import NotDecimal, plain_decimal
from shared.problems import field_errors
from shared.settings import Settings

Kind = Literal["repaired", "remarked", "rejected"]
ExportRow = dict[str, str]
NONE: Mapping[str, pl.DataType] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What happened to a row besides being taken as it is. Row 1 is the header."""

    row: int
    id: str
    kind: Kind
    field: str
    reason: str


@dataclass(kw_only=True)
class Export:
    """An export as read: events to send, notes, and the won value of the rows and of the events."""

    events: list[dict[str, Any]] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    rows: int = 0
    won_rows: int = 0
    won_value_in: Decimal = Decimal(0)
    won_value_taken: Decimal = Decimal(0)

    def note(self, row: int, deal_id: str, *, kind: Kind, field: str, reason: str) -> None:
        """Note what happened to a row."""
        self.notes.append(Note(row=row, id=deal_id, kind=kind, field=field, reason=reason))


def participant_id(name: str) -> str:
    """The id of a person's name: lower case letters and digits, joined by dots (`Ada Lovelace` is `ada.lovelace`)."""
    # Taken apart, letters lose their accents, not themselves: Zoë is zoe.
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return ".".join(re.findall(r"[a-z0-9]+", plain))


def rows_of(folder: Path, file: str, *columns: str) -> Iterator[tuple[int, ExportRow]]:
    """The rows of a file with their numbers, as `earnest calc` reads files; blank cells are blank text.

    Raises:
        LocalError: it cannot be read, lacks one of the columns that are asked for, or a row cannot be used.
    """
    read = read_rows(folder / file, file, required=columns)
    # Lookups and rosters are small and everything depends on them: one bad row stops the import.
    for row, why in read.rejected.select("row", "message").iter_rows():
        raise LocalError(f"{folder / file}, row {row}: {why}")
    yield from _rows(read)


def _rows(read: Rows) -> Iterator[tuple[int, ExportRow]]:
    for row in read.frame.iter_rows(named=True):
        yield row.pop(ROW), {name: cell or "" for name, cell in row.items()}


def read_deals(
    folder: Path,
    recipe: Recipe,
    *,
    people: frozenset[str],
    settings: Settings,
    columns: Mapping[str, pl.DataType] = NONE,
) -> Export:
    """The deal events of an export. `people` are the ids on its roster: a deal of somebody else is refused, and so is
    one with something else in a field of the company's own than the plans declare, whose `columns` they are.
    """
    export = Export()
    prices = {
        name: {row[look.key]: row[look.value] for _, row in rows_of(folder, look.file, look.key, look.value)}
        for name, look in recipe.deals.lookups.items()
    }
    read = read_rows(folder / recipe.deals.file, recipe.deals.file, required=())
    occurred_at = f"{recipe.occurred_at.isoformat()}T00:00:00Z"
    export.rows = read.rejected.height
    for number, name, why in read.rejected.select("row", "id", "message").iter_rows():
        export.note(number, name, kind="rejected", field="", reason=why)
    for number, row in _rows(read):
        export.rows += 1
        present = {name: cell for name, cell in row.items() if cell}
        translated = recipe.deals.mapping.translate(present, f"row-{number}", occurred_at=occurred_at)
        (event,) = translated.events  # a mapping of webhooks may pass items over; a row is one event
        _complete(event, recipe, prices=prices)
        fields, deal_id = event["data"]["fields"], str(event["data"].get("deal_id", ""))
        won = fields.get("stage") == "won"
        value = _readable(fields.get("amount")) if won else Decimal(0)
        export.won_rows += won
        export.won_value_in += value
        mistakes = _mistakes(event, people, recipe=recipe, settings=settings, columns=columns)
        for name, why in mistakes:
            export.note(number, deal_id, kind="rejected", field=name, reason=why)
        if mistakes:
            continue
        for repair in translated.repairs:
            export.note(number, deal_id, kind="repaired", field=repair.field, reason=f"{repair.was} is {repair.now}")
        for name in recipe.deals.remark_missing:
            if name not in fields:
                export.note(number, deal_id, kind="remarked", field=name, reason="the row has none")
        export.won_value_taken += value
        export.events.append(event)
    return export


def _complete(event: dict[str, Any], recipe: Recipe, *, prices: Mapping[str, Mapping[str, str]]) -> None:
    """Do to an event what a mapping cannot: instants of dates, ids of people's names, and what is looked up."""
    fields = event["data"]["fields"]
    if len(event["time"]) == len("2025-03-31"):  # an export has dates where an event has an instant
        event["time"] += "T00:00:00Z"
    for name in recipe.deals.people:
        if name in fields:
            fields[name] = participant_id(fields[name])
    for name, look in recipe.deals.lookups.items():
        if (price := prices[name].get(str(fields.get(look.by)))) is not None:
            fields[name] = price


def _readable(amount: str | None) -> Decimal:
    """The amount, or zero where it cannot be read: that row is rejected and says so."""
    try:
        return plain_decimal(amount or "0")
    except NotDecimal:
        return Decimal(0)


def _mistakes(
    event: dict[str, Any],
    people: frozenset[str],
    *,
    recipe: Recipe,
    settings: Settings,
    columns: Mapping[str, pl.DataType],
) -> list[tuple[str, str]]:
    """Why a row cannot be taken: what ingest would refuse, and people who are not on the roster."""
    fields = event["data"]["fields"]
    not_on_roster = [name for name in recipe.deals.people if name in fields and fields[name] not in people]
    if not_on_roster:
        return [(name, f"{fields[name]} is not on the roster") for name in not_on_roster]
    try:
        # By the very code of ingest, before anything is sent: what the report passes, ingest takes, and mistakes are
        # told by row.
        DealEvent.read(orjson.dumps(event), settings.zone).check(lambda: columns)
    except ValidationError as error:
        return [(mistake["field"], mistake["reason"]) for mistake in field_errors(error)]
    except Unfit as error:
        return [(mistake["field"], mistake["reason"]) for mistake in error.mistakes]
    return []
