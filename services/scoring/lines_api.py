"""The lines of a month in bulk, over HTTP as a stream of Arrow record batches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from io import BytesIO
from typing import Annotated, Any, Final

import polars as pl
from fastapi import FastAPI, Query, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection, Engine

from services.scoring.asked_api import Period, Reader
from services.scoring.blame import Asked as Carefully
from services.scoring.lines import Known, Sold, lines_of, sold
from services.scoring.selection import with_everyone_below
from services.scoring.store import lines as stored
from services.scoring.store import terms as stored_terms
from services.scoring.store.terms import TermsInForce
from services.scoring.touching import Said
from services.scoring.windows import window
from shared.contracts import lines as contract
from shared.contracts.base import Identifier
from shared.contracts.topics import DEALS, ROSTER
from shared.kernel import PlanSet
from shared.log.sent_again import in_force, sent_again
from shared.periods import first_day, last_day

MOST: Final = 100_000
"""Participants that one request may name."""

END: Final = b"\xff\xff\xff\xff\x00\x00\x00\x00"
"""What ends an Arrow stream."""


class Asked(BaseModel):
    """The month, and whose lines are asked for."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"period": "2025-03", "participants": ["ann", "bob"]}]}
    )

    period: Period
    participants: list[Identifier] = Field(max_length=MOST)


_ANSWER: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "Arrow IPC stream, a row per participant (`shared/contracts/lines.py`); amounts are minor units",
        "content": {contract.MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}},
    }
}


def add_lines(app: FastAPI, snapshot: Engine, carefully: Carefully) -> None:
    """Add the routes; `snapshot` is an engine whose transactions see one moment; `carefully` is how lines are calculated."""
    terms = TermsInForce()

    @app.get("/v1/lines", response_class=StreamingResponse, responses=_ANSWER)
    def lines(_: Reader, period: Annotated[Period, Query(examples=["2025-03"])]) -> Response:
        """Who earned what by which deal in a month: everyone."""
        return _streamed(snapshot, carefully, terms, period, None)

    @app.post("/v1/lines", response_class=StreamingResponse, responses=_ANSWER)
    def lines_of_some(_: Reader, asked: Asked) -> Response:
        """The same of those who are named; whoever has no earnings in the month is left out."""
        return _streamed(snapshot, carefully, terms, asked.period, sorted(set(asked.participants)))


def _streamed(
    snapshot: Engine, carefully: Carefully, terms: TermsInForce, period: str, participants: Sequence[str] | None
) -> Response:
    with snapshot.connect() as connection:
        known, found = read(connection, terms, period, participants)
    # What could fail has been done before the first byte: later a reader would get half an answer.
    return StreamingResponse(framed(lines_of(known, found, carefully)), media_type=contract.MEDIA_TYPE)


def read(
    connection: Connection, terms: TermsInForce, period: str, participants: Sequence[str] | None
) -> tuple[Known, Sold]:
    """Everything that the lines of a month come from, as the connection's transaction sees it."""
    now = terms.read(connection)
    goes_on = not now.plans.by_month
    standings = stored.standings(connection, period, goes_on, participants)
    those = standings.filter(pl.col("period") == period)["participant_id"].unique()
    if now.plans.grouped or now.plans.beyond_holders:  # others than those below them may have a part in their pay
        holders = {*those, *now.roster.assignments["participant_id"]}
    else:
        holders = with_everyone_below(those, now.roster)
    said = _said(connection, now.plans, holders, period, participants)
    if goes_on or now.plans.beyond_holders:
        pages = stored.all_deals(connection)
    else:
        pages = stored.deals_of(connection, holders, first_day(period), last_day(period))
    return Known(period, standings, now.roster, now.plans, said), sold(pages, period)


def _said(
    connection: Connection, plans: PlanSet, everyone: set[str], period: str, participants: Sequence[str] | None
) -> Said:
    """Who said what of everyone in the windows of a month, and of deals that some, or all, have lost in them."""
    people = stored_terms.participants(connection, everyone)
    since = min((window(plan, period).since for plan in plans), default=period)
    concerned = None if participants is None or plans.grouped else participants
    deals = sent_again(connection, DEALS)
    return Said(
        people=people,
        people_again=in_force(sent_again(connection, ROSTER), people),
        deals_again=in_force(deals, stored.facts_of(connection, {letter.key for letter in deals})),
        authors=stored_terms.authors(connection),
        lost=stored.lost(connection, since, period, concerned),
        lost_holders=stored.lost_holders(connection, since, period, concerned),
    )


def framed(tables: Iterator[pl.DataFrame]) -> Iterator[bytes]:
    """One Arrow stream of tables that come one after the other: the schema, the batches of each, the end."""
    stream = _stream(contract.empty())
    yield stream[: _schema(stream)]
    for table in tables:
        stream = _stream(table)
        yield stream[_schema(stream) : -len(END)]
    yield END


def _stream(table: pl.DataFrame) -> bytes:
    into = BytesIO()
    table.write_ipc_stream(into, compression="zstd")
    return into.getvalue()


def _schema(stream: bytes) -> int:
    """The length of the first message of a stream: a mark and a length of four bytes each, and so many bytes."""
    return 8 + int.from_bytes(stream[4:8], "little")
