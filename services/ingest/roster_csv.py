"""A roster as CSV: participants, assignments and figures, one dated change a row, as HR exports them."""

from __future__ import annotations

import csv
import hashlib
import io
from datetime import datetime
from typing import Final

import orjson

from services.ingest.acceptance import RefusedItem
from services.ingest.bodies import check_number
from shared.contracts import roster
from shared.contracts.base import instant_text
from shared.contracts.message import structured_event
from shared.contracts.roster_rows import BadHeader, TooWide, check_columns, fitted, header_of, patch_of
from shared.problems import Unprocessable

FIRST_ROW: Final = 2
"""The header is row 1."""


def events(body: bytes, source: str, *, received: datetime) -> list[bytes | RefusedItem]:
    """The roster events of a CSV file; what is said in it holds from when it was received on against earlier
    statements.

    Columns and cells are those of `shared.contracts.roster_rows`, as `earnest calc` reads them. The id of an event ends
    in its row, counted as a spreadsheet does.

    Raises:
        Unprocessable: it is not CSV, columns are missing, unknown or there twice, or there is no row.
        TooMany: there are more rows than events are read at once.
    """
    try:
        # `utf-8-sig`, for a spreadsheet writes a mark before the first name; strict, for a quote that is not closed
        # eats rows.
        reader = csv.reader(io.StringIO(body.decode("utf-8-sig"), newline=""), strict=True)
        header = header_of(next(reader, []))
        check_columns(header)
        rows = [(row, cells) for row, cells in enumerate(reader, FIRST_ROW) if any(cell.strip() for cell in cells)]
    except UnicodeDecodeError:
        raise Unprocessable("the file is not UTF-8") from None
    except csv.Error as error:
        raise Unprocessable(f"the file is not CSV: {error}") from None
    except BadHeader as error:
        raise Unprocessable(f"the file cannot be used: {error}") from None
    check_number(len(rows))
    # Ids from the content: the same file sent twice has the same events, whatever it is called and whoever sends it.
    digest = hashlib.sha256(body).hexdigest()[:16]
    texts: list[bytes | RefusedItem] = []
    for row, cells in rows:
        name = f"{digest}-{row}"
        try:
            patch = patch_of(dict(zip(header, fitted(cells, len(header)), strict=True)))
        except TooWide as error:
            texts.append(RefusedItem(name, [{"field": "data", "reason": f"row {row}: {error}"}]))
        else:
            event = structured_event(roster.TYPE, name, source=source, time=instant_text(received), data=patch)
            texts.append(orjson.dumps(event))
    return texts
