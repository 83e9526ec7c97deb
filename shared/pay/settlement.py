"""What a run does for one participant in one currency: what is held and released, what a lost deal's age dismisses, what terms change, what is paid.

Every step is a line for the statement and an entry for the ledger. Amounts are in minor units; a line's amount is what it adds to what is
payable.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Literal, NamedTuple

from shared.money import from_minor
from shared.pay.steps import BESIDE, STEPS, StepName
from shared.pay.terms.explanations import reason
from shared.pay.terms.hold_reasons import HoldReason, why_held
from shared.pay.terms.losses import Loss, LossRecord, LostLine, dismissed
from shared.pay.terms.pay import pay
from shared.pay.terms.words.base import PeriodTerms, Position, TermLine, part
from shared.pay.terms.words.clawback import CLAWBACK, age_in_words
from shared.pay.terms.words.leaver import LEAVER
from shared.pay.terms.words.release import RELEASE, Hold, LineFacts, collected, released, waits_for_money


class EarningLineKey(NamedTuple):
    """The line of earnings that a held amount belongs to, over its whole life. What was earned without a deal has an empty `deal_id`."""

    period: str
    component: str
    plan: str
    version: int
    deal_id: str


class HeldAmount(NamedTuple):
    """What is booked of a line: its amount when it was last looked at, what of it is held, and what was lost by leaving."""

    amount: int
    held: int
    forfeited: int = 0


class PayLine(NamedTuple):
    """One step of the pay. `about` is the month it concerns, where that is not the run's; deal and component where it concerns one."""

    step: StepName
    amount: int
    about: str
    earning: EarningLineKey | None = None
    deal_id: str | None = None
    component: str | None = None


class SettledPeriod(NamedTuple):
    """A pay period of a participant as the last run left it: what it brought, what was topped up, what was forfeited."""

    base: int = 0
    topped: int = 0
    forfeited: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Everything that the pay of one participant in one currency depends on.

    Args:
        month: the run's.
        starts, as_of: the first and last day of its pay period.
        payable: what the ledger owes for journals up to the run's month.
        carried_in: how much of that earlier runs left.
        not_due: how much of it is earned after `as_of`.
        corrections: by closed month, what was booked about it since it was closed.
        adjusted: how much of what is payable was adjusted by hand since the last run, by month it is about.
        returned: how much of it is pay that payroll gave back: it is paid again as it is.
        closed_in: the pay period in which each closed month of `corrections`, `lines` and `held` was closed.
        settled: those pay periods, and the run's own where an off-cycle run touched it; absent where no run knew the participant then.
        ruled: the terms of the run's pay period and of those in `settled`.
        lines: current lines that may be held; `held` what is booked of lines that are, by line.
        lost: lines that lost something since they were paid.
        last_day: of a participant who left.
        settles: the run settles its pay period; an off-cycle run does not.
    """

    participant_id: str
    currency: str
    pay_period: str
    month: str
    starts: date
    as_of: date
    payable: int
    ruled: Mapping[str, PeriodTerms]
    carried_in: int = 0
    not_due: int = 0
    corrections: Mapping[str, int] = field(default_factory=dict)
    adjusted: Mapping[str, int] = field(default_factory=dict)
    returned: int = 0
    closed_in: Mapping[str, str] = field(default_factory=dict)
    settled: Mapping[str, SettledPeriod] = field(default_factory=dict)
    paid_before: int = 0
    draw: int = 0
    receivable: int = 0
    lines: Sequence[LineFacts] = ()
    held: Mapping[EarningLineKey, HeldAmount] = field(default_factory=dict)
    holds: Sequence[Hold] = ()
    lost: Sequence[LostLine] = ()
    last_day: date | None = None
    settles: bool = True


@dataclass(frozen=True, slots=True)
class Settlement:
    """What the run does: its lines sum to `paid`, those `BESIDE` left out; what is held of which line from now on; the pay periods as they
    are left; by lost deal, month and component, what is remembered of it; why each line is held;
    the words of terms for a step in a month; why what of a lost deal stays, by deal, month and component; deals of which nobody knows what was paid, and deals whose customers have paid less
    than when a run last looked."""

    participant_id: str
    currency: str
    lines: tuple[PayLine, ...]
    paid: int
    carried: int
    draw: int
    receivable: int
    held: Mapping[EarningLineKey, HeldAmount]
    settled: Mapping[str, SettledPeriod]
    kept: Mapping[tuple[str, str, str], LossRecord]
    why: Mapping[EarningLineKey, HoldReason] = field(default_factory=dict)
    words: Mapping[tuple[str, str], str] = field(default_factory=dict)
    why_kept: Mapping[tuple[str, str, str], str] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()
    paid_less: tuple[str, ...] = ()


def settle(case: Case) -> Settlement:
    """Settle a participant's pay in one currency."""
    found_held = _held(case)
    lines = found_held.moves
    kept: dict[tuple[str, str, str], LossRecord] = {}
    why_kept: dict[tuple[str, str, str], str] = {}
    for deal in case.lost:
        keeps = _kept(case, deal)
        kept[deal.deal_id, deal.period, deal.component] = LossRecord(deal.paid, deal.lost, keeps, deal.losses)
        why_kept[deal.deal_id, deal.period, deal.component] = _why_kept(case, deal)
        if change := keeps - deal.dismissed:
            lines.append(
                PayLine(
                    step="dismissal",
                    amount=change,
                    about=deal.period,
                    earning=None,
                    deal_id=deal.deal_id,
                    component=deal.component,
                )
            )
    due = case.payable - case.returned - case.not_due + sum(line.amount for line in lines if line.step not in BESIDE)
    bases = _bases(case, due, lines=lines)
    before = {name: case.settled.get(name, SettledPeriod()) for name in bases}
    leaves = case.last_day is not None and case.last_day <= case.as_of
    found = pay(
        Position(
            pay_period=case.pay_period,
            due=due,
            bases=bases,
            topped={name: each.topped for name, each in before.items()},
            forfeited={name: each.forfeited for name, each in before.items()},
            paid_before=case.paid_before,
            draw=case.draw,
            receivable=case.receivable,
            leaves=leaves,
            final=leaves and case.starts <= (case.last_day or case.starts),
            settles=case.settles,
        ),
        case.ruled,
    )
    lines = _opening(case) + lines
    lines += [PayLine(line.step, line.amount, case.ruled[line.pay_period].month) for line in found.lines]
    if found.carried:
        lines.append(PayLine("carried_forward", -found.carried, case.month))
    words: dict[tuple[str, str], str] = {
        (line.step, month): reason(line.step, terms)
        for line in found.lines
        for terms, month, _ in (case.ruled[line.pay_period],)
    }
    settled = {name: _left(name, bases[name], before=before[name], lines=found.lines) for name in bases}
    after = (found.paid + case.returned, found.carried, found.draw, found.receivable)
    return Settlement(
        case.participant_id,
        case.currency,
        tuple(lines),
        *after,
        held=found_held.after,
        settled=settled,
        kept=kept,
        why=found_held.why,
        words=words,
        why_kept=why_kept,
        unknown=tuple(sorted(found_held.unknown)),
        paid_less=tuple(sorted(found_held.paid_less)),
    )


def _kept(case: Case, deal: LostLine) -> int:
    """What of a lost deal's pay stays with the participant: by the deal's age, or because an approver dismissed the clawback.

    What earlier runs ruled stays so under other terms: only what became known since counts by the terms of now.
    """
    if deal.excused:
        return deal.lost
    schedule = case.ruled[case.pay_period].terms[CLAWBACK]
    now, before = (dismissed(losses, schedule, since=deal.since) for losses in (deal.losses, deal.ruled))
    return min(max(0, deal.dismissed + now - before), deal.lost)


def _why_kept(case: Case, deal: LostLine) -> str:
    """What was lost since a run last ruled, each with its day and what of it is taken back, as a calculator can check."""
    if deal.excused:
        return "An approver decided that it is not taken back"
    schedule = case.ruled[case.pay_period].terms[CLAWBACK]
    new, gone = Counter(deal.losses) - Counter(deal.ruled), Counter(deal.ruled) - Counter(deal.losses)
    told = [
        f"{_lost(each, case)}, {age_in_words(schedule, deal.since, lost_on=each.day)}"
        for each in sorted(new.elements())
    ]
    told += [f"no longer {_lost(each, case)}" for each in sorted(gone.elements())]
    return "; ".join(told) or "No more can stay than was lost"


def _lost(loss: Loss, case: Case) -> str:
    return f"{from_minor(part(1, loss.amount), case.currency):,f} lost on {loss.day}"


def _bases(case: Case, due: int, *, lines: Sequence[PayLine]) -> dict[str, int]:
    """What the run's pay period brought, and every earlier one that was corrected.

    A correction of a month in which no run knew the participant counts with the run's own.
    """
    corrections = dict(case.corrections)
    for line in lines:
        if line.step in ("hold", "dismissal") and line.about in corrections:
            corrections[line.about] += line.amount
    bases: dict[str, int] = {}
    elsewhere = 0
    for about, change in corrections.items():
        name = case.closed_in.get(about, case.pay_period)
        if name != case.pay_period and name in case.settled:
            bases[name] = bases.get(name, case.settled[name].base) + change
            elsewhere += change
    own = case.settled.get(case.pay_period, SettledPeriod()).base
    bases[case.pay_period] = own + due - case.carried_in - elsewhere
    return bases


def _opening(case: Case) -> list[PayLine]:
    """What there was before the run: carried in, earned in this pay period, corrected in earlier ones, adjusted by hand."""
    lines = [PayLine("carried_in", case.carried_in, case.month)]
    adjusted = sum(case.adjusted.values())
    prior = {about: amount - case.adjusted.get(about, 0) for about, amount in case.corrections.items()}
    earned = case.payable - case.returned - case.not_due - case.carried_in - adjusted - sum(prior.values())
    lines.append(PayLine("earnings", earned, case.month))
    lines += [PayLine("prior_period", amount, about) for about, amount in sorted(prior.items())]
    lines += [PayLine("adjustment", amount, about) for about, amount in sorted(case.adjusted.items())]
    lines.append(PayLine("returned", case.returned, case.month))
    return [line for line in lines if line.amount]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Holding:
    """What has to be held and released, what is held then and why; see `Settlement`."""

    moves: list[PayLine] = field(default_factory=list)
    after: dict[EarningLineKey, HeldAmount] = field(default_factory=dict)
    why: dict[EarningLineKey, HoldReason] = field(default_factory=dict)
    unknown: set[str] = field(default_factory=set)
    paid_less: set[str] = field(default_factory=set)


def _held(case: Case) -> _Holding:
    """What has to be held and released so that of every line is released what is due.

    A line whose release hangs on money is remembered when all of it is released: the money may go again.
    """
    terms = case.ruled[case.pay_period].terms
    gone = case.last_day is not None and case.last_day <= case.as_of
    leaver = terms[LEAVER] if gone else None
    lapsed = (
        leaver is not None
        and leaver.held == "forfeit"
        and (case.as_of - (case.last_day or case.as_of)).days > leaver.days_to_collect
    )
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
    found = _Holding()
    for key in sorted(current.keys() | case.held.keys()):
        line, booked = current.get(key), case.held.get(key, HeldAmount(0, 0))
        amount = line.amount if line is not None else 0
        forfeited = booked.forfeited if amount else 0
        rules = case.ruled[case.closed_in.get(key.period, case.pay_period)].terms
        due = (
            released(line, rules[RELEASE], holds=case.holds, as_of=case.as_of, leaver=leaver) if line is not None else 0
        )
        target = amount - due - forfeited if abs(due) < abs(amount - forfeited) else 0
        if amount != booked.amount:
            share = Fraction(booked.held, booked.amount) if booked.amount else Fraction(1)
            kept = part(amount, share) if booked.amount else target
            moves = [_move("hold", kept - booked.held, key=key), _move("release", target - kept, key=key)]
        else:
            moves = [_move("release" if target <= booked.held else "hold", target - booked.held, key=key)]
        on_money = line is not None and waits_for_money(line, rules[RELEASE], holds=case.holds)
        if on_money and line is not None and target and not any(hold.stops(line, case.as_of) for hold in case.holds):
            paid = collected(line, case.as_of)
            if paid is None:
                found.unknown.add(key.deal_id)
            elif booked.amount and target * booked.amount > booked.held * amount:
                found.paid_less.add(key.deal_id)
        if lapsed and target > 0:
            moves.append(_move("lapse", target, key=key))
            target, forfeited = 0, forfeited + target
        if target or forfeited or booked.held or on_money:
            found.after[key] = HeldAmount(amount, target, forfeited)
        if target and line is not None:
            found.why[key] = why_held(line, rules[RELEASE], holds=case.holds, as_of=case.as_of)
        found.moves.extend(move for move in moves if move.amount)
    return found


def _move(step: Literal["hold", "release", "lapse"], change: int, *, key: EarningLineKey) -> PayLine:
    """A change of what is held: holding takes from what is payable."""
    return PayLine(
        step=step, amount=-change, about=key.period, earning=key, deal_id=key.deal_id or None, component=key.component
    )


def _left(name: str, base: int, *, before: SettledPeriod, lines: Sequence[TermLine]) -> SettledPeriod:
    """A pay period as the run leaves it."""
    mine = [line for line in lines if line.pay_period == name]
    topped = sum(line.amount for line in mine if STEPS[line.step].remembered == "topped")
    forfeited = -sum(line.amount for line in mine if STEPS[line.step].remembered == "forfeited")
    return SettledPeriod(base, before.topped + topped, before.forfeited + forfeited)
