"""Takes a run, once it is drafted (`drafts`), through its life: calculated, submitted, approved. What follows
approval is in `payroll_release`.

A run is a proposal until it is approved: whatever it was calculated from may change meanwhile. So what it would pay is
calculated with no lock at all (`proposal`), and each step towards payment proves again, with the books of its pay group
locked, that it would still come out the same. The functions that move a run within the caller's transaction are given
no way to ask scoring.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from typing import Final

from sqlalchemy import Connection

from services.payout.deps import Dependencies
from services.payout.errors import (
    LinesChanged,
    LinesTampered,
    PeriodClosed,
    SegregationOfDuties,
)
from services.payout.ledger import store as books
from services.payout.ledger import store_closings as closings
from services.payout.ledger.journal import Journal
from services.payout.payees.store import confirmed
from services.payout.payroll.errors import LinesRefused
from services.payout.policies import store as policies
from services.payout.runs import store, store_balances, store_record
from services.payout.runs.journals import pay_journals, transfer_journals
from services.payout.runs.lifecycle import Approval, check_author, check_move, check_unchanged, next_step
from services.payout.runs.record import RunRecord, payees_of
from services.payout.runs.service.payments import payroll_refusals, profile_in_force
from services.payout.runs.service.proposal import Proposal, is_current, propose
from services.payout.runs.service.publishing import publish
from services.payout.runs.service.snapshot import inputs_sha256, load
from shared.deps import Clock
from shared.pay.approval import ApprovalPolicy, steps_for
from shared.pay.review_rules import LEFT_OUT
from shared.pay.run import Run, RunPayment, run_totals
from shared.persons import is_among

LOOKS: Final = 2
"""How often a run is calculated before it is kept although something moved meanwhile: a busy stream moves always."""


def calculate(deps: Dependencies, run_id: str, *, actor: str) -> Run:
    """Calculate what the run would pay, as its author; again as often as something changed before it is submitted.

    The one move that is more than a transaction: everything is looked at first, with no lock and while nothing is open
    (`inputs`), and only what came out is written, under the lock of the run, if it is still what would come out. Where
    something moved meanwhile all is looked at again, and in the end kept as it was last seen: a calculated run is a
    proposal, and `submit` takes none that is outdated.

    Raises:
        NoSuchRun, WrongState, NotTheAuthor: there is none, not now, not by the actor.
        NotSettled: earnings are still on their way.
        Unavailable: scoring does not answer.
    """
    with deps.snapshot.connect() as connection:
        run = _to_calculate(store.run(connection, run_id), actor)
    looks_left = LOOKS
    while True:
        looks_left -= 1
        proposal = propose(deps, run)
        earned = store_record.packed(proposal.calculation.inputs.lines.drop("detail"))
        with deps.engine.begin() as connection:
            run = _to_calculate(store.lock_run(connection, run_id), actor)
            if not looks_left or is_current(connection, run, proposal=proposal):
                run = _keep(connection, run, proposal=proposal, earned=earned, actor=actor, at=deps.now())
                publish(connection, deps.log, run=run)
                return run


def _to_calculate(run: Run, actor: str) -> Run:
    check_move(run, "calculate")
    check_author(run, actor)
    return run


def _keep(connection: Connection, run: Run, *, proposal: Proposal, earned: bytes, actor: str, at: datetime) -> Run:
    """Write what the run would do in place of what it would have done before."""
    record = replace(proposal.record, earned_sha256=sha256(earned).hexdigest())
    store_record.replace(connection, run.id, record=record, earned=earned)
    hashes = {"lines_sha256": record.sha256(run), "inputs_sha256": proposal.inputs_sha256}
    steps = _steps(connection, run, payments=record.payments)
    return store.move(connection, run.id, verb="calculate", actor=actor, at=at, steps=steps, **hashes)


def submit(connection: Connection, run: Run, *, actor: str, now: Clock) -> Run:
    """Hand the run on for approval. From now on the stream books what its months still bring into the month after.

    Raises:
        WrongState, NotTheAuthor: not now, not by the actor.
        LinesChanged: something it was calculated from has changed.
        LinesRefused: payroll would refuse a line, which nobody can mend once the run is approved.
    """
    check_move(run, "submit")
    check_author(run, actor)
    # From here to the end nobody books for the pay group: what is looked at now is what the soft closing closes.
    closings.lock_for_closing(connection, run.pay_group)
    _check_current(connection, run, seen=None)
    # Approval books and closes: what payroll would refuse after that could not be mended by calculating again.
    if refused := payroll_refusals(connection, run, record=store_record.record(connection, run.id)):
        raise LinesRefused([line for _, line in refused])
    store.move(connection, run.id, verb="submit", actor=actor, at=now())
    if run.closes is not None:
        closings.soft_close(connection, run.pay_group, period=run.closes, run=run.id, actor=actor, at=now())
    return store.run(connection, run.id)


def send_back(connection: Connection, run: Run, *, actor: str, now: Clock, reason: str) -> Run:
    """Give what was submitted back to its author, with a reason. Its months are open again.

    Raises:
        WrongState: it is not submitted.
    """
    check_move(run, "return")
    closings.lock_for_closing(connection, run.pay_group)
    store.move(connection, run.id, verb="return", actor=actor, at=now(), note=reason)
    closings.lift(connection, run.pay_group, run=run.id, actor=actor, at=now())
    return store.run(connection, run.id)


def approve(
    connection: Connection, run: Run, *, actor: str, now: Clock, roles: frozenset[str], seen: str | None
) -> Run:
    """Take the next step of the approval; the last one books the run and closes its months.

    Every step looks again at what the run was calculated from: between submission and approval finance may have
    adjusted pay of its month, put on a hold or changed terms, and another run may have paid the same. What is approved
    is what would be calculated now.

    Args:
        connection: of the transaction.
        run: which run, locked.
        actor: who approves.
        now: gives the instant.
        roles: the actor's.
        seen: the hash of what the approver looked at; None where they do not say.

    Raises:
        WrongState, ApproverIsAuthor, NotYourStep, SegregationOfDuties: not now, not by this person.
        LinesChanged: what is due, or what the approver saw, is not what was submitted.
        PeriodClosed: another run has closed its month.
        LinesTampered: what is stored of the run is not what was calculated.
    """
    closings.lock_for_closing(connection, run.pay_group)
    makers = {event.actor for event in store.events(connection, run.id) if event.verb in ("calculate", "submit")}
    taken = store.approvals(connection, run.id)
    role = next_step(run, taken, approver=actor, roles=roles, makers=makers)
    if mine := [what for who, what in store_record.contributors(connection, run.id) if is_among(actor, [who])]:
        raise SegregationOfDuties(run.id, actor, what=", ".join(mine))
    _check_current(connection, run, seen=seen)
    record = untampered(connection, run)
    at = now()
    store.approve(connection, run, step=len(taken), approval=Approval(role, actor, at))
    if len(taken) + 1 == len(run.steps):
        # Booked before the run is moved: the event closes its months, and in a closed month nothing is booked any more.
        _book(connection, run, record=record, actor=actor, at=at)
        store.move(connection, run.id, verb="approve", actor=actor, at=at)
    return store.run(connection, run.id)


def cancel(connection: Connection, run: Run, *, actor: str, now: Clock) -> Run:
    """Give up what was not submitted, as its author.

    Raises:
        WrongState, NotTheAuthor: not now, not by the actor.
    """
    check_move(run, "cancel")
    check_author(run, actor)
    return store.move(connection, run.id, verb="cancel", actor=actor, at=now())


def untampered(connection: Connection, run: Run) -> RunRecord:
    """What is stored of a run.

    Raises:
        LinesTampered: it does not have the hash that the run was calculated with.
    """
    record = store_record.record(connection, run.id)
    if record.sha256(run) != run.lines_sha256:
        raise LinesTampered(run.id)
    return record


def _check_current(connection: Connection, run: Run, *, seen: str | None) -> None:
    """Nothing that the run was calculated from has changed, its month is open, and it takes the approvals that it was
    calculated with.

    The books of the pay group are locked: so it stays until the transaction ends. Scoring is not asked: what it says of
    earnings reaches the ledger, where it is seen, and whom the run left out because their plan is quarantined it leaves
    out for good.
    """
    closed = closings.closed_through(connection, run.pay_group)
    if closed is not None and run.month <= closed:
        raise PeriodClosed(run.pay_period, closed)
    findings = store_record.findings(connection, run.id)
    left_out = {finding.participant_id: finding.why for finding in findings if finding.kind == LEFT_OUT}
    snapshot = load(connection, run, quarantined=left_out)
    seen_counts = {pay.participant_id: pay.journals_seen for pay in store_record.pays(connection, run.id)}
    stands_for = inputs_sha256(connection, snapshot, journals_seen=seen_counts)
    check_unchanged(run, inputs_sha256=stands_for, seen=seen)
    profile, _ = profile_in_force(connection, run)
    payees = store_record.payees(connection, run.id)
    paid = {payee.participant_id for payee in payees}
    known = confirmed(connection, paid, day=run.ends)
    if payees != payees_of(run, snapshot.people, who=paid, profile=profile, confirmed=known):
        raise LinesChanged(run.id, run.author, state=run.state)
    if run.steps != _steps(connection, run, payments=store_record.payments(connection, run.id)):
        raise LinesChanged(run.id, run.author, state=run.state)


def _steps(connection: Connection, run: Run, *, payments: Iterable[RunPayment]) -> tuple[str, ...]:
    rules = policies.over_time(connection, ApprovalPolicy)(run.ends)
    return steps_for(rules, run.pay_group, totals=run_totals(payments))


def _book(connection: Connection, run: Run, *, record: RunRecord, actor: str, at: datetime) -> None:
    """Book everything the run does, in its month, which is closed right after."""
    assignments = {payee.participant_id: payee.assignment(run.month) for payee in record.payees}
    journals: list[Journal] = []
    for pay in record.pays:
        journals += pay_journals(run.id, pay, assignment=assignments[pay.participant_id], actor=actor)
    books.post(connection, journals, now=at)
    store_record.save_held(connection, {(pay.participant_id, pay.currency): pay.settlement.held for pay in record.pays})
    # After the pay, which is booked where a participant is now: only what is then left with an entity of before moves.
    balances = store_balances.balances_by_entity(connection, assignments, month=run.month)
    books.post(connection, list(transfer_journals(run.id, balances, assignments=assignments, actor=actor)), now=at)
