"""Drafts a run: over a pay period of a group, or off-cycle; and simulates one, of which nothing is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from services.payout.deps import Dependencies
from services.payout.errors import (
    ActiveOffCycle,
    ActiveRun,
    NothingDue,
    NotInPayGroup,
    PeriodClosed,
    PeriodNotEnded,
    UnknownPayPeriod,
)
from services.payout.ledger import store as books
from services.payout.ledger import store_closings as closings
from services.payout.policies.store import pay_group
from services.payout.roster.store import people
from services.payout.runs import calculation, store
from services.payout.runs.service.inputs import gather
from services.payout.runs.service.proposal import Proposal, propose
from services.payout.runs.service.publishing import publish
from shared.pay.calendars.pay_periods import (
    NoSuchPayPeriod,
    PayPeriod,
    off_cycle_pay_date,
    pay_period_at,
    pay_period_named,
    ruling,
)
from shared.pay.calendars.policy import PayGroup
from shared.pay.run import UNFINISHED, Run
from shared.periods import next_period, period_of
from shared.problems import Unprocessable


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """A run somebody wants: over a pay period of a group, of everybody or of some; or off-cycle, for some, as of a
    date.
    """

    pay_period: str
    pay_group: str
    participants: tuple[str, ...] | None = None
    off_cycle: date | None = None
    pay_date: date | None = None


def draft(deps: Dependencies, request: RunRequest, *, author: str) -> Run:
    """A new draft.

    Raises:
        NoSuchPayGroup, UnknownPayPeriod: there is none.
        PeriodNotEnded: more may be earned in it; a simulation may look at it all the same.
        PeriodClosed: an approved run covers it.
        ActiveRun: another run is over it.
        ActiveOffCycle: it is off-cycle, and somebody is in another one as of that day.
        NothingDue: it is off-cycle, and would pay nobody.
        NotInPayGroup: somebody is named whom the pay group does not pay.
    """
    if request.participants and request.off_cycle is not None:
        # Looked at before drafts are locked, for which everybody else who drafts would wait: scoring is asked.
        with deps.snapshot.connect() as connection:
            run = _drafted(connection, deps, request=request, author=author, simulated=False)
        if not calculation.calculate(gather(deps, run)).pays_anybody:
            raise NothingDue(request.participants, request.off_cycle)
    with deps.engine.begin() as connection:
        store.lock_drafts(connection)
        run = _drafted(connection, deps, request=request, author=author, simulated=False)
        _check_off_cycle(connection, run)
        if run.kind == "regular" and run.participants is None:
            there = store.run_over(connection, run.pay_group, pay_period=run.pay_period)
            if there is not None:
                raise ActiveRun(run.pay_period, run=there[0], state=there[1])
        store.add(connection, run)
        publish(connection, deps.log, run=run)
    return run


def simulate(deps: Dependencies, request: RunRequest, *, author: str) -> tuple[Run, Proposal]:
    """What a run would do as things stand, also over a pay period that has not ended. Nothing is kept.

    Raises:
        NoSuchPayGroup, UnknownPayPeriod, PeriodClosed: as for a draft.
        NotSettled, Unavailable: it cannot be calculated at the moment.
    """
    with deps.snapshot.connect() as connection:
        run = _drafted(connection, deps, request=request, author=author, simulated=True)
    return run, propose(deps, run)


def _drafted(connection: Connection, deps: Dependencies, *, request: RunRequest, author: str, simulated: bool) -> Run:
    group, span = _pay_period(pay_group(connection, request.pay_group), request)
    regular = request.off_cycle is None
    ends = request.off_cycle or span.end
    if regular and ends >= deps.today() and not simulated:
        raise PeriodNotEnded(span.name, deps.today())
    if not regular and ends > deps.today() and not simulated:
        raise Unprocessable(
            f"off_cycle: {ends.isoformat()} lies ahead, and until then more may become due: say today or an earlier"
            " day, and when it is paid as pay_date"
        )
    _check_members(connection, request, group=group, ends=ends)
    closed = closings.closed_through(connection, group.id)
    closes = span.months[-1] if span.months else None
    # A regular run books in the month in which its period ends; several of one month (biweekly pay) do so together.
    month = period_of(ends)
    if closed is not None and (closes or month) <= closed:
        if regular:
            there = store.run_over(connection, group.id, pay_period=span.name)
            raise PeriodClosed(span.name, closed, by=there)
        month = next_period(closed)  # an off-cycle run of a closed month books in the first that is open
    number = 0 if simulated else store.number_of(connection, span.name) + 1
    return Run(
        id=f"run-{span.name}-{number}",
        kind="regular" if regular else "off_cycle",
        pay_group=group.id,
        pay_period=span.name,
        month=month,
        starts=span.start,
        ends=ends,
        pay_date=span.pay_date if regular else _off_cycle_pay_date(deps, group, request=request),
        # Who is not in the run is not paid by it: only a regular run over all of the group closes the month.
        closes=closes if request.participants is None and regular else None,
        participants=request.participants,
        state="draft",
        author=author,
        created_at=deps.now(),
    )


def _off_cycle_pay_date(deps: Dependencies, group: PayGroup, *, request: RunRequest) -> date:
    """The day that was asked for; else the first business day on which it can be paid."""
    assert request.off_cycle is not None
    if request.pay_date is None:
        return off_cycle_pay_date(group, max(request.off_cycle, deps.today()))
    following = off_cycle_pay_date(group, request.pay_date)
    if following != request.pay_date:
        raise Unprocessable(
            f"pay_date: {request.pay_date.isoformat()}, a {request.pay_date:%A}, is no business day of {group.id}, and"
            f" banks pay nothing on it; the next is {following.isoformat()}"
        )
    return request.pay_date


def _check_members(connection: Connection, request: RunRequest, *, group: PayGroup, ends: date) -> None:
    """Who is named has to be paid by the pay group.

    Raises:
        NotInPayGroup: somebody is not in it on the last day.
    """
    named = request.participants or ()
    booked = books.heads(connection, named)
    for who, person in sorted(people(connection, named).items()):
        # Whom only the ledger knows is in the default pay group, as whom the roster puts in none.
        other = person.at(ends).pay_group if person.facts or who in booked else None
        if other != group.id:
            raise NotInPayGroup(who, group.id, other=other, day=ends)


def _check_off_cycle(connection: Connection, run: Run) -> None:
    """What is due to somebody by a day is in one off-cycle run at a time."""
    if run.kind != "off_cycle":
        return
    for other in store.runs(connection):
        if other.kind == "off_cycle" and other.ends == run.ends and other.state in UNFINISHED:
            both = sorted(set(run.participants or ()) & set(other.participants or ()))
            if both:
                raise ActiveOffCycle(other.id, other.state, day=run.ends, participants=both)


def _pay_period(groups: Sequence[PayGroup], request: RunRequest) -> tuple[PayGroup, PayPeriod]:
    """The pay period of that name, or that of the day which an off-cycle run is as of; and the version of the pay group
    that rules it.
    """
    if request.off_cycle is not None:
        group = ruling(groups, request.off_cycle)
        return group, pay_period_at(group, request.off_cycle)
    try:
        return pay_period_named(groups, request.pay_period)
    except NoSuchPayPeriod as error:
        raise UnknownPayPeriod(request.pay_period, str(error)) from None
