"""The payroll file of a month's run: what it pays, written under a payroll profile, the plain CSV unless one is given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from services.payout.payroll.batch import Previous, write
from services.payout.payroll.line import Head, PayrollLine
from services.payout.payroll.policy import DEFAULT, PayrollProfile
from services.payout.runs import Line, Run, paid
from shared.periods import first_day, last_day


@dataclass(frozen=True, slots=True)
class PayrollFile:
    """The bytes that payroll gets, never changed once written."""

    run: str
    name: str
    content: bytes
    sha256: str
    manifest: bytes


def file_of_run(
    run: Run, lines: Sequence[Line], created_at: datetime, previous: Previous | None, profile: PayrollProfile = DEFAULT
) -> PayrollFile:
    """The payroll file and manifest of a run; the same arguments give the same bytes.

    Raises:
        LinesRefused: payroll would refuse a line.
        shared.money.UnknownCurrency: a line's currency is none.
    """
    end = last_day(run.period)
    payments = [
        PayrollLine(
            id=f"{run.id}/{line.participant_id}/{line.currency}",
            participant_id=line.participant_id,
            currency=line.currency,
            amount=line.amount,
            period=run.period,
            pay_period_start=first_day(run.period),
            pay_period_end=end,
            pay_date=end,
        )
        for line in paid(lines)
    ]
    head = Head(run.id, 1, run.id, run.period, end, end, created_at)
    batch = write(profile.file, payments, head, previous)
    return PayrollFile(run.id, batch.files[0].name, batch.files[0].content, batch.sha256, batch.manifest)
