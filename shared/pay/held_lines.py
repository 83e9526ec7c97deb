"""What has to be held and released, so that of every line exactly that is released which is due."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from typing import Literal

from shared.pay.settlement import Case, EarningLineKey, HeldAmount, PayLine, Uncounted
from shared.pay.terms.rounding import part
from shared.pay.terms.words.leaver import LEAVER, Leaver
from shared.pay.terms.words.release import (
    HoldReason,
    LineFacts,
    collected,
    released,
    tranches_of,
    waits_for_money,
    why_held,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldLines:
    """The moves that a run makes, what is held after them and why; the deals that `Settlement` names."""

    moves: list[PayLine] = field(default_factory=list)
    after: dict[EarningLineKey, HeldAmount] = field(default_factory=dict)
    reasons: dict[EarningLineKey, HoldReason] = field(default_factory=dict)
    collection_unknown: dict[str, Uncounted] = field(default_factory=dict)
    paid_less: set[str] = field(default_factory=set)


def held_lines(case: Case) -> HeldLines:
    """Bring every line from what is held of it to what should be.

    What should be held follows from facts alone (`shared.pay.terms.words.release`), and a run moves the difference to
    what is booked. So the moves of all runs telescope: whatever the runs before did, and in which order facts became
    known, their sum is what is held now.
    """
    outcome = HeldLines()
    leaver = case.own_terms[LEAVER] if case.has_left else None
    current = {
        EarningLineKey(
            period=line.period,
            component=line.component,
            plan=line.plan,
            version=line.version,
            deal_id=line.deal_id or "",
        ): line
        for line in case.lines
    }
    for key in sorted(current.keys() | case.held.keys()):
        _bring(case, key, line=current.get(key), leaver=leaver, outcome=outcome)
    return outcome


def _bring(
    case: Case, key: EarningLineKey, *, line: LineFacts | None, leaver: Leaver | None, outcome: HeldLines
) -> None:
    """One line; None where it is not earned any more."""
    # A line falls due by the terms under which it was earned: later terms do not hold again what was released, nor
    # release what is held.
    tranches = tranches_of(case.terms_of_month(key.period), key.component)
    booked = case.held.get(key, HeldAmount(0, 0))
    amount = line.amount if line is not None else 0
    # What was lost by leaving stays lost, until nothing of the line is earned any more.
    forfeited = booked.forfeited if amount else 0
    due, over = 0, _lapsed_on(case, leaver)
    if line is not None:
        # What came in after the time was over is released by no run, however late that run looks.
        days = [case.as_of, over] if over is not None and amount > 0 else [case.as_of]
        due = min((released(line, tranches, holds=case.holds, as_of=day, leaver=leaver) for day in days), key=abs)
    # Never more than there is: of a line that shrank below what was lost of it nothing is left to hold. Lines may be
    # negative.
    target = amount - due - forfeited if abs(due) < abs(amount - forfeited) else 0
    outcome.moves.extend(move for move in _moves(key, booked, amount=amount, target=target) if move.amount)

    on_money = line is not None and waits_for_money(line, tranches, holds=case.holds)
    if line is not None and on_money and target:
        _remark_on_money(case, line, booked=booked, target=target, outcome=outcome)
    if target > 0 and over is not None:
        outcome.moves.append(_line("lapse", -target, key=key))
        target, forfeited = 0, forfeited + target
    # A line whose release hangs on money is remembered when all of it is released: the money may go again.
    if target or forfeited or booked.held or on_money:
        outcome.after[key] = HeldAmount(amount, target, forfeited)
    if target and line is not None:
        outcome.reasons[key] = why_held(line, tranches, holds=case.holds, as_of=case.as_of)


def _moves(key: EarningLineKey, booked: HeldAmount, *, amount: int, target: int) -> list[PayLine]:
    """From what is held to the target.

    Where the line's amount changed it takes two moves: first as much of the change is held as was held of the line,
    which is what the correction itself does, and then the rest is released, or held, because of what became due.
    Otherwise a deal that is cancelled would read as if its held part had been released. What is new is held in one
    move.
    """
    if amount == booked.amount:
        return [_line("release" if target <= booked.held else "hold", booked.held - target, key=key)]
    kept = part(amount, Fraction(booked.held, booked.amount)) if booked.amount else target
    return [_line("hold", booked.held - kept, key=key), _line("release", kept - target, key=key)]


def _line(step: Literal["hold", "release", "lapse"], amount: int, *, key: EarningLineKey) -> PayLine:
    return PayLine(
        step=step,
        amount=amount,
        about=key.period,
        earning=key,
        deal_id=key.deal_id or None,
        component=key.component,
    )


def _remark_on_money(case: Case, line: LineFacts, *, booked: HeldAmount, target: int, outcome: HeldLines) -> None:
    """Name the deals for whose money pay waits without anybody knowing it, and those whose money went again."""
    if any(hold.stops(line, case.as_of) for hold in case.holds):
        return
    if collected(line, case.as_of) is None:
        outcome.collection_unknown[line.deal_id or ""] = "amount" if line.deal_amount is None else "entries"
    # A larger part is held than was: held now / amount now > held then / amount then, multiplied out to be exact.
    elif booked.amount and target * booked.amount > booked.held * line.amount:
        outcome.paid_less.add(line.deal_id or "")


def _lapsed_on(case: Case, leaver: Leaver | None) -> date | None:
    """The last day on which customers could pay, where it is over by now and held pay is lost."""
    if leaver is None or leaver.held != "forfeit" or case.last_day is None:
        return None
    over = case.last_day + timedelta(days=leaver.days_to_collect)
    return over if over < case.as_of else None
