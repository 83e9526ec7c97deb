"""What follows approval: payroll's files, payroll's answer, and the comparisons that must hold."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from sqlalchemy import Connection

from services.payout.delivery.store import deliver_released
from services.payout.gl import store as gl
from services.payout.gl.reconciliation import reconcile as gl_reconcile
from services.payout.ledger import store as books
from services.payout.ledger import store_closings as closings
from services.payout.ledger.journal import CostAssignment
from services.payout.payroll import store as batches
from services.payout.payroll.batch import BatchLine, ReleasedBatch
from services.payout.runs import store as runs
from services.payout.runs import store_record
from services.payout.runs.journals import return_journal
from services.payout.runs.lifecycle import RELEASED_STATES, check_move
from services.payout.runs.reconciliation import Comparison, ComparisonKind, Sums, agreed_turnover
from services.payout.runs.service.payments import lines_to_pay, paying, profile_kept
from services.payout.runs.service.transitions import untampered
from shared.contracts.lines import each_line
from shared.deps import Clock
from shared.money import minor_digits
from shared.pay.run import Run
from shared.periods import period_of


def export(connection: Connection, run: Run, *, actor: str, now: Clock) -> Run:
    """Release the run's payments to payroll, once; a run that is released stays as it is.

    Raises:
        WrongState: it is not approved.
        LinesTampered: what is stored is not what was approved.
        LinesRefused: payroll would refuse a line.
    """
    if run.state in RELEASED_STATES:
        return run  # whoever asks twice, because the first answer was lost, gets the same: nothing is released twice
    check_move(run, "export")
    record = untampered(connection, run)
    lines = lines_to_pay(run, record)
    profile = profile_kept(connection, run, record=record)
    for batch in batches.release(
        connection, paying(connection, run), lines=lines, profile=profile, actor=actor, now=now()
    ):
        deliver_released(connection, batch.head.batch, day=run.ends, now=now(), group=run.pay_group)
    runs.move(connection, run.id, verb="export", actor=actor, at=now())
    return runs.run(connection, run.id)


def mark_paid(connection: Connection, run: Run, *, actor: str, now: Clock) -> Run:
    """Record that payroll paid what it acknowledged.

    Raises:
        WrongState: it is not acknowledged.
    """
    check_move(run, "pay")
    runs.move(connection, run.id, verb="pay", actor=actor, at=now())
    return runs.run(connection, run.id)


def answered(
    connection: Connection, batch: ReleasedBatch, *, lines: Sequence[BatchLine], actor: str, at: datetime
) -> None:
    """Book what payroll did not take as payable again, and move the run on once payroll has acknowledged every file of
    it.
    """
    # Two files of a run may be acknowledged at the same moment: the second to come sees the first, and moves the run
    # on.
    run = runs.lock_run(connection, batch.run)
    if lines:
        _give_back(connection, batch, lines=lines, actor=actor, at=at)
    if run.state == "exported" and not batches.unacknowledged(connection, run.id):
        runs.move(connection, run.id, verb="acknowledge", actor=actor, at=at)


def reconcile(connection: Connection, run: Run, *, tolerance: Decimal) -> list[Comparison]:
    """Source to credits: the lines that scoring gave, and what is booked as earned of their months. Ledger to payroll:
    the payments booked, and the control totals of the files. Ledger to general ledger: what is booked in the run's
    month, and what was posted of it; it is compared once something was posted.

    Args:
        connection: of the transaction.
        run: which run.
        tolerance: by how much the sides may differ, in major units of each currency.
    """
    sides: dict[ComparisonKind, tuple[Sums, Sums]] = {
        "source_to_credits": _source_and_credits(connection, run),
        "ledger_to_payroll": (runs.payment_sums(connection, run.id), runs.released_sums(connection, run.id)),
    }
    if posted := [entry for batch in gl.batches(connection, period=run.month) for entry in batch.entries]:
        accounts = gl_reconcile(gl.postings(connection, run.month), posted).balances
        sides["ledger_to_gl"] = agreed_turnover(accounts)
    return [
        Comparison(
            kind=kind,
            currency=currency,
            left=left.get(currency, 0),
            right=right.get(currency, 0),
            tolerance=_minor(tolerance, currency),
        )
        for kind, (left, right) in sides.items()
        for currency in sorted(left.keys() | right.keys())
    ]


def _minor(tolerance: Decimal, currency: str) -> int:
    return int(tolerance.scaleb(minor_digits(currency)))


def _source_and_credits(connection: Connection, run: Run) -> tuple[Sums, Sums]:
    lines = store_record.earned_lines(connection, run.id)
    if lines is None or not lines.height:
        return {}, {}
    each = each_line(lines.select("participant_id", "period", "lines"))
    earners = lines.select("participant_id", "period").unique().iter_rows()
    source = dict(each.select("currency", "amount").group_by("currency").sum().iter_rows())
    return source, runs.earned_sums(connection, run.id, earners=earners)


def _give_back(
    connection: Connection, batch: ReleasedBatch, *, lines: Sequence[BatchLine], actor: str, at: datetime
) -> None:
    """Book what payroll did not take as payable again, where the payment was booked: the next run of the participant
    pays it, to the payee that it keeps itself.
    """
    month = closings.lock_for_booking(connection, [batch.pay_group]).get(batch.pay_group, period_of(batch.pay_date))
    # The month of the run is closed; the books of its payees stay where the payment was, even if they moved since.
    paid = {payee.participant_id: payee for payee in store_record.payees(connection, batch.run)}
    journals = []
    for line in lines:
        payee = paid[line.participant_id]
        assignment = CostAssignment(month, payee.pay_group, payee.entity, payee.cost_center)
        journals.append(return_journal(batch.run, batch.id, line=line, assignment=assignment, actor=actor))
    books.post(connection, journals, now=at)
