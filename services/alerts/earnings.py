"""What the earnings of a participant and period contribute to the sums of the period."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from services.alerts.totals import Month, PeriodSums, add
from shared.contracts.earnings import ComponentEarning
from shared.kernel.arithmetic.expressions import NUMBER_SCALE
from shared.money import minor_digits


def contributions(period: str, earnings: Iterable[ComponentEarning]) -> dict[Month, PeriodSums]:
    """What the components of one participant and period add, per currency."""
    sums: dict[Month, PeriodSums] = {}
    for earned in earnings:
        change = PeriodSums(amount=earned.amount)
        if earned.quota:
            measure, quota = (_billionths(each, earned.currency) for each in (earned.measure, earned.quota))
            change = PeriodSums(earned.amount, measure, quota, 1)
        add(sums, (period, earned.currency), change)
    return {month: total._replace(with_quota=min(total.with_quota, 1)) for month, total in sums.items()}


def _billionths(number: str | int, currency: str) -> int:
    """A measure or quota as it is published; a whole number is one of minor units."""
    exact = Fraction(number) if isinstance(number, str) else Fraction(number, 10 ** minor_digits(currency))
    return int(exact * NUMBER_SCALE)
