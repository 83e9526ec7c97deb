"""Books months of contract costs and looks at what is booked: all of it is one calculation over everything that is
known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Final, NamedTuple

from sqlalchemy import Connection

from services.payout.contract_costs import store
from services.payout.contract_costs.errors import MonthPassed, MonthsSkipped
from services.payout.contract_costs.store import BookedBatch, BookedEntry
from services.payout.errors import PeriodNotEnded
from services.payout.policies import store as policies
from shared.contract_costs.account import PolicyAt, account_for
from shared.contract_costs.entries import Entry, carrying_amounts, differences, entries, sums
from shared.contract_costs.facts import Refused
from shared.contract_costs.policy import ContractCosts
from shared.contract_costs.rollforward import Movement, rollforward
from shared.contract_costs.schedule import ContractCostBooks
from shared.pay.policy import in_force
from shared.periods import Month, last_day, month_of_number

POLICY: Final = "default"
DEFAULTS: Final = ContractCosts.of(
    {"kind": "contract_costs", "id": POLICY, "valid_from": "1900-01-01", "credit": "commission_expense"}
)
"""Without a policy: as docs/contract-costs.md says, over the accrual of pay, which has expensed all of it."""
FIRST, LAST = Month("1900-01"), Month("2199-12")
"""The months that there are: dates are within these years."""


class Booking(NamedTuple):
    """What booking a month did: how many entries changed, the batch they are in (None where nothing changed), and the
    costs and events that could not be used.
    """

    entries: int
    batch: BookedBatch | None
    refused: Sequence[Refused]


class ContractAccount(NamedTuple):
    """A contract as the facts say now, and what of it is booked by now: they differ by what the next booking books."""

    books: ContractCostBooks
    booked: Sequence[BookedEntry]


def book(connection: Connection, period: Month, *, today: date, catch_up: bool, actor: str, now: datetime) -> Booking:
    """Book a month that has ended: what the facts say by now, less what is booked.

    Raises:
        PeriodNotEnded: it goes on.
        MonthPassed: a later month is booked.
        MonthsSkipped: earlier months with something in them are not booked, and nobody said to catch up.
    """
    # A month's expense is all of the month's: booked before its end, it would be taken for final by whoever closes it.
    if last_day(period) >= today:
        raise PeriodNotEnded(period, today)
    store.lock_books(connection)  # before anything is read: what is booked below is a difference to what is read
    last = store.last_period(connection)
    # The same month again is fine: it books what changed since. The trigger `check_contract_cost_batch` says it again.
    if last is not None and period < last:
        raise MonthPassed(period, last)
    books = account(connection, period)
    # A change of facts about a month that has passed makes a difference under the key of that month, and is booked in
    # this one: periods that were reported stay as they were reported (ASC 250-10-45-17, IAS 8.36).
    changed = differences(sums(entries(books), period), store.booked(connection))
    # Months in which nothing moved are no gap: a company may begin with any month.
    skipped = [key.origin_period for key, _ in changed if (last or "") < key.origin_period < period]
    if skipped and not catch_up:
        raise MonthsSkipped(period, sorted(set(skipped)), entries=len(skipped))
    batch = None
    # The first booking of a month makes a batch even without entries: it closes the month, and the balances in it are
    # what the roll-forward shows as current and non-current from then on.
    if changed or last != period:
        carrying = carrying_amounts(books, period)
        batch = store.add_batch(connection, period, entries=changed, balances=carrying, actor=actor, now=now)
    return Booking(len(changed), batch, books.refused)


def booked_rollforward(connection: Connection, first: Month, *, last: Month) -> Iterator[Movement]:
    """The roll-forward of what is booked, from a month through another: a closed month's rows never change."""
    booked = store.entries(connection, FIRST, last=last)
    # Of several bookings of a month the latest says what is carried: they come in order.
    closed = {batch.period: batch.balances for batch in store.batches(connection)}

    # As it was frozen with the booking and not calculated now: later facts must not change how a closed month was
    # classified (IAS 1.66, ASC 210-10-45 classify as things stand at the reporting date).
    def in_a_year(entity: str, currency: str, month: int) -> int | None:
        if (balances := closed.get(month_of_number(month))) is None:
            return None
        return sum(
            carried.in_a_year for carried in balances if (carried.entity, carried.currency) == (entity, currency)
        )

    moved = (Entry(entry.period, entry.key, entry.amount) for entry in booked)
    return rollforward(moved, in_a_year, first=first, last=last)


def contract_account(connection: Connection, contract: str) -> ContractAccount | None:
    """One contract from its first month to its last, which lies ahead; None where it never cost anything."""
    books = account(connection, LAST, contract=contract)
    booked = store.entries(connection, FIRST, last=LAST, contract=contract)
    return ContractAccount(books, booked) if books.assets or books.expenses or booked else None


def account(connection: Connection, period: Month, *, contract: str | None = None) -> ContractCostBooks:
    """All that is known through a month, accounted for anew: lines of pay that runs looked at, and costs that were
    added.

    From the beginning each time: no state of an asset is kept that could disagree with the facts.
    """
    costs = (*store.earned_costs(connection, period), *store.lines(connection, last_day(period)))
    mine = [line for line in costs if contract in {None, line.contract_id}]
    events = [event for _, event in store.events(connection, last_day(period), contract=contract)]
    return account_for(mine, events, policy_at=published_policy(connection))


def published_policy(connection: Connection) -> PolicyAt:
    """The published policy `contract_costs` of the id `default`; the documented defaults where none is in force."""
    versions = policies.versions(connection, ContractCosts, policy_id=POLICY)

    def at(day: date) -> ContractCosts:
        version = in_force(versions, day)
        return DEFAULTS if version is None else version.policy

    return at
