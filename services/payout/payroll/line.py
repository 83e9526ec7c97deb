"""One payment of a run as payroll needs to hear of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from shared.money import from_minor


@dataclass(frozen=True, slots=True)
class PayrollLine:
    """One payment to one person. `amount` is in minor units of `currency`; a clawback is negative.

    `pay_code` is Earnest's own word (`commission`, `bonus`, `draw`, `guarantee`, `clawback`...); a payroll profile maps it to
    the target's code. `payroll_id` is the person's id in payroll's numbering.
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


@dataclass(frozen=True, slots=True)
class Head:
    """What a batch says of itself before its lines. `number` counts the batches of the installation, from 1."""

    batch: str
    number: int
    run: str
    period: str
    period_end: date
    pay_date: date
    created_at: datetime
    pay_group: str | None = None
    entity: str | None = None
    corrects: str | None = None


def totals(lines: Iterable[PayrollLine]) -> dict[str, int]:
    """Sums per currency in minor units, sorted by currency."""
    sums: dict[str, int] = {}
    for line in sorted(lines, key=lambda line: line.currency):
        sums[line.currency] = sums.get(line.currency, 0) + line.amount
    return sums


def totals_text(lines: Iterable[PayrollLine]) -> dict[str, str]:
    """Sums per currency as decimals in text, as manifests and acknowledgements write them."""
    return {currency: f"{from_minor(total, currency):f}" for currency, total in totals(lines).items()}
