"""Proves runs: their life follows from what people did, what they pay has its hash, is booked and released, and nothing else is remembered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import TypeAlias

from sqlalchemy import Connection

from services.payout.ledger import store_audit as audit
from services.payout.ledger.booking import Place
from services.payout.payroll import store as batches
from services.payout.payroll.batch import EntityLines, by_entity
from services.payout.payroll.verify import UNREADABLE, is_written_again, readable
from services.payout.runs import store as runs
from services.payout.runs import store_balances as positions
from services.payout.runs.frozen import Frozen, Pay
from services.payout.runs.journals import held_of, lines_of, pay_journals
from services.payout.runs.lifecycle import MOVES, Approval, Event
from services.payout.runs.payments import lines_to_pay, paying, profile_kept
from shared.pay.balances import PayKey
from shared.pay.run import DONE_STATES, Run, State
from shared.pay.settlement import EarningLineKey, HeldAmount

HeldLines: TypeAlias = dict[tuple[PayKey, EarningLineKey], HeldAmount]


def differences(connection: Connection, settled: Counter[PayKey]) -> Iterator[str]:
    """What does not fit, as sentences that name runs and people and no amounts; adds to `settled` what runs paid and payroll did not
    return.
    """
    booked, released = audit.booked_by_runs(connection), audit.released_by_runs(connection)
    held: HeldLines = {}
    spoilt = audit.spoilt_runs(connection)
    for run in runs.in_order(connection):
        mine, out = booked.pop(run.id, {}), released.pop(run.id, {})
        if not _by_an_earlier_version(run):
            if run.id in spoilt:
                yield f"run {run.id}: what was done to it is not what is kept of it"
            yield from readable(_differences(connection, run, booked=mine, released=out), f"run {run.id}")
        if run.state in DONE_STATES:
            settled.update({(line.participant_id, line.currency): line.paid for line in runs.lines(connection, run.id)})
            with suppress(*UNREADABLE):  # told above
                for pay in runs.pays(connection, run.id):
                    owed = (pay.participant_id, pay.currency)
                    held |= {(owed, whose): figures for whose, figures in held_of(pay.told).items()}
    settled.subtract(audit.returned(connection))
    yield from (f"run {run}: something is booked for it, and it does not exist" for run in booked)
    yield from (
        f"month {period} of {group}: no approved run closed it" for group, period in audit.spoilt_closings(connection)
    )
    yield from _held(connection, held)


def _differences(
    connection: Connection,
    run: Run,
    *,
    booked: dict[tuple[str, str, str], int],
    released: dict[tuple[str, str], int],
) -> Iterator[str]:
    frozen = runs.frozen(connection, run.id)
    yield from _life(run, runs.events(connection, run.id), approvals=runs.approvals(connection, run.id), frozen=frozen)
    yield from _pay(run, frozen, booked=booked, released=released)
    if run.state in DONE_STATES - {"approved"}:
        yield from (
            f"batch {batch}: it is not what run {run.id} pays" for batch in _released(connection, run, frozen=frozen)
        )


def _life(run: Run, events: Sequence[Event], *, approvals: Sequence[Approval], frozen: Frozen) -> Iterator[str]:
    state: State = "draft"
    for event in events:
        states, to = MOVES[event.verb]
        if state not in states:
            yield f"run {run.id}: what was done to it is not in order"
            return
        state = to
    if state != run.state:
        yield f"run {run.id}: it is {run.state}, and what was done to it makes it {state}"
    elif state in DONE_STATES:
        makers = {run.author, *(event.actor for event in events if event.verb in ("calculate", "submit"))}
        makers |= {who for who, _ in frozen.touches}
        approvers = [each.approver for each in approvals]
        if [each.role for each in approvals] != list(run.steps) or len({*approvers}) < len(approvers):
            yield f"run {run.id}: steps of its approval are missing"
        if makers & {*approvers}:
            yield f"run {run.id}: somebody approved what they had a hand in"


def _pay(
    run: Run, frozen: Frozen, *, booked: dict[tuple[str, str, str], int], released: dict[tuple[str, str], int]
) -> Iterator[str]:
    if run.state != "draft" and run.lines_sha256 and frozen.sha256(run) != run.lines_sha256:
        yield f"run {run.id}: what it pays does not have its hash"
    decided: Counter[tuple[str, str, str]] = Counter()
    pays: dict[tuple[str, str], int] = {}
    if run.state in DONE_STATES:
        for pay in frozen.pays:
            decided.update(_does(run.id, pay))
    if run.state in DONE_STATES - {"approved"}:
        pays = {(pay.participant_id, pay.currency): pay.paid for pay in frozen.pays if pay.paid}
    if booked != {key: amount for key, amount in decided.items() if amount}:
        yield f"run {run.id}: what is booked for it is not what it decided"
    if released != pays:
        yield f"run {run.id}: what was released to payroll is not what it pays"


def _released(connection: Connection, run: Run, *, frozen: Frozen) -> Iterator[str]:
    """Batches of the run whose files or lines are not those that its payments, payees and payroll profile give again."""
    parts: dict[str | None, EntityLines] = {}
    with suppress(KeyError, ValueError):  # nothing can be made of what is kept: no batch is what it gives
        found, unlisted = by_entity(lines_to_pay(run, frozen), profile_kept(connection, run, frozen=frozen))
        parts = {} if unlisted else {part.entity: part for part in found}
    for batch in batches.batches(connection, run=run.id):
        if batch.corrects is None:
            part = parts.get(batch.entity)
            if part is None or not is_written_again(connection, batch, run=paying(connection, run), part=part):
                yield batch.id


def _held(connection: Connection, decided: HeldLines) -> Iterator[str]:
    """What is remembered of held lines must be what the runs decided last."""
    kept = {key: figures for key, figures in decided.items() if figures.held or figures.forfeited}
    remembered = {
        (owed, whose): figures
        for owed, lines in positions.held_lines(connection, audit.held_participants(connection)).items()
        for whose, figures in lines.items()
    }
    wrong = {
        owed
        for owed, whose in kept.keys() | remembered.keys()
        if kept.get((owed, whose)) != remembered.get((owed, whose))
    }
    yield from (f"held of {who} in {currency}: not what the runs decided" for who, currency in sorted(wrong))


def _does(run: str, pay: Pay) -> Counter[tuple[str, str, str]]:
    """What a run books for a participant, by account."""
    sums: Counter[tuple[str, str, str]] = Counter()
    nowhere = Place("", "", "", "")
    steps = lines_of(pay.told)
    for journal in pay_journals(
        run, pay.participant_id, currency=pay.currency, lines=steps, paid=pay.paid, place=nowhere, actor=""
    ):
        for posting in journal.postings:
            sums[pay.participant_id, posting.currency, posting.account] += posting.amount
    return sums


def _by_an_earlier_version(run: Run) -> bool:
    """Runs of an earlier version kept sums only, and nothing of what they were calculated from."""
    return bool(run.lines_sha256) and not run.inputs_sha256
