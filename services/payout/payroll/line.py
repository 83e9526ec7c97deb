"""What payroll hears of a run: who is paid how much under which code, and what a batch says of itself before its
lines.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from shared.money import major_text
from shared.proof.head import Head


@dataclass(frozen=True, slots=True, kw_only=True)
class PayrollLine:
    """One payment to one person. `amount` is in minor units of `currency`; a clawback is negative.

    `pay_code` is Earnest's own word (`commission`, `bonus`, `draw`, `guarantee`, `clawback`...); a payroll profile maps
    it to the target's code. `payroll_id` is the person's id in payroll's numbering.
    """

    id: str
    participant_id: str
    currency: str
    amount: int
    period: str
    pay_period_start: date
    pay_period_end: date
    pay_date: date
    pay_code: str = "commission"
    payroll_id: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    entity: str | None = None
    cost_center: str | None = None
    memo: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleasedRun:
    """The run that is released: whom it pays, when, and until when payroll has to acknowledge its files.

    `period` is the name of the pay period, `period_end` its last day. `acknowledge_by` is the pay calendar's cut-off;
    None where it has none, and then no batch is ever overdue. `corrects` is the batch that an earlier run sent and this
    one takes the place of.
    """

    id: str
    pay_group: str | None
    period: str
    period_end: date
    pay_date: date
    acknowledge_by: date | None = None
    corrects: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchHeader:
    """What a batch says of itself before its lines. `number` counts the batches of the installation, from 1; `chain` is
    the head of the books' chain when it was released.
    """

    batch: str
    number: int
    run: ReleasedRun
    created_at: datetime
    entity: str | None = None
    chain: Head | None = None


def totals(lines: Iterable[PayrollLine]) -> dict[str, str]:
    """Sums per currency as decimals in text, sorted by currency, as manifests and acknowledgements write them."""
    sums: dict[str, int] = {}
    for line in sorted(lines, key=lambda line: line.currency):
        sums[line.currency] = sums.get(line.currency, 0) + line.amount
    return {currency: major_text(total, currency) for currency, total in sums.items()}
