"""A payout run over a period: drafted by one person, approved by another, exported to payroll, or cancelled as a draft.

Approval freezes the lines under a hash and closes the period, and every earlier one. What a run finds negative it carries
forward: it pays nothing for it, and the next run begins with it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Literal, NamedTuple

from services.payout.periods import checked, is_closed
from services.payout.refusals import (
    ApproverIsAuthor,
    LinesChanged,
    NotTheAuthor,
    PeriodClosed,
    PeriodNotEnded,
    WrongState,
)
from shared.periods import last_day

State = Literal["draft", "approved", "exported", "cancelled"]


class Line(NamedTuple):
    """What is due to a participant in one currency, in minor units: paid where positive, carried forward where negative."""

    participant_id: str
    currency: str
    amount: int


class Total(NamedTuple):
    """The sums of a run's lines in one currency, in minor units: `paid` to so many participants, the rest carried forward."""

    currency: str
    paid: int
    participants: int
    carried_forward: int


@dataclass(frozen=True, slots=True)
class Run:
    """A run and who did what to it when. `lines_sha256` is the hash of its lines, final once it is approved."""

    id: str
    period: str
    state: State
    author: str
    calculated_at: datetime
    lines_sha256: str
    approver: str | None = None
    approved_at: datetime | None = None
    exported_by: str | None = None
    exported_at: datetime | None = None
    cancelled_at: datetime | None = None


def paid(lines: Iterable[Line]) -> list[Line]:
    """The lines that the run pays."""
    return [line for line in lines if line.amount > 0]


def carried_forward(lines: Iterable[Line]) -> list[Line]:
    """The lines that the next run begins with."""
    return [line for line in lines if line.amount < 0]


def totals(lines: Iterable[Line]) -> dict[str, int]:
    """Sums per currency in minor units, sorted by currency."""
    sums: dict[str, int] = {}
    for line in sorted(lines, key=lambda line: line.currency):
        sums[line.currency] = sums.get(line.currency, 0) + line.amount
    return sums


def lines_sha256(run_id: str, lines: Iterable[Line]) -> str:
    """The hash that freezes lines: SHA-256 over the run's id and its lines in order, tabs between fields, one line each."""
    rows = [run_id, *(f"{line.participant_id}\t{line.currency}\t{line.amount}" for line in sorted(lines))]
    return hashlib.sha256("".join(f"{row}\n" for row in rows).encode()).hexdigest()


def check_period(period: str, today: date, closed_through: str | None) -> str:
    """The period, if a run over it can be drafted on the business date `today`.

    Raises:
        BadPeriod: there is no such month.
        PeriodNotEnded: deals may still close in it.
        PeriodClosed: an approved run covers it.
    """
    if last_day(checked(period)) >= today:
        raise PeriodNotEnded(period, today)
    if is_closed(period, closed_through):
        raise PeriodClosed(period, closed_through)
    return period


def draft(period: str, number: int, author: str, now: datetime, lines: Sequence[Line]) -> Run:
    """A new run over a period; `number` counts the runs drafted for it, from 1."""
    run_id = f"run-{period}-{number}"
    return Run(run_id, period, "draft", author, now, lines_sha256(run_id, lines))


def recalculated(run: Run, actor: str, now: datetime, lines: Sequence[Line]) -> Run:
    """The draft with lines as they are due now.

    Raises:
        WrongState: it is no draft.
        NotTheAuthor: somebody else drafted it.
    """
    _expect(run, "draft", "recalculated")
    if actor != run.author:
        raise NotTheAuthor(run.id, actor, run.author)
    return replace(run, calculated_at=now, lines_sha256=lines_sha256(run.id, lines))


def cancelled(run: Run, actor: str, now: datetime) -> Run:
    """The draft, given up. Raises as `recalculated` does."""
    _expect(run, "draft", "cancelled")
    if actor != run.author:
        raise NotTheAuthor(run.id, actor, run.author)
    return replace(run, state="cancelled", cancelled_at=now)


def approved(
    run: Run, approver: str, now: datetime, closed_through: str | None, due: Sequence[Line], seen: str | None
) -> Run:
    """The run, released for payment.

    Args:
        run: a draft.
        approver: whoever releases it.
        now: the instant of the approval.
        closed_through: the last closed period.
        due: the lines as they are due now.
        seen: the hash of the lines that the approver looked at, where the approver says so.

    Raises:
        WrongState: it is no draft.
        ApproverIsAuthor: two people for money.
        PeriodClosed: an approved run covers the period already.
        LinesChanged: what is due, or what the approver saw, is not what the draft says.
    """
    _expect(run, "draft", "approved")
    if approver == run.author:
        raise ApproverIsAuthor(run.id, approver)
    if is_closed(run.period, closed_through):
        raise PeriodClosed(run.period, closed_through)
    if lines_sha256(run.id, due) != run.lines_sha256 or seen not in (None, run.lines_sha256):
        raise LinesChanged(run.id, run.author)
    return replace(run, state="approved", approver=approver, approved_at=now)


def exported(run: Run, actor: str, now: datetime) -> Run:
    """The run after its file was written.

    Raises:
        WrongState: it is not approved.
    """
    _expect(run, "approved", "exported")
    return replace(run, state="exported", exported_by=actor, exported_at=now)


def _expect(run: Run, state: State, done: str) -> None:
    if run.state != state:
        raise WrongState(run.id, run.state, state, done)
