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
from services.payout.payroll import store as payroll
from services.payout.payroll.batch import BatchLine, ReleasedBatch
from services.payout.runs import store as runs
from services.payout.runs import store_record
from services.payout.runs.journals import return_journal
from services.payout.runs.lifecycle import RELEASED_STATES, check_move
from services.payout.runs.reconciliation import Comparison, ComparisonKind, Sums, agreed_turnover
from services.payout.runs.service.payments import payroll_lines, profile_kept, released_run
from services.payout.runs.service.publishing import publish
from services.payout.runs.service.transitions import untampered
from shared.contracts.lines import each_line
from shared.deps import Clock
from shared.log.port import Log
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
    batches = payroll.release(
        connection,
        released_run(connection, run),
        lines=payroll_lines(run, record),
        profile=profile_kept(connection, run, record=record),
        actor=actor,
        now=now(),
    )
    for batch in batches:
        deliver_released(connection, batch.head.batch, day=run.ends, now=now(), group=run.pay_group)
    return runs.move(connection, run.id, verb="export", actor=actor, at=now())


def mark_paid(connection: Connection, run: Run, *, actor: str, now: Clock) -> Run:
    """Record that payroll paid what it acknowledged.

    Raises:
        WrongState: it is not acknowledged.
    """
    check_move(run, "pay")
    return runs.move(connection, run.id, verb="pay", actor=actor, at=now())


def answered(
    connection: Connection, batch: ReleasedBatch, *, lines: Sequence[BatchLine], actor: str, at: datetime, log: Log
) -> None:
    """Book what payroll did not take as payable again, and move the run on once payroll has acknowledged every file of
    it.
    """
    # Two files of a run may be acknowledged at once: with the run locked, the second sees the first, and moves it on.
    run = runs.lock_run(connection, batch.run)
    if lines:
        _give_back(connection, batch, lines=lines, actor=actor, at=at)
    if run.state == "exported" and not payroll.unacknowledged(connection, run.id):
        run = runs.move(connection, run.id, verb="acknowledge", actor=actor, at=at)
    publish(connection, log, run=run)


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
            one=one.get(currency, 0),
            other=other.get(currency, 0),
            tolerance=_minor(tolerance, currency),
        )
        for kind, (one, other) in sides.items()
        for currency in sorted(one.keys() | other.keys())
    ]


def _minor(tolerance: Decimal, currency: str) -> int:
    return int(tolerance.scaleb(minor_digits(currency)))


def _source_and_credits(connection: Connection, run: Run) -> tuple[Sums, Sums]:
    earned = store_record.earned_lines(connection, run.id, column="lines")
    earners = earned.select("participant_id", "period").unique().iter_rows()
    source = each_line(earned).select("currency", "amount").group_by("currency").sum()
    return dict(source.iter_rows()), runs.earned_sums(connection, run.id, earners=earners)


def _give_back(
    connection: Connection, batch: ReleasedBatch, *, lines: Sequence[BatchLine], actor: str, at: datetime
) -> None:
    """Book what payroll did not take as payable again, where the payment was booked: the next run of the participant
    pays it, to the payee that it keeps itself.
    """
    month = closings.lock_for_booking(connection, [batch.pay_group]).get(batch.pay_group, period_of(batch.pay_date))
    # The month of the run is closed; the books of its payees stay where the payment was, even if they moved since.
    assignments = {
        payee.participant_id: payee.assignment(month) for payee in store_record.payees(connection, batch.run)
    }
    journals = [
        return_journal(batch.run, batch.id, line=line, assignment=assignments[line.participant_id], actor=actor)
        for line in lines
    ]
    books.post(connection, journals, now=at)
