"""Topic `runs`: payout runs as they stand, keyed by run id. Figures over many people, and nobody's pay."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from shared.contracts.base import Contract, CurrencyCode, Identifier

TYPE = "earnest.run.changed"

RunState = Literal["draft", "calculated", "submitted", "approved", "exported", "acknowledged", "paid", "cancelled"]
RunKind = Literal["regular", "off_cycle"]


class RunAmounts(Contract):
    """What a run does in one currency, in minor units, to so many people (`participants` are those whom it pays).

    `adjusted` and `corrected` are sums of absolute amounts, for what is added to one and taken from another was wrong
    twice: by hand, and for months that were paid before. `clawed_back` is the part of `corrected` that is taken from
    pay, less what stays with people although it was lost. `earned` is what plans pay for the months of the run at what
    was reached, and by what months before it earn differently; `cost` is that with everything adjusted and guaranteed:
    the expense of the run, which an advance is not. Runs of before these were told say nothing of them.
    """

    currency: CurrencyCode
    participants: int
    paid: int
    adjusted: int
    corrected: int
    clawed_back: int
    earned: int | None = None
    cost: int | None = None


class RunBatch(Contract):
    """A payroll batch of a run: when it was released, when payroll acknowledged it, and by which day it should."""

    batch: Identifier
    released_at: datetime
    acknowledged_at: datetime | None
    acknowledge_by: date | None


class RunChanged(Contract):
    """A run as it stands. `revision` grows with everything that happens to it; readers drop what is not newer than what
    they hold.

    `statements` counts the people whose pay the run settles, of whom each has a statement. `adjustments`, `corrections`
    and `clawbacks` count by person, currency and month that they are about; the sums are in `amounts`. All are those of
    the last calculation: none before the first one.
    """

    run_id: Identifier
    revision: int
    kind: RunKind
    pay_group: Identifier
    pay_period: str
    starts: date
    ends: date
    pay_date: date
    state: RunState
    statements: int
    adjustments: int
    corrections: int
    clawbacks: int
    amounts: list[RunAmounts]
    batches: list[RunBatch]
