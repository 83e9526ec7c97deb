"""Deals and the roster as their facts stand, over HTTP, page by page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import StringConstraints
from sqlalchemy import Connection

from services.scoring.deps import SEES_EVERYBODY
from services.scoring.facts.filter import WHERE, Wanted
from services.scoring.facts.schemas import MOST, DealFacts, DealPage, ParticipantFacts, RosterPage
from services.scoring.facts_codec import unpack
from services.scoring.store import KeyedTable, fetch_page
from shared.contracts.base import Identifier, PlausibleDate
from shared.contracts.roster import RosterSubject
from shared.deps import HEAVY, SnapshotDep

router = APIRouter(prefix="/v1/facts", tags=["facts"], dependencies=[SEES_EVERYBODY])

AfterPerson = Annotated[RosterSubject | None, Query(description="Continue after this id", examples=["ann"])]
After = Annotated[Identifier | None, Query(description="Continue after this id", examples=["crm/1"])]
Limit = Annotated[int, Query(ge=1, le=MOST)]
_DEALS = KeyedTable(name="paid_deal", keys=("deal_id",), columns=("facts",))
_PARTICIPANTS = KeyedTable(name="participant", keys=("participant_id",), columns=("facts",))


Closed = Annotated[PlausibleDate | None, Query(examples=["2025-03-14"])]
Where = Annotated[
    list[Annotated[str, StringConstraints(pattern=WHERE)]],
    Query(max_length=10, description="Only deals of which a field has this value", examples=[["product=Pro"]]),
]


@router.get("/deals", dependencies=[HEAVY], summary="List deals with their facts")
def list_deals(
    snapshot: SnapshotDep,
    *,
    closed_from: Closed = None,
    closed_to: Closed = None,
    where: Where = [],  # noqa: B006  # FastAPI reads it, and nobody adds to it
    after: After = None,
    limit: Limit = 1000,
) -> DealPage:
    """Every deal, whatever became of it, with the value in force of each field: what `earnest export deals` writes.

    Or of those only that closed on certain dates and whose fields have certain values. As they are looked for among all
    deals, a page of them may hold fewer than `limit`, or none, and be followed by another one.
    """
    wanted = Wanted.of(closed_from, closed_to, where=where)
    most = limit if wanted is None else MOST
    with snapshot.connect() as connection:
        looked_at = list(_facts(connection, _DEALS, after=after, limit=most))
    found = [
        DealFacts(deal_id=deal_id, fields=fields)
        for deal_id, fields in looked_at
        if wanted is None or wanted.holds(fields)
    ]
    if len(found) > limit:
        return DealPage(deals=found[:limit], next=found[limit - 1].deal_id)
    return DealPage(deals=found, next=looked_at[-1][0] if len(looked_at) == most else None)


@router.get("/roster", dependencies=[HEAVY], summary="List participants with their facts")
def list_roster(snapshot: SnapshotDep, *, after: AfterPerson = None, limit: Limit = 1000) -> RosterPage:
    """Every participant with the value in force of each attribute and date: what `earnest export roster` writes."""
    with snapshot.connect() as connection:
        page = dict(_facts(connection, _PARTICIPANTS, after=after, limit=limit))
    people = [ParticipantFacts(participant_id=who, fields=fields) for who, fields in page.items()]
    return RosterPage(participants=people, next=people[-1].participant_id if len(people) == limit else None)


def _facts(
    connection: Connection, table: KeyedTable, *, after: str | None, limit: int
) -> Iterator[tuple[str, dict[str, Any]]]:
    bound = None if after is None else (after,)
    for (name,), (facts,) in fetch_page(connection, table, after=bound, upto=None, limit=limit).items():
        yield name, {path: value for path, (value, *_) in sorted(unpack(facts).items())}
