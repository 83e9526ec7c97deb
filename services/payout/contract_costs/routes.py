"""The HTTP interface of contract costs: tell what happens to contracts, book a month, look at entries and the roll-forward."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime
from http import HTTPStatus
from typing import Annotated

import structlog
from fastapi import Depends, FastAPI, Path, Query, Response
from sqlalchemy import Connection, Engine

from services.payout.contract_costs import store
from services.payout.contract_costs.errors import refuse_passed, refuse_to_skip
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
from services.payout.errors import PeriodNotEnded
from services.payout.periods import checked
from services.payout.policies import store as policies
from shared.auth import Principal, require
from shared.contract_costs.account import PolicyAt, account_for
from shared.contract_costs.entries import Entry, carrying_amounts, differences, entries, sums
from shared.contract_costs.facts import CostLine
from shared.contract_costs.months import name
from shared.contract_costs.policy import ContractCosts
from shared.contract_costs.rollforward import rollforward
from shared.contract_costs.schedule import ContractCostBooks
from shared.contract_costs.words import in_words
from shared.contracts.base import Identifier
from shared.pay.policy import in_force
from shared.periods import last_day
from shared.problems import NotFound
from shared.settings import Settings

CostSource = Callable[[Connection, str], Iterable[CostLine]]
"""All costs of contracts that are incurred through a month, from frozen lines of pay."""
PolicySource = Callable[[Connection], PolicyAt]
POLICY = "default"
DEFAULTS = ContractCosts.of(
    {"kind": "contract_costs", "id": POLICY, "valid_from": "1900-01-01", "credit": "commission_expense"}
)
"""Without a policy: as docs/contract-costs.md says, over the accrual of pay, which has expensed all of it."""
FIRST, LAST = "1900-01", "2199-12"
"""The months that there are: dates are within these years."""

Writer = Annotated[Principal, Depends(require("runs:write"))]
Reader = Annotated[Principal, Depends(require("gl:read"))]
Month = Annotated[str, Path(examples=["2026-06"], max_length=7)]
Contract = Annotated[Identifier, Path(examples=["K-1001"])]

_logger = structlog.get_logger(__name__)


def add_contract_costs(
    app: FastAPI,
    settings: Settings,
    engine: Engine,
    snapshot: Engine,
    now: Callable[[], datetime],
    costs: CostSource,
    policy: PolicySource,
) -> None:
    """Add the routes of contract costs; `snapshot` reads everything as of one instant."""

    def accounted(connection: Connection, period: str, contract: str | None = None) -> ContractCostBooks:
        told_apart = store.lines(connection, last_day(period))
        lines = [line for line in (*costs(connection, period), *told_apart) if contract in {None, line.contract_id}]
        happened = [event for _, event in store.events(connection, last_day(period), contract)]
        return account_for(lines, happened, policy(connection))

    @app.post(
        "/v1/contract-costs/lines/{line_id:path}",
        status_code=HTTPStatus.CREATED,
        responses={200: {"model": LineView, "description": "It was told before"}},
    )
    def tell_cost(
        who: Writer, line_id: Annotated[LineId, Path(examples=["legacy-K-1001"])], body: NewCost, response: Response
    ) -> LineView:
        """Tell a cost that no line of pay has. The caller names it: telling it again changes nothing (200)."""
        line = body.line(line_id)
        with engine.begin() as connection:
            if not store.add_line(connection, line, who.name, body.reason, now()):
                response.status_code = HTTPStatus.OK
        return LineView.of(line)

    @app.post(
        "/v1/contract-costs/events/{event_id:path}",
        status_code=HTTPStatus.CREATED,
        responses={200: {"model": EventView, "description": "It was told before"}},
    )
    def tell(
        who: Writer,
        event_id: Annotated[Identifier, Path(examples=["churn-K-1001"])],
        body: NewEvent,
        response: Response,
    ) -> EventView:
        """Tell what happens to a contract. The caller names the event: telling it again changes nothing (200)."""
        event = body.event()
        with engine.begin() as connection:
            if not store.add_event(connection, event_id, event, who.name, body.reason, now()):
                response.status_code = HTTPStatus.OK
        return EventView.of(event_id, event)

    @app.get("/v1/contract-costs/events")
    def events(_: Reader, contract: Annotated[Identifier | None, Query(examples=["K-1001"])] = None) -> list[EventView]:
        """What was told to happen to contracts, in the order in which it was told."""
        with snapshot.connect() as connection:
            found = store.events(connection, last_day(LAST), contract)
        return [EventView.of(event_id, event) for event_id, event in found]

    @app.post("/v1/contract-costs/periods/{period}")
    def book(
        who: Writer,
        period: Month,
        catch_up: Annotated[bool, Query(description="Book months before it that are not booked with it")] = False,
    ) -> BookedMonth:
        """Book a month that has ended: what the facts say by now, less what is booked. Booking it again books only what changed
        since; a month before the last booked one is refused, what changed about it is booked here with its origin. So is a month
        after some that are not booked yet, unless `catch_up` says to book them with it.
        """
        at = now()
        if last_day(checked(period)) >= (today := at.astimezone(settings.zone).date()):
            raise PeriodNotEnded(period, today)
        with engine.begin() as connection:
            store.lock_books(connection)
            last = store.last_period(connection)
            refuse_passed(period, last)
            books = accounted(connection, period)
            changed = differences(sums(entries(books), period), store.booked(connection))
            if not catch_up:
                refuse_to_skip(period, last, changed=changed)
            made = None
            if changed or last != period:
                made = store.add_batch(connection, period, changed, carrying_amounts(books, period), who.name, at)
        _logger.info("contract_costs.booked", period=period, entries=len(changed), actor=who.name)
        return BookedMonth(
            period=period,
            batch=BatchView.of(made) if made else None,
            not_used=[NotUsed(**_named(each)) for each in books.refused],
        )

    @app.get("/v1/contract-costs/periods/{period}")
    def month(_: Reader, period: Month) -> list[BatchView]:
        """The bookings of a month."""
        with snapshot.connect() as connection:
            return [BatchView.of(each) for each in store.batches(connection, checked(period))]

    @app.get("/v1/contract-costs/entries")
    def list_entries(
        _: Reader,
        first: Annotated[str, Query(examples=["2026-01"], max_length=7)],
        last: Annotated[str, Query(examples=["2026-12"], max_length=7)],
        contract: Annotated[Identifier | None, Query(examples=["K-1001"])] = None,
        after: Annotated[int, Query(ge=0, lt=2**63, description="Entries after this one only")] = 0,
        limit: Annotated[int, Query(ge=1, le=10_000)] = 1000,
    ) -> Entries:
        """What was booked in some months, entry by entry, a page at a time: `next` is the `after` of the next page."""
        with snapshot.connect() as connection:
            found = store.entries(connection, checked(first), checked(last), contract, after=after, limit=limit)
        return Entries(
            entries=[EntryView.of(each) for each in found], next=found[-1].number if len(found) == limit else None
        )

    @app.get("/v1/contract-costs/rollforward")
    def show_rollforward(
        _: Reader,
        first: Annotated[str, Query(examples=["2026-01"], max_length=7)],
        last: Annotated[str, Query(examples=["2026-12"], max_length=7)],
    ) -> RollForward:
        """The roll-forward of what is booked, by month, entity and currency: a closed month's rows never change."""
        with snapshot.connect() as connection:
            booked = store.entries(connection, FIRST, checked(last))
            closed = {batch.period: batch.balances for batch in store.batches(connection)}

        def in_a_year(entity: str, currency: str, month: int) -> int | None:
            if (balances := closed.get(name(month))) is None:
                return None
            return {(each.entity, each.currency): each.in_a_year for each in balances}.get((entity, currency), 0)

        moved = (Entry(entry.period, entry.key, entry.amount) for entry in booked)
        movements = rollforward(moved, in_a_year, first=checked(first), last=last)
        return RollForward(movements=[MovementView.of(movement) for movement in movements])

    @app.get("/v1/contract-costs/contracts/{contract_id:path}")
    def show_contract(_: Reader, contract_id: Contract) -> ContractView:
        """A contract's costs in words, its whole schedule as the facts say now, and what of it is booked."""
        with snapshot.connect() as connection:
            books = accounted(connection, LAST, contract_id)
            booked = store.entries(connection, FIRST, LAST, contract_id)
        if not (books.assets or books.expenses or booked):
            raise NotFound(f"there is no cost of a contract {contract_id}")
        return ContractView(
            contract_id=contract_id,
            words=list(in_words(books, contract_id)),
            schedule=[ScheduleRowView.of(row) for row in books.schedule],
            booked=[EntryView.of(each) for each in booked],
        )


def published(connection: Connection) -> PolicyAt:
    """The published policy `contract_costs` of the id `default`; the documented defaults where none is in force."""
    versions = policies.versions(connection, "contract_costs", POLICY)

    def at(day: date) -> ContractCosts:
        version = in_force(versions, day)
        return version.policy if version is not None and isinstance(version.policy, ContractCosts) else DEFAULTS

    return at


def _named(refused: object) -> dict[str, str]:
    return {name: getattr(refused, name) for name in ("source", "id", "reason", "message")}
