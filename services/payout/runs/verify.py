"""Proves runs: their life follows from what people did, what they pay has its hash, is booked and released, and nothing
else is remembered.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import TypeAlias

from sqlalchemy import Connection

from services.payout.ledger import store_audit as ledger_audit
from services.payout.ledger.journal import CostAssignment
from services.payout.ledger.store_audit import AccountKey
from services.payout.payroll import store as payroll
from services.payout.payroll.batch import EntityLines, by_entity
from services.payout.payroll.verify import UNREADABLE, is_written_again, readable
from services.payout.runs import store as runs
from services.payout.runs import store_balances, store_record
from services.payout.runs.journals import pay_journals
from services.payout.runs.lifecycle import RELEASED_STATES, TRANSITIONS, Approval, RunEvent
from services.payout.runs.record import PayRecord, RunRecord
from services.payout.runs.service.payments import payroll_lines, profile_kept, released_run
from shared.pay.run import DONE_STATES, Run, State
from shared.pay.settlement import EarningLineKey, HeldAmount
from shared.pay.snapshot import PayKey
from shared.periods import Month

HeldLines: TypeAlias = dict[tuple[PayKey, EarningLineKey], HeldAmount]


def differences(connection: Connection, settled: Counter[PayKey]) -> Iterator[str]:
    """What does not fit, as sentences that name runs and people and no amounts; adds to `settled` what runs paid and
    payroll did not return.
    """
    # What is left of either once every run has taken its own belongs to no run.
    booked, released = ledger_audit.booked_by_runs(connection), payroll.released_by_runs(connection)
    held: HeldLines = {}
    inconsistent = runs.inconsistent_runs(connection)
    for run in runs.in_order_of_drafting(connection):
        if run.id in inconsistent:
            yield f"run {run.id}: what was done to it is not what is kept of it"
        of_run = _differences(connection, run, booked=booked.pop(run.id, {}), released=released.pop(run.id, {}))
        yield from readable(of_run, f"run {run.id}")
        if run.state in DONE_STATES:
            for payment in store_record.payments(connection, run.id):
                settled[payment.participant_id, payment.currency] += payment.paid
            with suppress(*UNREADABLE):  # that they cannot be read was said above
                for pay in store_record.pays(connection, run.id):
                    key = (pay.participant_id, pay.currency)
                    held |= {(key, earning): figures for earning, figures in pay.settlement.held.items()}
    settled.subtract(ledger_audit.returned(connection))
    yield from (f"run {run}: something is booked for it, and it does not exist" for run in booked)
    yield from (f"run {run}: something is kept of it, and it does not exist" for run in runs.unknown_runs(connection))
    yield from (
        f"month {period} of {group}: no approved run closed it"
        for group, period in runs.unapproved_closings(connection)
    )
    yield from _held(connection, held)


def _differences(
    connection: Connection,
    run: Run,
    *,
    booked: dict[AccountKey, int],
    released: dict[PayKey, int],
) -> Iterator[str]:
    record = store_record.record(connection, run.id)
    yield from _life(run, runs.events(connection, run.id), approvals=runs.approvals(connection, run.id), record=record)
    yield from _pay(run, record, booked=booked, released=released)
    if run.state in RELEASED_STATES:
        yield from (
            f"batch {batch}: it is not what run {run.id} pays" for batch in _released(connection, run, record=record)
        )


def _life(run: Run, events: Sequence[RunEvent], *, approvals: Sequence[Approval], record: RunRecord) -> Iterator[str]:
    state: State = "draft"
    for event in events:
        transition = TRANSITIONS[event.verb]
        if state not in transition.states:
            yield f"run {run.id}: what was done to it is not in order"
            return
        state = transition.to
    if state != run.state:
        yield f"run {run.id}: it is {run.state}, and what was done to it makes it {state}"
    elif state in DONE_STATES:
        makers = {run.author, *(event.actor for event in events if event.verb in ("calculate", "submit"))}
        makers |= {who for who, _ in record.contributors}
        approvers = [approval.approver for approval in approvals]
        if [approval.role for approval in approvals] != list(run.steps) or len({*approvers}) < len(approvers):
            yield f"run {run.id}: steps of its approval are missing"
        if makers & {*approvers}:
            yield f"run {run.id}: somebody approved what they had a hand in"


def _pay(run: Run, record: RunRecord, *, booked: dict[AccountKey, int], released: dict[PayKey, int]) -> Iterator[str]:
    if run.state != "draft" and run.lines_sha256 and record.sha256(run) != run.lines_sha256:
        yield f"run {run.id}: what it pays does not have its hash"
    decided: Counter[AccountKey] = Counter()
    pays: dict[PayKey, int] = {}
    if run.state in DONE_STATES:
        for pay in record.pays:
            decided.update(_account_sums(run.id, pay))
    if run.state in RELEASED_STATES:
        pays = {(pay.participant_id, pay.currency): pay.paid for pay in record.pays if pay.paid}
    if booked != {key: amount for key, amount in decided.items() if amount}:
        yield f"run {run.id}: what is booked for it is not what it decided"
    if released != pays:
        yield f"run {run.id}: what was released to payroll is not what it pays"


def _released(connection: Connection, run: Run, *, record: RunRecord) -> Iterator[str]:
    """Batches of the run whose files or lines its payments, payees and payroll profile do not give again."""
    parts: dict[str | None, EntityLines] = {}
    with suppress(KeyError, ValueError):  # nothing can be made of what is kept: no batch is what it gives
        listed, unlisted = by_entity(payroll_lines(run, record), profile_kept(connection, run, record=record))
        parts = {} if unlisted else {part.entity: part for part in listed}
    for batch in payroll.batches(connection, run=run.id):
        if batch.corrects is None:
            part = parts.get(batch.entity)
            if part is None or not is_written_again(connection, batch, run=released_run(connection, run), part=part):
                yield batch.id


def _held(connection: Connection, decided: HeldLines) -> Iterator[str]:
    """What is remembered of held lines must be what the runs decided last."""
    # The last run to say something of a line wins: runs are read in the order in which they were drafted.
    kept = {key: figures for key, figures in decided.items() if figures.held or figures.forfeited}
    remembered = {
        (owed, earning): figures
        for owed, lines in store_balances.held_lines(connection, store_balances.held_participants(connection)).items()
        for earning, figures in lines.items()
    }
    wrong = {key[0] for key in kept.keys() | remembered.keys() if kept.get(key) != remembered.get(key)}
    yield from (f"held of {who} in {currency}: not what the runs decided" for who, currency in sorted(wrong))


def _account_sums(run: str, pay: PayRecord) -> Counter[AccountKey]:
    """What a run books for a participant, by account."""
    sums: Counter[AccountKey] = Counter()
    nowhere = CostAssignment(Month(""), "", "", "")  # sums by account do not depend on where the journals are booked
    for journal in pay_journals(run, pay, assignment=nowhere, actor=""):
        for posting in journal.postings:
            sums[pay.participant_id, posting.currency, posting.account] += posting.amount
    return sums
