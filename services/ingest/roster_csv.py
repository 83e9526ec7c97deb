"""A roster as CSV: participants, assignments and figures, one dated change a row, as HR exports them."""

from __future__ import annotations

import csv
import hashlib
import io
from datetime import datetime
from typing import Any

import orjson

from services.ingest.bodies import check_number
from shared.contracts import roster
from shared.contracts.base import instant_text
from shared.contracts.roster_rows import COLUMNS, BadHeader, fitted, header_of, is_known, patch_of
from shared.problems import Unprocessable


def events(body: bytes, source: str, received: datetime) -> list[bytes]:
    """The roster events of a CSV file; what is said in it holds from when it was received on against earlier statements.

    Columns and cells are those of `shared.contracts.roster_rows`, as `earnest calc` reads them.

    Raises:
        Unprocessable: it is not CSV, columns are missing, unknown or there twice, a row is longer than the header, or there
            is no row.
        TooMany: there are more rows than events are read at once.
    """
    try:
        reader = csv.reader(io.StringIO(body.decode("utf-8-sig"), newline=""), strict=True)
        header = header_of(next(reader, []))
        _check(header)
        rows = [row for row in reader if any(cell.strip() for cell in row)]
    except UnicodeDecodeError:
        raise Unprocessable("the file is not UTF-8") from None
    except csv.Error as error:
        raise Unprocessable(f"the file is not CSV: {error}") from None
    except BadHeader as error:
        raise Unprocessable(f"the file cannot be used: {error}") from None
    check_number(len(rows))
    digest = hashlib.sha256(body).hexdigest()[:16]
    found = []
    for number, row in enumerate(rows, start=1):
        cells = fitted(row, len(header))
        if cells is None:
            raise Unprocessable(f"row {number} below the header has more cells than the header")
        event = _event(patch_of(dict(zip(header, cells, strict=True))), f"{digest}-{number}", source, received)
        found.append(orjson.dumps(event))
    return found


def _check(header: list[str]) -> None:
    if "participant_id" not in header:
        raise Unprocessable("the file has no column participant_id")
    if unknown := [name for name in header if not is_known(name)]:
        raise Unprocessable(
            f"the file has unknown columns {', '.join(unknown)}; known are {', '.join(COLUMNS)}, "
            "quota.<measure>, term.<name>, score.<measure>"
        )


def _event(patch: dict[str, Any], name: str, source: str, received: datetime) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": name,
        "source": source,
        "type": roster.TYPE,
        "time": instant_text(received),
        "data": patch,
    }
