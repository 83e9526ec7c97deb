"""Puts on and releases holds, books manual adjustments, dismisses clawbacks: each checked against what a run would do
with it.

Where scoring has to be asked (is there such a deal or plan?) it is asked before the transaction that changes something
begins.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import date, timedelta
from typing import Final

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from services.payout.deps import Dependencies
from services.payout.errors import AlreadyDecided, NoSuchDecision, NothingToKeep, PeriodNotEnded, ReleasedAfterRun
from services.payout.ledger import store as books
from services.payout.ledger import store_closings as closings
from services.payout.ledger.journal import CostAssignment, cost_assignment
from services.payout.policies.references import check
from services.payout.policies.store import pay_group, pay_groups, referents
from services.payout.roster.store import people
from services.payout.runs import store as runs
from services.payout.runs import store_balances, store_record
from services.payout.runs.decisions import store
from services.payout.runs.decisions.errors import AdjustedAlready, NotThePayCurrency
from services.payout.runs.decisions.model import Adjustment, HoldDecision, Scope, adjustment_journal
from shared.changes import Change
from shared.changes import store as changes
from shared.pay.calendars.pay_periods import pay_period_on, ruling
from shared.pay.people import Person
from shared.pay.policy import Reference
from shared.pay.run import DONE_STATES
from shared.pay.terms.words.release import Hold
from shared.periods import Month, last_day, period_of
from shared.problems import NotFound

ADJUSTMENT: Final = "adjustment"
"""The kind of changes by which adjustments come."""


def check_subject(deps: Dependencies, roles: Callable[[], Collection[str]], *, scope: Scope, subject: str) -> None:
    """Raises if there is no such participant, deal or plan; scoring knows the latter two."""
    with deps.snapshot.connect() as connection:
        check([Reference("subject", scope, subject)], referents(connection, deps.deals, roles=roles, hosts=deps.hosts))


def first_open_month(connection: Connection, today: date, *, scope: Scope, subject: str) -> Month:
    """The first month that a hold stops where nobody said: what was released before stays so."""
    # By what is closed for good: what is soft-closed belongs to a run that is not approved yet, and that the hold is to
    # stop.
    unclosed = closings.unclosed_from(connection)
    earliest = min(unclosed.values(), default=period_of(today))
    if scope == "participant":
        person = people(connection, [subject])[subject]
        return unclosed.get(person.at(today).pay_group, earliest)
    return earliest


def put_on(deps: Dependencies, hold: Hold, *, dispute: bool, actor: str) -> HoldDecision:
    """Put on a hold; one without `since` from the first open month on.

    Raises:
        AlreadyDecided: there is a hold of this id.
    """
    with deps.engine.begin() as connection:
        at = deps.now()
        try:  # the key of the table decides, so that of two at the same moment one is told
            store.add_hold(connection, hold, dispute=dispute, actor=actor, at=at)
        except IntegrityError:
            raise AlreadyDecided("hold", hold.id) from None
        return HoldDecision(hold, dispute, actor, at, released_by=None, release_reason=None)


def release(
    connection: Connection,
    deps: Dependencies,
    *,
    hold_id: str,
    on: date | None,
    reason: str,
    scheduled: bool,
    actor: str,
) -> HoldDecision:
    """Release a hold from a day on; where none is said, so that the next run pays.

    Raises:
        NoSuchDecision: there is no such hold.
        ReleasedAfterRun: the next run would still hold it, and nobody said that this is meant.
        AlreadyDecided: it is released.
    """
    known = {decision.hold.id: decision for decision in store.hold_decisions(connection)}
    if hold_id not in known:
        raise NoSuchDecision("hold", hold_id)
    # A run looks at what holds on its last day. Released today, after a period that no run has paid yet, the next run
    # would still hold: so without a day it is that last day, and a later one has to be meant.
    today = deps.today()
    ends = _next_run_ends(connection, today, hold=known[hold_id].hold)
    day = on or min(today, ends or today)
    if ends is not None and day > ends and not scheduled:
        raise ReleasedAfterRun(hold_id, day, ends=ends)
    try:
        with connection.begin_nested():  # a savepoint: what the key refuses must not end the transaction
            store.release_hold(connection, hold_id, on=day, reason=reason, actor=actor, at=deps.now())
    except IntegrityError:
        raise AlreadyDecided("release of hold", hold_id) from None
    return next(decision for decision in store.hold_decisions(connection) if decision.hold.id == hold_id)


def propose_adjustment(
    connection: Connection, deps: Dependencies, *, adjustment: Adjustment, attachment: bytes
) -> Change:
    """Propose a manual adjustment, which is booked when somebody else approves it.

    Raises:
        NotFound: nobody knows the participant.
        NotThePayCurrency: they are paid in another currency.
        PeriodNotEnded: it is about a month to come.
        AlreadyDecided: there is an adjustment of this id.
        AdjustedAlready: there is one of this amount, about this month and for this reason, that waits or is booked.
    """
    _assigned(connection, deps, adjustment=adjustment)
    known = store.adjustments(connection)
    if any(other.adjustment.id == adjustment.id for other in known):
        raise AlreadyDecided("adjustment", str(adjustment.id))
    # The books are locked, so that of two at the same moment one is told.
    for other in known:
        if other.state in ("proposed", "approved") and adjustment.says_the_same(other.adjustment):
            raise AdjustedAlready(
                str(other.adjustment.id),
                adjustment.participant_id,
                month=other.adjustment.month,
                actor=other.adjustment.actor,
                day=other.adjustment.at.astimezone(deps.settings.zone).date(),
            )
    change = changes.propose(
        connection,
        kind=ADJUSTMENT,
        subject=str(adjustment.id),
        body=adjustment.body(),
        reason=adjustment.reason,
        by=[adjustment.actor],
        at=adjustment.at,
    )
    store.add_adjustment(connection, adjustment, attachment=attachment, change=change.id)
    return change


def book_adjustment(deps: Dependencies, connection: Connection, change: Change) -> None:
    """Book an adjustment that is approved, in the month that it is about, or in the first that is open by now.

    Raises:
        NotThePayCurrency: they have come to be paid in another currency.
    """
    adjustment = store.adjustment_of(connection, change.id)
    assignment = _assigned(connection, deps, adjustment=adjustment)
    books.post(connection, [adjustment_journal(adjustment, assignment)], now=deps.now())


def _assigned(connection: Connection, deps: Dependencies, *, adjustment: Adjustment) -> CostAssignment:
    """Where an adjustment is booked; until the transaction ends its month stays open.

    Raises:
        NotFound, NotThePayCurrency, PeriodNotEnded: see `propose_adjustment`.
    """
    who = adjustment.participant_id
    person = people(connection, [who])[who]
    if not person.facts and not books.heads(connection, [who]):
        raise NotFound(f"nobody called {who} is known: neither the roster nor the ledger has them")
    paid_in = _paid_in(connection, person, month=adjustment.month)
    if paid_in and adjustment.currency not in paid_in:
        raise NotThePayCurrency(who, adjustment.currency, paid_in=paid_in)
    # Of all pay groups they are ever in: which one it is depends on the month, and the month on what is open.
    closings.lock_for_booking(connection, person.pay_groups())
    assignment = cost_assignment(person, adjustment.month, open_from=closings.unclosed_from(connection))
    if assignment.period > period_of(deps.today()):
        raise PeriodNotEnded(assignment.period, deps.today())
    return assignment


def _paid_in(connection: Connection, person: Person, *, month: Month) -> Sequence[str]:
    """The currencies in which somebody is paid: in which they have earned; before that, in which their pay group says
    that it pays. None where neither is known.
    """
    if earned_in := books.earned_in(connection, person.participant_id):
        return earned_in
    versions = pay_groups(connection).get(person.at(last_day(month)).pay_group)
    group = ruling(versions, last_day(month)) if versions else None
    return [group.currency] if group is not None and "currency" in group.model_fields_set else []


def dismiss(deps: Dependencies, *, participant_id: str, deal_id: str, reason: str, actor: str) -> None:
    """Let a participant keep what a lost deal earned.

    Raises:
        NothingToKeep: no run would look at it.
        AlreadyDecided: that is dismissed.
    """
    if not _may_be_kept(deps, participant_id, deal_id=deal_id):
        raise NothingToKeep(participant_id, deal_id)
    with deps.engine.begin() as connection:
        facts = {"participant_id": participant_id, "deal_id": deal_id, "reason": reason, "actor": actor}
        if not store.dismiss_clawback(connection, **facts, at=deps.now()):
            raise AlreadyDecided("dismissal of the clawback of", deal_id)


def _next_run_ends(connection: Connection, today: date, *, hold: Hold) -> date | None:
    """The last day that the next run which a hold stops will look at: of a pay group's first pay period that is not
    submitted yet. None where no such group has had a run.
    """
    if hold.scope == "participant":
        groups = {people(connection, [hold.subject])[hold.subject].at(today).pay_group}
    else:
        groups = set(pay_groups(connection))
    submitted = {
        run.pay_group: run.ends
        for run in reversed(runs.runs(connection))  # the latest is the last
        if run.kind == "regular" and run.pay_group in groups and run.state in DONE_STATES | {"submitted"}
    }
    following = ((pay_group(connection, group), ends + timedelta(days=1)) for group, ends in submitted.items())
    return min((pay_period_on(versions, day).end for versions, day in following), default=None)


def _may_be_kept(deps: Dependencies, participant_id: str, *, deal_id: str) -> bool:
    """Whether a run may look at something that a deal lost a participant: it lost something that was not dismissed, the
    participant earned by it when a run last looked, or there is such a deal and earnings that no run has looked at.
    """
    with deps.snapshot.connect() as connection:
        states = store_balances.carried(connection, [participant_id]).values()
        losses = [(deal, loss) for state in states for (deal, _, _), loss in state.dismissed.items()]
        if any(deal == deal_id and loss.dismissed < loss.lost for deal, loss in losses):
            return True
        if store_record.earned_by(connection, participant_id, deal_id=deal_id):
            return True
        unsettled = store_balances.unsettled(connection, [participant_id], month=period_of(deps.today()))
    waits = any(entry.kind == "earning" for mine in unsettled.values() for entry in mine)
    return waits and bool(deps.deals.known([deal_id]))
