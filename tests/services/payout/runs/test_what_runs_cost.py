"""What the topic `runs` says of the cost of a run: what is earned by plans, and every expense beside."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from services.payout.runs.publication import run_changed
from services.payout.runs.record import PayRecord, SettlementRecord
from shared.contracts.runs import RunAmounts
from shared.pay.run import Run

DAY = date(2025, 3, 31)
RUN = Run(
    id="run-2025-03-1",
    kind="regular",
    pay_group="default",
    pay_period="2025-03",
    month="2025-03",
    starts=date(2025, 3, 1),
    ends=DAY,
    pay_date=DAY,
    closes=None,
    participants=None,
    state="approved",
    author="dana",
    created_at=datetime(2025, 4, 1, tzinfo=UTC),
)
EARNED = [("earnings", 1000), ("prior_period", -50)]


def amounts_of(*steps: tuple[str, int]) -> RunAmounts:
    """What is published of a run that pays one person by these steps."""
    lines = [[step, amount, "2025-03", None, "", "", None] for step, amount in steps]
    pay = PayRecord("ada", "USD", 0, 0, 0, SettlementRecord({"lines": lines}))
    [amounts] = run_changed(RUN, [pay], revision=1, batches=[], acknowledged={}).amounts
    return amounts


@pytest.mark.parametrize(
    ("steps", "cost"),
    [
        ([], 950),
        ([("adjustment", 30)], 980),
        ([("adjustment", -30)], 920),
        ([("guarantee", 200), ("minimum", 5)], 1155),
        ([("dismissal", 40), ("write_off", 8)], 998),
        ([("forfeit", -100)], 850),
        ([("lapse", -70)], 880),
        ([("forgiveness", 60)], 1010),
        # Paid at another time, or lent: no expense.
        ([("hold", -300), ("release", 100), ("carried_in", 11), ("carried_forward", -7), ("returned", 9)], 950),
        ([("draw", 500), ("recovery", -20), ("receivable", 90), ("repayment", -10)], 950),
    ],
)
def test_a_run_costs_what_plans_earn_and_what_is_adjusted_and_guaranteed(
    steps: list[tuple[str, int]], cost: int
) -> None:
    amounts = amounts_of(*EARNED, *steps)
    assert (amounts.earned, amounts.cost) == (950, cost)
