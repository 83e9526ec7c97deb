"""Many tables as one Arrow IPC stream, so that a reader sees one table and nobody ever holds all of it as bytes."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import Final

import polars as pl

from shared.contracts import lines as contract

END: Final = b"\xff\xff\xff\xff\x00\x00\x00\x00"
"""What ends an Arrow stream: a continuation mark and a message of no bytes."""


def framed(tables: Iterator[pl.DataFrame]) -> Iterator[bytes]:
    """One Arrow stream of tables that come one after the other: the schema, the batches of each, the end."""
    stream = _stream(contract.empty())
    yield stream[: _schema_length(stream)]
    for table in tables:
        # Polars writes whole streams only: of each, the schema at its front and the mark at its end are taken away.
        stream = _stream(table)
        yield stream[_schema_length(stream) : -len(END)]
    yield END


def _stream(table: pl.DataFrame) -> bytes:
    into = BytesIO()
    table.write_ipc_stream(into, compression="zstd")
    return into.getvalue()


def _schema_length(stream: bytes) -> int:
    """The length of the first message of a stream: a mark and a length of four bytes each, and so many bytes."""
    return 8 + int.from_bytes(stream[4:8], "little")
