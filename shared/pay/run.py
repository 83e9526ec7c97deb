"""A payout run: what it is over, and what it pays."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, NamedTuple, TypeAlias

from shared.contracts import runs as contract
from shared.periods import Month

State: TypeAlias = contract.RunState
RunKind: TypeAlias = contract.RunKind

DONE_STATES: Final = frozenset[State]({"approved", "exported", "acknowledged", "paid"})
"""The states of a run that is booked."""
UNFINISHED: Final = frozenset[State]({"draft", "calculated", "submitted"})
"""The states of a run that may still be booked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run. It pays what is due by `ends`, the last day of its pay period (or the day an off-cycle run is for).

    Args:
        month: the accounting month its journals are booked in.
        closes: the month that its approval closes for the pay group, with every earlier one; None where it closes
            nothing: off-cycle runs, runs over some participants only, pay periods that end within a month.
        participants: those it is over; None for all of the pay group.
        lines_sha256: stands for exactly what it would pay.
        inputs_sha256: stands for what it was calculated from.
        steps: the approvals it needs, by role; fixed when it is calculated.
    """

    id: str
    kind: RunKind
    pay_group: str
    pay_period: str
    month: Month
    starts: date
    ends: date
    pay_date: date
    closes: Month | None
    participants: tuple[str, ...] | None
    state: State
    author: str
    created_at: datetime
    lines_sha256: str = ""
    inputs_sha256: str = ""
    steps: tuple[str, ...] = ()


class RunPayment(NamedTuple):
    """What a run pays a participant in one currency, in minor units, and what it leaves for the next run (negative:
    still to be earned).
    """

    participant_id: str
    currency: str
    paid: int
    carried: int


class RunTotal(NamedTuple):
    """Sums of a run in one currency, in minor units: `paid` to so many participants; what is carried, owed to and by
    them.
    """

    currency: str
    paid: int
    participants: int
    carried_forward: int


def run_totals(lines: Iterable[RunPayment]) -> list[RunTotal]:
    """The sums of the lines by currency."""
    by_currency: dict[str, list[int]] = {}
    for line in lines:
        sums = by_currency.setdefault(line.currency, [0, 0, 0])
        sums[0] += line.paid
        sums[1] += line.paid > 0
        sums[2] += line.carried
    return [RunTotal(currency, *sums) for currency, sums in sorted(by_currency.items())]
