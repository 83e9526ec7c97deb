"""The HTTP interface of contract costs: say what happens to contracts, book a month, look at entries and the
roll-forward.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

import structlog
from fastapi import APIRouter, Path, Query, Response

from services.payout.contract_costs import service, store
from services.payout.contract_costs.requests import LineId, NewCost, NewEvent
from services.payout.contract_costs.schemas import (
    BatchView,
    BookedMonth,
    ContractView,
    Entries,
    EntryView,
    EventView,
    LineView,
    MovementView,
    NotUsed,
    RollForward,
    ScheduleRowView,
)
from services.payout.deps import BooksWriter, GlReader
from services.payout.periods import checked
from shared.contract_costs.words import in_words
from shared.contracts.base import Identifier
from shared.deps import HEAVY, ClockDep, EngineDep, SettingsDep, SnapshotDep
from shared.http import next_page
from shared.periods import last_day
from shared.problems import NotFound

MonthParam = Annotated[str, Path(examples=["2026-06"], max_length=7)]
FirstMonth = Annotated[str, Query(examples=["2026-01"], max_length=7)]
LastMonth = Annotated[str, Query(examples=["2026-12"], max_length=7)]
Contract = Annotated[Identifier, Path(examples=["K-1001"])]

_logger = structlog.get_logger(__name__)

router = APIRouter(prefix="/v1/contract-costs", tags=["contract costs"])


@router.post(
    "/lines/{line_id:path}",
    summary="Add a cost",
    status_code=HTTPStatus.CREATED,
    responses={200: {"model": LineView, "description": "It was added before"}},
)
def add_cost(
    who: BooksWriter,
    engine: EngineDep,
    clock: ClockDep,
    *,
    line_id: Annotated[LineId, Path(examples=["legacy-K-1001"])],
    body: NewCost,
    response: Response,
) -> LineView:
    """Add a cost that no line of pay has. The caller names it: adding it again changes nothing (200)."""
    line = body.line(line_id)
    with engine.begin() as connection:
        if not store.add_line(connection, line, actor=who.name, reason=body.reason, now=clock()):
            response.status_code = HTTPStatus.OK
    return LineView.of(line)


@router.post(
    "/events/{event_id:path}",
    summary="Add an event of a contract",
    status_code=HTTPStatus.CREATED,
    responses={200: {"model": EventView, "description": "It was added before"}},
)
def add_contract_event(
    who: BooksWriter,
    engine: EngineDep,
    clock: ClockDep,
    *,
    event_id: Annotated[Identifier, Path(examples=["churn-K-1001"])],
    body: NewEvent,
    response: Response,
) -> EventView:
    """Add what happens to a contract. The caller names the event: adding it again changes nothing (200)."""
    event = body.event()
    with engine.begin() as connection:
        if not store.add_event(connection, event_id, event=event, actor=who.name, reason=body.reason, now=clock()):
            response.status_code = HTTPStatus.OK
    return EventView.of(event_id, event)


@router.get("/events", dependencies=[HEAVY], summary="Events of contracts")
def list_contract_events(
    _: GlReader, snapshot: SnapshotDep, contract: Annotated[Identifier | None, Query(examples=["K-1001"])] = None
) -> list[EventView]:
    """What happens to contracts, in the order in which it was added."""
    with snapshot.connect() as connection:
        events = store.events(connection, last_day(service.LAST), contract=contract)
    return [EventView.of(event_id, event) for event_id, event in events]


@router.post("/periods/{period}", dependencies=[HEAVY], summary="Book a month")
def book_contract_costs(
    who: BooksWriter,
    engine: EngineDep,
    clock: ClockDep,
    *,
    settings: SettingsDep,
    period: MonthParam,
    catch_up: Annotated[bool, Query(description="Book months before it that are not booked with it")] = False,
) -> BookedMonth:
    """Book a month that has ended: what the facts say by now, less what is booked. Booking it again books only what
    changed since; a month before the last booked one is refused, what changed about it is booked here with its origin.
    So is a month after some that are not booked yet, unless `catch_up` says to book them with it.
    """
    month, now = checked(period), clock()
    today = now.astimezone(settings.zone).date()
    with engine.begin() as connection:
        booking = service.book(connection, month, today=today, catch_up=catch_up, actor=who.name, now=now)
    _logger.info("contract_costs.booked", period=month, entries=booking.entries, actor=who.name)
    return BookedMonth(
        period=month,
        batch=BatchView.of(booking.batch) if booking.batch else None,
        not_used=[NotUsed.model_validate(refused, from_attributes=True) for refused in booking.refused],
    )


@router.get("/periods/{period}", summary="Bookings of a month")
def list_bookings(_: GlReader, snapshot: SnapshotDep, period: MonthParam) -> list[BatchView]:
    """The bookings of a month."""
    with snapshot.connect() as connection:
        return [BatchView.of(batch) for batch in store.batches(connection, checked(period))]


@router.get("/entries", summary="Entries, a page at a time")
def list_entries(
    _: GlReader,
    snapshot: SnapshotDep,
    *,
    first: FirstMonth,
    last: LastMonth,
    contract: Annotated[Identifier | None, Query(examples=["K-1001"])] = None,
    after: Annotated[int, Query(ge=0, lt=2**63, description="Entries after this one only")] = 0,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 1000,
) -> Entries:
    """What was booked in some months, entry by entry, a page at a time: `next` is the `after` of the next page."""
    with snapshot.connect() as connection:
        booked = store.entries(
            connection, checked(first), last=checked(last), contract=contract, after=after, limit=limit
        )
    return Entries(
        entries=[EntryView.of(entry) for entry in booked],
        next=next_page(booked, limit, cursor=lambda entry: entry.number),
    )


@router.get("/rollforward", dependencies=[HEAVY], summary="The roll-forward of the asset")
def show_rollforward(_: GlReader, snapshot: SnapshotDep, *, first: FirstMonth, last: LastMonth) -> RollForward:
    """The roll-forward of what is booked, by month, entity and currency: a closed month's rows never change."""
    with snapshot.connect() as connection:
        movements = service.booked_rollforward(connection, checked(first), last=checked(last))
    return RollForward(movements=[MovementView.of(movement) for movement in movements])


@router.get("/contracts/{contract_id:path}", summary="A contract in words and numbers")
def show_contract(_: GlReader, snapshot: SnapshotDep, contract_id: Contract) -> ContractView:
    """A contract's costs in words, its whole schedule as the facts say now, and what of it is booked."""
    with snapshot.connect() as connection:
        account = service.contract_account(connection, contract_id)
    if account is None:
        raise NotFound(f"there is no cost of a contract {contract_id}")
    return ContractView(
        contract_id=contract_id,
        words=list(in_words(account.books, contract_id)),
        schedule=[ScheduleRowView.of(row) for row in account.books.schedule],
        booked=[EntryView.of(entry) for entry in account.booked],
    )
