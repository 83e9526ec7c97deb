"""What follows approval: payroll's files, payroll's answer, and the comparisons that must hold."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from sqlalchemy import Connection

from services.payout.delivery.store import deliver_released
from services.payout.deps import Dependencies
from services.payout.ledger import store as books
from services.payout.ledger import store_closings as closings
from services.payout.ledger.booking import Place
from services.payout.payroll import store as batches
from services.payout.payroll.batch import BatchLine, ReleasedBatch
from services.payout.runs import store as runs
from services.payout.runs import store_comparisons as comparisons
from services.payout.runs import store_payees as payees
from services.payout.runs.journals import return_journal
from services.payout.runs.lifecycle import check_move
from services.payout.runs.payments import lines_to_pay, paying, profile_kept
from services.payout.runs.reconciliation import Compared, compared
from services.payout.runs.service import untampered
from shared.money import minor_digits
from shared.pay.run import Run
from shared.periods import period_of


def export(connection: Connection, deps: Dependencies, run: Run, actor: str) -> Run:
    """Release the run's payments to payroll, once; a run that is released stays as it is.

    Raises:
        WrongState: it is not approved.
        LinesTampered: what is stored is not what was approved.
        LinesRefused: payroll would refuse a line.
    """
    if run.state in ("exported", "acknowledged", "paid"):
        return run
    check_move(run, "export")
    frozen = untampered(connection, run)
    lines = lines_to_pay(run, frozen)
    profile = profile_kept(connection, run, frozen=frozen)
    for batch in batches.release(
        connection, paying(connection, run), lines=lines, profile=profile, actor=actor, now=deps.now()
    ):
        deliver_released(connection, batch.head.batch, day=run.ends, now=deps.now(), group=run.pay_group)
    runs.move(connection, run.id, verb="export", actor=actor, at=deps.now())
    return runs.run(connection, run.id)


def mark_paid(connection: Connection, deps: Dependencies, run: Run, actor: str) -> Run:
    """Record that payroll paid what it acknowledged.

    Raises:
        WrongState: it is not acknowledged.
    """
    check_move(run, "pay")
    runs.move(connection, run.id, verb="pay", actor=actor, at=deps.now())
    return runs.run(connection, run.id)


def answered(
    connection: Connection, batch: ReleasedBatch, *, lines: Sequence[BatchLine], actor: str, at: datetime
) -> None:
    """Book what payroll did not take as payable again, and move the run on once payroll has acknowledged every file of it."""
    run = runs.run(connection, batch.run, for_change=True)
    if lines:
        _give_back(connection, batch, lines=lines, actor=actor, at=at)
    if run.state == "exported" and not batches.unacknowledged(connection, run.id):
        runs.move(connection, run.id, verb="acknowledge", actor=actor, at=at)


def reconcile(connection: Connection, run: Run, *, tolerance: Decimal) -> list[Compared]:
    """Source to credits: the lines that scoring gives, and what is booked as earned of their months. Ledger to payroll: the payments
    booked, and the control totals of the files. Ledger to general ledger: what is booked in the run's month, and what was posted of it.
    """
    found: list[Compared] = []
    for kind, (left, right) in comparisons.figures(connection, run).items():
        for currency in sorted(left.keys() | right.keys()):
            within = int(tolerance.scaleb(minor_digits(currency)))
            found += compared(
                kind, {currency: left.get(currency, 0)}, right={currency: right.get(currency, 0)}, tolerance=within
            )
    return found


def _give_back(
    connection: Connection, batch: ReleasedBatch, *, lines: Sequence[BatchLine], actor: str, at: datetime
) -> None:
    """Book what payroll did not take as payable again, where the payment was booked: the next run of the participant pays it, to the payee
    that it keeps itself.
    """
    month = closings.hold_open(connection, [batch.pay_group]).get(batch.pay_group, period_of(batch.pay_date))
    paid = {payee.participant_id: payee for payee in payees.payees(connection, batch.run)}
    journals = []
    for line in lines:
        payee = paid[line.participant_id]
        place = Place(month, payee.pay_group, payee.entity, payee.cost_center)
        journals.append(return_journal(batch.run, batch.id, line=line, place=place, actor=actor))
    books.post(connection, journals, now=at)
