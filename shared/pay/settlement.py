"""What a run does for one participant in one currency: everything that it depends on, and what comes of it.

Every step is a line for the statement and an entry for the ledger. Amounts are in minor units; a line's amount is what
it adds to what is payable. `shared.pay.settle` makes the one of the other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal, NamedTuple

from shared.pay.steps import StepName
from shared.pay.terms.losses import LossRecord, LostLine, LostLineKey
from shared.pay.terms.words.base import PaidFor, PeriodTerms, Terms
from shared.pay.terms.words.release import Hold, HoldReason, LineFacts
from shared.periods import Month

Uncounted = Literal["amount", "entries"]
"""What of a deal cannot be counted where nobody knows what was paid: its amount, or one of its payments or refunds."""


class EarningLineKey(NamedTuple):
    """The line of earnings that a held amount belongs to, over its whole life. What was earned without a deal has an
    empty `deal_id`.
    """

    period: Month
    component: str
    plan: str
    version: int
    deal_id: str


class HeldAmount(NamedTuple):
    """What is booked of a line: its amount when it was last looked at, what of it is held, and what was lost by
    leaving.
    """

    amount: int
    held: int
    forfeited: int = 0


class PayLine(NamedTuple):
    """One step of the pay.

    `about` is the month it concerns, the run's own where it is about no other; `earning` the line whose held amount it
    changes; deal and component where it concerns one; `over` the name of the span where it is about one.
    """

    step: StepName
    amount: int
    about: Month
    earning: EarningLineKey | None = None
    deal_id: str | None = None
    component: str | None = None
    over: str | None = None


class SettledPeriod(NamedTuple):
    """A pay period of a participant, or a span of pay periods, as the last run left it: what it brought, what was
    topped up, what was forfeited.

    A later correction of the pay period is settled against these: guarantee and maximum then come out as if it had been
    known at once.
    """

    base: int = 0
    topped: int = 0
    forfeited: int = 0

    @property
    def changed(self) -> int:
        """What the terms added to what it brought."""
        return self.topped - self.forfeited


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Everything that the pay of one participant in one currency depends on.

    Args:
        month: the run's.
        as_of: the last day of its pay period.
        payable: what the ledger owes for journals up to the run's month.
        terms: of the run's pay period, of those in `settled` and of `spans`, by name.
        carried_in: how much of `payable` earlier runs left.
        not_due: how much of it is earned after `as_of`.
        corrections: by closed month, what was booked about it since it was closed.
        adjusted: how much of what is payable was adjusted by hand since the last run, by month it is about.
        returned: how much of it is pay that payroll gave back: it is paid again as it is.
        closed_in: the pay period in which each closed month of `corrections`, `lines` and `held` was closed.
        settled: those pay periods, and the run's own where an off-cycle run touched it; absent where no run knew the
            participant then.
        spans: by span in which the terms look at more than a pay period, what each pay period and shorter span in it
            brought by now: the run's own pay period is always one of them, or one of those of `corrections`.
        paid_over: by span that holds the run's pay period, and for the pay period, what other runs paid for the pay
            periods in it and took of pay.
        draw: the balance of recoverable draws.
        receivable: what the participant owes.
        lines: current lines that may be held.
        held: what is booked of lines that are held, by line.
        lost: lines that lost something since they were paid.
        last_day: of a participant who left; None of one who has not.
        settles: the run settles its pay period; an off-cycle run does not.
    """

    participant_id: str
    currency: str
    pay_period: str
    month: Month
    as_of: date
    payable: int
    terms: Mapping[str, PeriodTerms]
    carried_in: int = 0
    not_due: int = 0
    corrections: Mapping[Month, int] = field(default_factory=dict)
    adjusted: Mapping[Month, int] = field(default_factory=dict)
    returned: int = 0
    closed_in: Mapping[Month, str] = field(default_factory=dict)
    settled: Mapping[str, SettledPeriod] = field(default_factory=dict)
    spans: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    paid_over: Mapping[str, PaidFor] = field(default_factory=dict)
    draw: int = 0
    receivable: int = 0
    lines: Sequence[LineFacts] = ()
    held: Mapping[EarningLineKey, HeldAmount] = field(default_factory=dict)
    holds: Sequence[Hold] = ()
    lost: Sequence[LostLine] = ()
    last_day: date | None = None
    settles: bool = True

    @property
    def own_terms(self) -> Terms:
        """The terms of the run's pay period."""
        return self.terms[self.pay_period].terms

    def terms_of_month(self, month: Month) -> Terms:
        """The terms of the pay period in which a month was closed; the run's own for a month that is open."""
        return self.terms[self.closed_in.get(month, self.pay_period)].terms

    @property
    def has_left(self) -> bool:
        """Whether the last day is behind the participant when the pay period ends."""
        return self.last_day is not None and self.last_day <= self.as_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """What the run does.

    Args:
        lines: every step, in order; those that change what is payable sum to `paid`.
        carried: what stays payable for the next run, negative where it is still to be earned.
        draw, receivable: what the participant owes from now on.
        held: what is held of which line from now on.
        settled: the pay periods as they are left.
        loss_records: what is remembered of lines of lost deals.
        hold_reasons: why each line is held.
        reasons: what the terms say about a step in a month.
        dismissal_reasons: why what of a lost line stays.
        collection_unknown: deals of which nobody knows what was paid, and what of them cannot be counted.
        paid_less: deals whose customers have paid less than when a run last looked.
    """

    participant_id: str
    currency: str
    lines: tuple[PayLine, ...]
    paid: int
    carried: int
    draw: int
    receivable: int
    held: Mapping[EarningLineKey, HeldAmount]
    settled: Mapping[str, SettledPeriod]
    loss_records: Mapping[LostLineKey, LossRecord]
    hold_reasons: Mapping[EarningLineKey, HoldReason] = field(default_factory=dict)
    reasons: Mapping[tuple[StepName, Month], str] = field(default_factory=dict)
    dismissal_reasons: Mapping[LostLineKey, str] = field(default_factory=dict)
    collection_unknown: Mapping[str, Uncounted] = field(default_factory=dict)
    paid_less: tuple[str, ...] = ()
