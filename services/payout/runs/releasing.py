"""What follows approval: payroll's files, payroll's answer, and the comparisons that must hold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal

from sqlalchemy import Connection

from services.payout.booking import place_of
from services.payout.calendars.pay_periods import pay_period_at
from services.payout.calendars.timeline import ruling
from services.payout.office import Office
from services.payout.payroll.acknowledgement import BatchLine
from services.payout.payroll.line import PayrollLine
from services.payout.payroll.release import Paying, Released
from services.payout.people import Attributes
from services.payout.runs.entries import lines_of, returned
from services.payout.runs.frozen import Pay
from services.payout.runs.life import Run, check_move
from services.payout.runs.reconciliation import Compared, compared
from services.payout.runs.running import untampered
from services.payout.store import batches, books, closings, comparisons, policies_in_force, runs
from services.payout.store.pay_groups import pay_group
from services.payout.store.people import people
from services.payout.store.released import deliver_released, waiting
from shared.money import minor_digits
from shared.periods import period_of

CODES = {"draw": "draw", "guarantee": "guarantee", "minimum": "guarantee"}
"""Steps that payroll hears of under a code of their own; the rest is commission."""


def export(connection: Connection, office: Office, run: Run, actor: str) -> Run:
    """Release the run's payments to payroll, once; a run that is released stays as it is.

    Raises:
        WrongState: it is not approved.
        LinesTampered: what is stored is not what was approved.
        LinesRefused: payroll would refuse a line.
    """
    if run.state in ("exported", "acknowledged", "paid"):
        return run
    check_move(run, "export")
    pays = [pay for pay in untampered(connection, run).pays if pay.paid]
    homes = {
        who: person.at(run.ends) for who, person in people(connection, {pay.participant_id for pay in pays}).items()
    }
    lines = [line for pay in pays for line in payments(run, pay, homes[pay.participant_id])]
    group = ruling(pay_group(connection, run.pay_group), run.ends)
    profile = policies_in_force.profile(connection, group, run.ends)
    by = pay_period_at(group, run.ends).cut_off
    paying = Paying(run.id, run.pay_group, run.pay_period, run.ends, run.pay_date, by)
    for batch in batches.release(connection, paying, lines, profile, actor, office.now()):
        deliver_released(connection, batch.head.batch, run.ends, office.now(), run.pay_group)
    runs.move(connection, run.id, "export", actor, office.now())
    return runs.run(connection, run.id)


def payments(run: Run, pay: Pay, home: Attributes) -> Iterator[PayrollLine]:
    """What payroll hears of a participant's pay: draw and guarantee under codes of their own, as long as the rest is not negative."""
    own: dict[str, int] = {}
    for line in lines_of(pay.told):
        if (code := CODES.get(line.step)) and line.amount > 0 and line.about == run.month:
            own[code] = own.get(code, 0) + line.amount
    rest = pay.paid - sum(own.values())
    shares = {"commission": rest, **own} if rest >= 0 else {"commission": pay.paid}
    for code, amount in shares.items():
        if amount:
            yield PayrollLine(
                id=f"{run.id}/{pay.participant_id}/{pay.currency}/{code}",
                participant_id=pay.participant_id,
                currency=pay.currency,
                amount=amount,
                period=run.pay_period,
                pay_period_start=run.starts,
                pay_period_end=run.ends,
                pay_date=run.pay_date,
                pay_code=code,
                payroll_id=home.payroll_id,
                first_name=home.first_name,
                last_name=home.last_name,
                entity=home.entity or None,
                cost_center=home.cost_center or None,
            )


def mark_paid(connection: Connection, office: Office, run: Run, actor: str) -> Run:
    """Record that payroll paid what it acknowledged.

    Raises:
        WrongState: it is not acknowledged.
    """
    check_move(run, "pay")
    runs.move(connection, run.id, "pay", actor, office.now())
    return runs.run(connection, run.id)


def answered(connection: Connection, batch: Released, lines: Sequence[BatchLine], actor: str, at: datetime) -> None:
    """Book what payroll did not take as payable again, and move the run on once payroll has acknowledged every file of it."""
    run = runs.run(connection, batch.run, for_change=True)
    if lines:
        _give_back(connection, batch, lines, actor, at)
    if run.state == "exported" and not waiting(connection, run.id):
        runs.move(connection, run.id, "acknowledge", actor, at)


def reconcile(connection: Connection, run: Run, tolerance: Decimal) -> list[Compared]:
    """Source to credits: the lines that scoring gives, and what is booked as earned of their months. Ledger to payroll: the payments
    booked, and the control totals of the files. Ledger to general ledger: what is booked in the run's month, and what was posted of it.
    """
    found: list[Compared] = []
    for kind, (left, right) in comparisons.figures(connection, run).items():
        for currency in sorted(left.keys() | right.keys()):
            within = int(tolerance.scaleb(minor_digits(currency)))
            found += compared(kind, {currency: left.get(currency, 0)}, {currency: right.get(currency, 0)}, within)
    return found


def _give_back(connection: Connection, batch: Released, lines: Sequence[BatchLine], actor: str, at: datetime) -> None:
    """Book what payroll did not take as payable again: the next run of the participant pays it."""
    homes = people(connection, {line.participant_id for line in lines})
    groups = {group for person in homes.values() for group in person.pay_groups()}
    open_from = closings.hold_open(connection, {batch.pay_group, *groups})
    first = open_from.get(batch.pay_group, period_of(batch.pay_date))
    journals = [
        returned(batch.run, batch.id, line, place_of(homes[line.participant_id], first, open_from), actor)
        for line in lines
    ]
    books.post(connection, journals, at)
