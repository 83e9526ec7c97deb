"""What the earnings of a participant and period contribute to the sums of the period."""

from __future__ import annotations

from collections.abc import Iterable

from services.alerts.totals import Month, PeriodSums, add
from shared.contracts.earnings import ComponentEarning
from shared.kernel.exact import NUMBER_SCALE


def contributions(period: str, earnings: Iterable[ComponentEarning]) -> dict[Month, PeriodSums]:
    """What the components of one participant and period add, per currency."""
    sums: dict[Month, PeriodSums] = {}
    for earned in earnings:
        change = PeriodSums(amount=earned.amount)
        if earned.quota:
            change = PeriodSums(earned.amount, int(earned.measure * NUMBER_SCALE), int(earned.quota * NUMBER_SCALE), 1)
        add(sums, (period, earned.currency), change)
    return {month: total._replace(with_quota=min(total.with_quota, 1)) for month, total in sums.items()}
