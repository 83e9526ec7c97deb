"""Cells of a row as patches of the contracts, so that a file is held to the same rules as a webhook."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import orjson
import polars as pl
from pydantic import BaseModel, TypeAdapter, ValidationError

from earnest.files.rejections import BAD_VALUE, Rejection
from shared.contracts.base import Identifier
from shared.contracts.deals import ENTRIES, DealPatch
from shared.contracts.roster import RosterPatch
from shared.contracts.roster_rows import patch_of
from shared.kernel.crediting.custom_columns import column_mistakes
from shared.problems import reason_of

Row = Mapping[str, str | None]
Said = TypeVar("Said", bound=BaseModel)

DEAL_TEXTS = (
    "stage",
    "amount",
    "list_amount",
    "currency",
    "open_date",
    "close_date",
    "owner",
    "product",
    "account",
    "territory",
    "cancel_date",
    "start_date",
    "term_months",
    "contract",
)
DEAL_COLUMNS = ("deal_id", *DEAL_TEXTS, "splits", *ENTRIES)
_IDENTIFIER = TypeAdapter(Identifier)


class BadCell(ValueError):
    """A cell that is not what its column needs; the message names the column."""


@contextmanager
def refusing(refused: list[Rejection], file: str, *, row: int, name: str | None) -> Iterator[None]:
    """Use a row, or add it to `refused` where a cell is bad; `name` is the id that the row gives, if any."""
    try:
        yield
    except BadCell as error:
        refused.append((file, row, name, BAD_VALUE, str(error)))


def deal_patch(row: Row, custom: Mapping[str, pl.DataType], *, zone: ZoneInfo) -> DealPatch:
    """The patch that a row of a deals file is; blank cells say nothing. A column that a plan declares is the company's
    own, unless every deal has it. Instants given for dates become dates of the company's time `zone`.

    Raises:
        BadCell: a cell is not what its column needs.
    """
    given = {name: text for name, text in row.items() if text is not None}
    fields: dict[str, Any] = {name: given[name] for name in DEAL_TEXTS if name in given}
    if (splits := given.get("splits")) is not None:
        fields["splits"] = _splits(splits)
    fields |= {name: dated_amounts(name, given[name]) for name in ENTRIES if name in given}
    if own := {name: given[name] for name in custom if name in given and name not in DEAL_COLUMNS}:
        fields["custom"] = own
    patch = checked(DealPatch, {"deal_id": row.get("deal_id"), "fields": fields}, zone=zone)
    if wrong := "; ".join(f"{name}: {reason}" for name, reason in column_mistakes(own, custom)):
        raise BadCell(wrong)
    return patch


def identifier(row: Row, name: str) -> str:
    """The id of a deal or participant, by the rules of the contracts.

    Raises:
        BadCell: it is missing, or none.
    """
    try:
        return _IDENTIFIER.validate_python(row.get(name))
    except ValidationError as error:
        [mistake] = error.errors(include_url=False)
        raise BadCell(_sentence({**mistake, "loc": (name,)})) from None


def roster_patch(row: Row, zone: ZoneInfo) -> RosterPatch:
    """The patch that a row of a roster file is, as `deal_patch` reads it.

    Raises:
        BadCell: a cell is not what its column needs.
    """
    return checked(RosterPatch, patch_of(row), zone=zone)


def checked(contract: type[Said], given: dict[str, Any], *, zone: ZoneInfo) -> Said:
    """What cells say, by a contract.

    Raises:
        BadCell: a cell is not what the contract needs.
    """
    try:
        # As JSON, because that is how ingest reads a body: pydantic takes other values as Python objects.
        return contract.model_validate_json(orjson.dumps(given), context={"zone": zone})
    except ValidationError as error:
        raise BadCell("; ".join(_sentence(mistake) for mistake in error.errors(include_url=False))) from None


def _sentence(mistake: Mapping[str, Any]) -> str:
    place = ".".join(str(part) for part in mistake["loc"] if part not in ("fields", "[key]"))
    what = reason_of(mistake)
    # In place of the library's words, which name patterns and types: who fills a sheet is told what to write.
    match mistake["type"]:
        case "literal_error" | "enum":
            what = f"write {mistake['ctx']['expected'].replace(chr(39), '')}"
        case "string_too_long":
            what = f"write {mistake['ctx']['max_length']} characters at most"
    given = mistake["input"]
    if given is None:
        return f"{place}: it is missing"
    if isinstance(given, str) and repr(given) not in what:
        what = f"{what}, not {given!r}"
    return f"{place}: {what}" if place else what


def _splits(text: str) -> dict[str, str]:
    """`p1:60;p2:40` as participant -> percent."""
    splits: dict[str, str] = {}
    for entry in _entries(text):
        # From the right: an id may hold colons, a percentage does not.
        participant, colon, percent = entry.rpartition(":")
        participant = participant.strip()
        if not colon or participant in splits:
            raise BadCell(f"splits: {text!r} must name each participant once, as p1:60;p2:40")
        splits[participant] = percent.strip().removesuffix("%")
    return splits


def dated_amounts(column: str, text: str) -> dict[str, dict[str, str]]:
    """`r1:100.00:2025-03-10;...` as id -> amount and date."""
    amounts: dict[str, dict[str, str]] = {}
    for entry in _entries(text):
        # From the right, as with splits.
        parts = entry.rsplit(":", 2)
        if len(parts) < 3 or parts[0] in amounts:
            raise BadCell(f"{column}: {text!r} must name each {column[:-1]} once, as r1:100.00:2025-03-10;r2:...")
        amounts[parts[0]] = {"amount": parts[1].strip(), "date": parts[2].strip()}
    return amounts


def entries_text(entries: Mapping[str, Mapping[str, str]]) -> str:
    """Payments or refunds as the text that `dated_amounts` reads."""
    return ";".join(f"{name}:{entry['amount']}:{entry['date']}" for name, entry in entries.items())


def _entries(text: str) -> list[str]:
    return [entry.strip() for entry in text.split(";") if entry.strip()]
