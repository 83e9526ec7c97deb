"""A roster as CSV: participants, assignments and figures, one dated change a row, as HR exports them."""

from __future__ import annotations

import csv
import hashlib
import io
from datetime import datetime
from typing import Any, Final

import orjson

from services.ingest.bodies import check_number
from shared.contracts import roster
from shared.contracts.base import instant_text
from shared.contracts.roster import TEXTS
from shared.decimals import figure
from shared.problems import Unprocessable

FIGURES: Final = {"quota.": "quotas", "term.": "terms", "score.": "scores"}
"""Columns of numbers: how they begin, and the field whose entries they are."""
YES_NO: Final = {"yes": True, "true": True, "no": False, "false": False}


def events(body: bytes, source: str, received: datetime) -> list[bytes]:
    """The roster events of a CSV file; what is said in it holds from when it was received on against earlier statements.

    Columns: participant_id and effective_from, and any of name, `TEXTS`, active (yes or no), quota.<measure>, term.<name> and
    score.<measure>. A blank cell says nothing.

    Raises:
        Unprocessable: it is not CSV, columns are missing, unknown or there twice, a row is longer than the header, or there
            is no row.
        TooMany: there are more rows than events are read at once.
    """
    try:
        reader = csv.reader(io.StringIO(body.decode("utf-8-sig"), newline=""), strict=True)
        header = [name.strip() for name in next(reader, [])]
        _check(header)
        rows = [row for row in reader if any(cell.strip() for cell in row)]
    except UnicodeDecodeError:
        raise Unprocessable("the file is not UTF-8") from None
    except csv.Error as error:
        raise Unprocessable(f"the file is not CSV: {error}") from None
    check_number(len(rows))
    if longer := next((number for number, row in enumerate(rows, start=1) if len(row) > len(header)), None):
        raise Unprocessable(f"row {longer} below the header has more cells than the header")
    digest = hashlib.sha256(body).hexdigest()[:16]
    return [
        orjson.dumps(_event(dict(zip(header, row, strict=False)), f"{digest}-{number}", source, received))
        for number, row in enumerate(rows, start=1)
    ]


def _check(header: list[str]) -> None:
    known = ("participant_id", "effective_from", "name", "active", *TEXTS)
    if missing := [name for name in known[:2] if name not in header]:
        raise Unprocessable(f"the file has no column {', '.join(missing)}")
    if twice := sorted({name for name in header if header.count(name) > 1}):
        raise Unprocessable(f"the file has column {', '.join(twice)} twice")
    if unknown := [name for name in header if name not in known and not name.startswith(tuple(FIGURES))]:
        raise Unprocessable(
            f"the file has unknown columns {', '.join(unknown)}; known are {', '.join(known)}, "
            "quota.<measure>, term.<name>, score.<measure>"
        )


def _event(row: dict[str, str], name: str, source: str, received: datetime) -> dict[str, Any]:
    given = {key: value.strip() for key, value in row.items() if value.strip()}
    fields: dict[str, Any] = {key: given[key] for key in TEXTS if key in given}
    if "active" in given:
        fields["active"] = YES_NO.get(given["active"].lower(), given["active"])
    for start, field in FIGURES.items():
        figures = {key.removeprefix(start): figure(value) for key, value in given.items() if key.startswith(start)}
        if figures:
            fields[field] = figures
    data = {key: given[key] for key in ("participant_id", "effective_from", "name") if key in given}
    return {
        "specversion": "1.0",
        "id": name,
        "source": source,
        "type": roster.TYPE,
        "time": instant_text(received),
        "data": data | {"fields": fields},
    }
