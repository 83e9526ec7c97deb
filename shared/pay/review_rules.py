"""What an approver should look at before releasing a run: each finding says whom it is about and why, none of them
stops the run.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from statistics import median
from typing import Final, Literal, NamedTuple

from shared.kernel.crediting.uncredited import uncredited_by_reason
from shared.kernel.remarks.remark import RemarkKind as Remarkable
from shared.pay.deal_facts import Uncredited
from shared.pay.settlement import Settlement, Uncounted
from shared.pay.steps import StepName

FindingKind = Literal[
    "large_against_history",
    "high_pay_on_low_attainment",
    "no_pay_with_sales",
    "splits_not_whole",
    "negative_net",
    "late_plan_change",
    "open_hold",
    "open_dispute",
    "collection_unknown",
    "paid_less",
    "no_payroll_id",
    "left",
    "no_pay_group",
    "payroll_refuses",
    "payroll_id_changed",
    "payee_waits",
    "manager_unknown",
    "terms_for_nobody",
    "earlier_months",
    "plan_quarantined",
    "pays_nothing",
    "terms_contradict",
]
LEFT_OUT: Final = "plan_quarantined"
"""What is found of whoever the run leaves out."""
LARGE: Final = 3
"""Pay of more than so many times the median of earlier pay periods is large."""
HISTORY: Final = 3
"""So many earlier pay periods make a history."""
SHOWN: Final = 5
"""So many deals are named in a finding."""
MENDS: Final[Mapping[Uncounted, str]] = {
    "amount": "set the amount of the deal, in its currency",
    "entries": "write its payments and refunds with no more decimals than its currency has",
}
"""What there is to do, so that what was paid of a deal can be counted."""
LOW: Final = Fraction(1, 2)
"""An attainment below this is low."""


_BELOW_ZERO: Final[Mapping[StepName, str]] = {
    "receivable": "the rest is booked as owed by them",
    "write_off": "the company bears the rest",
}
"""What becomes of pay below zero where nothing is carried, by step."""


class ReviewFinding(NamedTuple):
    """One thing to look at. `why` is a sentence without amounts of pay, so that it can go into a message.
    `participant_id` is empty where it is about nobody."""

    kind: FindingKind | Remarkable
    participant_id: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewFacts:
    """What is known of a participant besides the settlement.

    Args:
        history: what earlier regular runs paid, the latest first.
        attainments: of components with a quota in the run's month.
        unwhole: shares of deals that credit nobody.
        plan_changed_on: when the plan version that prices the month was published.
        holds: reasons of open holds; `disputes` of those that are disputes.
    """

    history: Sequence[int] = ()
    attainments: Sequence[Decimal] = ()
    unwhole: Sequence[Uncredited] = ()
    plan_changed_on: date | None = None
    holds: Sequence[str] = ()
    disputes: Sequence[str] = ()
    payroll_id: str | None = None
    last_day: date | None = None


def not_whole(participant_id: str, shares: Iterable[Uncredited]) -> Iterable[ReviewFinding]:
    """Deals of which a share credits nobody, by reason; of a participant, or of nobody whom the roster knows."""
    for reason in uncredited_by_reason(shares):
        yield ReviewFinding("splits_not_whole", participant_id, reason.in_words)


def of_collection(settlement: Settlement, mends: Mapping[str, str] | None = None) -> Iterable[ReviewFinding]:
    """Pay that hangs on money: held because nobody knows what came in, or taken back because less of it is there.

    Args:
        settlement: what the run does.
        mends: by deal what there is to do, where more is known of why it is held than what cannot be counted.
    """
    who = settlement.participant_id
    alike: dict[str, list[str]] = {}
    for deal, uncounted in settlement.collection_unknown.items():
        alike.setdefault((mends or {}).get(deal) or MENDS[uncounted], []).append(deal)
    for mend, deals in alike.items():
        why = f"held, because what was paid is not known of {_named(deals)}: {mend}"
        yield ReviewFinding("collection_unknown", who, why)
    if settlement.paid_less:
        why = f"taken back, because less is paid than when it was released of {_named(settlement.paid_less)}"
        yield ReviewFinding("paid_less", who, why)


def _named(deals: Sequence[str]) -> str:
    rest = f" and {len(deals) - SHOWN} more" if len(deals) > SHOWN else ""
    return ", ".join(deals[:SHOWN]) + rest


def review_findings(settlement: Settlement, seen: ReviewFacts, *, ends: date) -> Iterable[ReviewFinding]:
    """Everything that stands out about one participant's pay."""
    who, paid = settlement.participant_id, settlement.paid
    if len(seen.history) >= HISTORY and paid > LARGE * median(seen.history) and paid > 0:
        yield ReviewFinding(
            "large_against_history",
            who,
            f"pay is more than {LARGE} times the median of {len(seen.history)} earlier pay periods",
        )
    if paid > 0 and seen.attainments and max(seen.attainments) < LOW and seen.history and paid > median(seen.history):
        yield ReviewFinding(
            "high_pay_on_low_attainment", who, f"pay above the usual, with every attainment below {LOW * 100} %"
        )
    if settlement.carried < 0:
        yield ReviewFinding("negative_net", who, "more is taken back than is earned; the rest is carried forward")
    for step, becomes in _BELOW_ZERO.items():
        if any(line.step == step for line in settlement.lines):
            yield ReviewFinding("negative_net", who, f"more is taken back than is earned; {becomes}")
    yield from not_whole(who, seen.unwhole)
    if seen.plan_changed_on is not None:
        yield ReviewFinding(
            "late_plan_change", who, f"the plan was changed on {seen.plan_changed_on}, after the pay period began"
        )
    for reason in seen.disputes:
        yield ReviewFinding("open_dispute", who, f"a dispute is open: {reason}")
    for reason in seen.holds:
        yield ReviewFinding("open_hold", who, f"pay is on hold: {reason}")
    yield from of_collection(settlement)
    if paid > 0 and not seen.payroll_id:
        yield ReviewFinding("no_payroll_id", who, "the roster has no payroll id; files that need one are refused")
    if paid > 0 and seen.last_day is not None and seen.last_day <= ends:
        yield ReviewFinding("left", who, f"the last day was {seen.last_day}")
