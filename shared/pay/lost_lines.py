"""What of lost deals' pay stays with a participant: by the age that a deal had, or because an approver dismissed the
clawback.

Only what had been released can be taken back, hence only that can stay. What was still held of a lost deal is gone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction

from shared.formatting import money
from shared.pay.settlement import Case, HeldAmount, PayLine
from shared.pay.terms.losses import Loss, LossRecord, LostLine, LostLineKey, dismissed
from shared.pay.terms.rounding import part
from shared.pay.terms.words.clawback import CLAWBACK, age_in_words
from shared.pay.terms.words.leaver import LEAVER
from shared.pay.terms.words.release import LineFacts, Tranche, share_due, tranches_of


@dataclass(frozen=True, slots=True, kw_only=True)
class LostLines:
    """What is dismissed of lost lines, why, and what is remembered of them."""

    dismissals: list[PayLine] = field(default_factory=list)
    records: dict[LostLineKey, LossRecord] = field(default_factory=dict)
    reasons: dict[LostLineKey, str] = field(default_factory=dict)


def lost_lines(case: Case) -> LostLines:
    """Bring every lost line from what was dismissed of it to what should be."""
    outcome = LostLines()
    # A line that was paid under several versions of a plan is held under each.
    held: dict[LostLineKey, list[HeldAmount]] = {}
    for key, amount in case.held.items():
        held.setdefault((key.deal_id, key.period, key.component), []).append(amount)
    for line in case.lost:
        booked = held.get(line.key, [])
        record = LossRecord(
            paid=line.paid,
            lost=line.lost,
            dismissed=0,
            ruled=line.losses,
            released=_released(case, line, booked=booked),
            held=_held(line, booked),
        )
        kept = _kept(case, line, record=record)
        if change := kept - line.before.dismissed:
            outcome.dismissals.append(
                PayLine("dismissal", change, line.period, deal_id=line.deal_id, component=line.component)
            )
        outcome.records[line.key] = record._replace(dismissed=kept)
        outcome.reasons[line.key] = _why_kept(case, line, released=record.released)
    return outcome


def _kept(case: Case, line: LostLine, *, record: LossRecord) -> int:
    """What stays.

    What earlier runs ruled stays so under other terms: only what became known since counts by the terms of now.
    """
    before = line.before
    # All that was lost, for whatever reason: an approver dismisses the clawback, not a part of it that some date
    # explains.
    if line.excused:
        went = _sum(record.released) + line.lost - _sum(record.ruled) - record.held
        return min(max(0, part(1, went)), line.lost)
    schedule = case.own_terms[CLAWBACK]
    # The difference between what all losses and those of earlier runs would dismiss, each rounded once: so it is all
    # the same in how many runs they became known. Never less than nothing, and never more than is lost by now.
    now, then = (dismissed(losses, schedule, since=line.deal.since) for losses in (record.released, before.released))
    return min(max(0, before.dismissed + now - then), line.lost)


def _released(case: Case, line: LostLine, *, booked: Sequence[HeldAmount]) -> tuple[Loss, ...]:
    """What of each day's losses had been released, in parts of a minor unit.

    It is what by the deal's facts was due before less what is due after, so that it is all the same in which order
    payments and losses became known; but never more than runs released. Of a loss on which a run ruled it stays as it
    was then: a hold that is lifted later releases nothing of it.
    """
    whole, ruled, released_then = (_by_day(losses) for losses in (line.losses, line.before.ruled, line.before.released))
    # What can still be lost of what runs released; a line of which nothing is booked as held is released.
    left = Fraction(sum(held.amount - held.held - held.forfeited for held in booked)) if booked else _sum(line.losses)
    stays: dict[date, Fraction] = {}
    for day in sorted(released_then):
        stays[day] = released_then[day] * min(Fraction(1), whole.get(day, Fraction(0)) / ruled[day])
        left += released_then[day] - stays[day]
    fell = _fallen_due(case, line, whole=whole)
    released = []
    for day, amount in sorted(whole.items()):
        new = max(Fraction(0), amount - ruled.get(day, Fraction(0)))
        taken = min(fell[day] * new / amount, max(Fraction(0), left))
        left -= taken
        if total := stays.get(day, Fraction(0)) + taken:
            released.append(Loss(day, total))
    return tuple(released)


def _fallen_due(case: Case, line: LostLine, *, whole: dict[date, Fraction]) -> dict[date, Fraction]:
    """By how much what is due of the line by its deal's facts fell with the losses of each day."""
    tranches = tranches_of(case.terms_of_month(line.period), line.component)
    leaves_at_once = case.has_left and case.own_terms[LEAVER].held == "release"
    fell: dict[date, Fraction] = {}
    after = Fraction(line.paid.amount - line.lost)
    for day, amount in sorted(whole.items(), reverse=True):
        before = after + amount
        if tranches is None or (leaves_at_once and case.last_day is not None and case.last_day <= day):
            fell[day] = amount
        else:
            due_before = before * _share_due(line, tranches, day=day, refunded=False)
            due_after = after * _share_due(line, tranches, day=day, refunded=True)
            fell[day] = min(amount, max(Fraction(0), due_before - due_after))
        after = before
    return fell


def _share_due(line: LostLine, tranches: Sequence[Tranche], *, day: date, refunded: bool) -> Fraction:
    """Which part of the line was due by the payments of a day, before its refunds or after them."""
    deal = line.deal
    facts = LineFacts(
        participant_id="",
        period=line.period,
        component=line.component,
        plan="",
        version=0,
        deal_id=line.deal_id,
        currency="",
        amount=line.paid.amount,
        booked_on=deal.closed_on or deal.since,
        deal_amount=deal.amount,
        payments=deal.payments,
        refunds=deal.refunds,
        started_on=deal.started_on,
    )
    # Refunds count at once, whatever a tranche waits for: they say what of the deal there was.
    return share_due(facts, tranches, as_of=day, refunded_by=day if refunded else day - timedelta(days=1))


def _held(line: LostLine, booked: Sequence[HeldAmount]) -> Fraction:
    """How much of what a line lost by no decrease of its deal was held: of corrections, a part as of the line."""
    now, then = line.lost - _sum(line.losses), line.before.lost - _sum(line.before.ruled)
    if now <= then:
        return line.before.held * max(Fraction(0), now) / then if then else Fraction(0)
    amount = sum(held.amount for held in booked)
    unreleased = Fraction(sum(held.held + held.forfeited for held in booked), amount) if amount else Fraction(0)
    return line.before.held + (now - then) * unreleased


def _sum(losses: Iterable[Loss]) -> Fraction:
    return sum((loss.amount for loss in losses), Fraction(0))


def _by_day(losses: Iterable[Loss]) -> dict[date, Fraction]:
    sums: dict[date, Fraction] = {}
    for day, amount in losses:
        sums[day] = sums.get(day, Fraction(0)) + amount
    return sums


def _why_kept(case: Case, line: LostLine, *, released: Iterable[Loss]) -> str:
    """What was lost since a run last ruled, each with its day and what of it is taken back, as a calculator can check.

    Counters, since two losses may be alike.
    """
    if line.excused:
        return "An approver decided that it is not taken back"
    schedule, then = case.own_terms[CLAWBACK], line.before.ruled
    new, gone = Counter(line.losses) - Counter(then), Counter(then) - Counter(line.losses)
    whole, out = _by_day(line.losses), _by_day(released)
    reasons = []
    for loss in sorted(new.elements()):
        of_it = loss.amount * out.get(loss.day, Fraction(0)) / whole[loss.day]
        held = "" if of_it == loss.amount else f", of which {_money(case, of_it)} had been released"
        age = age_in_words(schedule, line.deal.since, lost_on=loss.day)
        reasons.append(f"{_money(case, loss.amount)} lost on {loss.day}{held}, {age}")
    reasons += [f"no longer {_money(case, loss.amount)} lost on {loss.day}" for loss in sorted(gone.elements())]
    return "; ".join(reasons) or "No more can stay than was lost"


def _money(case: Case, amount: Fraction) -> str:
    return money(part(1, amount), case.currency)
