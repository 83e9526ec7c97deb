"""Accepting a request: events are read one by one, what is sound goes to the log together, and all get a
result.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import orjson
from pydantic import ValidationError

from services.ingest.events import Columns, Event, Unfit
from shared.contracts.base import instant_text
from shared.log.port import MAX_RECORD_BYTES, Record
from shared.problems import field_errors

AHEAD: Final = timedelta(days=1)
"""How far a sender's clock may be ahead of ours: time zones are mistaken more often than days."""


@dataclass(frozen=True, slots=True)
class RefusedItem:
    """What stands in a request instead of an event that could not be made, with the id it would have; `errors` are
    fields and reasons.
    """

    id: str
    errors: list[dict[str, str]]


@dataclass(frozen=True, slots=True)
class ReadEvents:
    """The events of a request as read: records for the log, and the receipt to give once they are there."""

    records: list[Record]
    receipt: dict[str, Any]


def read_events(
    texts: Sequence[bytes | RefusedItem],
    kind: type[Event],
    *,
    zone: ZoneInfo,
    received: datetime,
    by: str,
    columns: Columns,
) -> ReadEvents:
    """Read every event of a request, sent `by` whom key or signature name; a mistake in one does not touch the others.

    The company's own fields of a deal are held against the `columns` that published plans declare. An event whose time
    lies ahead of when it was `received` is refused: the later statement about a field holds, so it would win over every
    true one until then.
    """
    records: list[Record] = []
    results: list[dict[str, Any]] = []
    latest = instant_text(received + AHEAD)
    for index, text in enumerate(texts):
        if isinstance(text, RefusedItem):
            results.append({"index": index, "id": text.id, "status": "rejected", "errors": text.errors})
            continue
        try:
            # Form, time, the company's own fields, size: each needs the one before, and the first that fails is named.
            event = kind.read(text, zone)
            _check_time(event, latest)
            event.check(columns)
            record = event.record(by)
            _check_size(record)
        except (ValidationError, Unfit) as error:
            errors = field_errors(error) if isinstance(error, ValidationError) else error.mistakes
            results.append(rejected(index, text, errors=errors))
            continue
        records.append(record)
        warnings = list(event.warnings())
        results.append(
            {"index": index, "id": event.id, "status": "accepted", "errors": []}
            | ({"warnings": warnings} if warnings else {})
        )
    return ReadEvents(records, receipt_of(results))


def receipt_of(results: list[dict[str, Any]]) -> dict[str, Any]:
    """The receipt of a request that came to these results."""
    accepted = sum(result["status"] == "accepted" for result in results)
    return {"accepted": accepted, "rejected": len(results) - accepted, "results": results}


def add_warnings(events: ReadEvents, warnings: dict[str, list[str]]) -> None:
    """Add to the receipt what there is to warn of, by the key of its event; at the last one that was taken."""
    taken = [result for result in events.receipt["results"] if result["status"] == "accepted"]
    for record, result in zip(reversed(events.records), reversed(taken), strict=True):
        if of_key := warnings.pop(record.key, None):
            result["warnings"] = of_key


def rejected(index: int, text: bytes, *, errors: list[dict[str, str]]) -> dict[str, Any]:
    """The result of an event that was not taken."""
    return {"index": index, "id": _id(text), "status": "rejected", "errors": errors}


def _id(text: bytes) -> str | None:
    """The id of an event that is not valid, where it has a legible one."""
    try:
        event = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    name = event.get("id") if isinstance(event, dict) else None
    return name[:256] if isinstance(name, str) else None


def _check_size(record: Record) -> None:
    # Here and not when appending: there it would fail the others of the request, which are appended together.
    size = len(record.value or b"")
    if size > MAX_RECORD_BYTES:
        raise Unfit([("data", f"the event has {size:,} bytes; {MAX_RECORD_BYTES:,} at most are taken")])


def _check_time(event: Event, latest: str) -> None:
    if event.time > latest:
        raise Unfit(
            [("time", "it lies more than a day ahead; set the sender's clock, or send it when it has happened")]
        )
