"""What a run pays one participant in one currency: what is due, walked through the terms, each change a line of its own.

Guarantee, top-up and forfeit are functions of what a pay period brought, so that a later correction of it corrects them too. Draw
balance, receivable and what is carried are remembered by the ledger. Amounts are in minor units.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal, NamedTuple

from shared.pay.steps import StepName
from shared.pay.terms.policy import Draw, Guarantee, Terms, part


class TermLine(NamedTuple):
    """What a rule changes. `amount` raises (or lowers) what is payable; of a forgiveness it is what is given up.

    `pay_period` is the one it is about: the run's own, or an earlier one that a correction concerns.
    """

    kind: StepName
    amount: int
    pay_period: str


class PeriodTerms(NamedTuple):
    """The terms of a pay period, the month in which it ends, and on which part of its days the participant is there."""

    terms: Terms
    month: str
    there: Fraction = Fraction(1)

    def floor(self, rule: Draw | Guarantee) -> int:
        """What a draw or guarantee pays at least, in minor units."""
        whole = self.terms.minor(rule)
        return part(whole, self.there) if rule.prorate == "days" else whole if self.there else 0


@dataclass(frozen=True, slots=True)
class Position:
    """Where a participant stands in one currency before a run.

    Args:
        pay_period: the run's.
        due: everything payable and not yet paid, whatever it is about, what earlier runs carried forward included.
        bases: by pay period, what it brought so far, corrections included: the run's own, and earlier ones that were corrected since.
        topped: by pay period, what guarantees and minimums have added already.
        forfeited: by pay period, what was lost above a maximum already.
        paid_before: what earlier runs paid for the run's pay period.
        draw: the balance of recoverable draws.
        receivable: what the participant owes.
        leaves: the participant's last day lies in this pay period, or before it.
        final: the last day lies in this pay period.
        settles: the run settles its pay period. An off-cycle run does not: it advances and tops up nothing for it.
    """

    pay_period: str
    due: int
    bases: Mapping[str, int] = field(default_factory=dict)
    topped: Mapping[str, int] = field(default_factory=dict)
    forfeited: Mapping[str, int] = field(default_factory=dict)
    paid_before: int = 0
    draw: int = 0
    receivable: int = 0
    leaves: bool = False
    final: bool = False
    settles: bool = True


class Pay(NamedTuple):
    """What the run does: the lines of the terms, what is paid, and what stays payable for the next run (negative or positive)."""

    lines: list[TermLine]
    paid: int
    carried: int
    draw: int
    receivable: int


def pay(at: Position, ruled: Mapping[str, PeriodTerms]) -> Pay:
    """Walk what is due through the terms.

    In order: guarantees, top-ups and forfeits of every pay period in question; the recoverable draw, advanced or recovered from what is
    above it; what is receivable; a negative rest; the minimum that waits and the maximum that carries.

    Args:
        at: where the participant stands.
        ruled: the terms of each pay period of `at.bases`, and of the run's.

    Raises:
        KeyError: the terms of a pay period are missing.
    """
    own = ruled[at.pay_period]
    terms = own.terms
    lines = [
        line
        for period in sorted(at.bases)
        if at.settles or period != at.pay_period
        for line in _floors_and_ceiling(at, period, ruled[period])
    ]
    rest = at.due + sum(line.amount for line in lines)
    draw, receivable = at.draw, at.receivable

    advance_to = _draw_level(at, own)
    level = advance_to or 0
    if advance_to is not None and rest < advance_to:
        lines.append(TermLine("draw", advance_to - rest, at.pay_period))
        draw, rest = draw + advance_to - rest, advance_to
    elif draw > 0:
        share = Fraction(1) if at.leaves or terms.draw is None else Fraction(terms.draw.recover)
        if recovered := min(draw, int(max(0, rest - level) * share)):
            lines.append(TermLine("recovery", -recovered, at.pay_period))
            draw, rest = draw - recovered, rest - recovered
    if receivable > 0 and (repaid := min(receivable, int(max(0, rest - level) * Fraction(terms.negative.recover)))):
        lines.append(TermLine("repayment", -repaid, at.pay_period))
        receivable, rest = receivable - repaid, rest - repaid
    if rest < 0 and terms.negative.balance != "carry":
        kind = "receivable" if terms.negative.balance == "receivable" else "write_off"
        lines.append(TermLine(kind, -rest, at.pay_period))
        receivable, rest = receivable - (rest if kind == "receivable" else 0), 0
    if draw > 0 and (settled := _settles_draw(at, own)):
        if settled == "receivable":
            lines += [TermLine("recovery", -draw, at.pay_period), TermLine("receivable", draw, at.pay_period)]
            receivable += draw
        else:
            lines.append(TermLine("forgiveness", draw, at.pay_period))
        draw = 0
    paid = _within_limits(rest, at, own)
    return Pay(lines, paid, rest - paid, draw, receivable)


def _floors_and_ceiling(at: Position, pay_period: str, ruled: PeriodTerms) -> list[TermLine]:
    """What guarantee, minimum and forfeit of a pay period have to change, given what it brought as known now."""
    terms, month = ruled.terms, ruled.month
    base, lines = at.bases[pay_period], []
    floors: list[tuple[int, StepName]] = []
    if pay_period != at.pay_period or _is_carried_by_floors(at, terms):
        if terms.guarantee and terms.guarantee.holds_in(month):
            floors.append((ruled.floor(terms.guarantee), "guarantee"))
        if terms.draw and terms.draw.kind == "non_recoverable" and terms.draw.holds_in(month):
            floors.append((ruled.floor(terms.draw), "guarantee"))
        if terms.minimum and terms.minimum.below == "top_up" and terms.minimum.holds_in(month):
            floors.append((terms.minor(terms.minimum), "minimum"))
    floor, kind = max(floors, default=(0, "guarantee"))
    due = max(0, floor - base) if floors else 0
    if change := due - at.topped.get(pay_period, 0):
        lines.append(TermLine(kind, change, pay_period))
    lost = 0
    if terms.maximum and terms.maximum.above == "forfeit" and terms.maximum.holds_in(month):
        lost = max(0, base + due - terms.minor(terms.maximum))
    if change := at.forfeited.get(pay_period, 0) - lost:
        lines.append(TermLine("forfeit", change, pay_period))
    return lines


def _is_carried_by_floors(at: Position, terms: Terms) -> bool:
    """Whether draw and guarantee are paid: to whoever has not left, and for the last month where the terms say so."""
    return not at.leaves or (at.final and terms.leaver.guarantee == "final_month")


def _draw_level(at: Position, ruled: PeriodTerms) -> int | None:
    """Up to what a recoverable draw advances in this run; None where there is none. An off-cycle run advances nothing."""
    terms, month = ruled.terms, ruled.month
    draw = terms.draw
    if draw is None or draw.kind == "non_recoverable" or not draw.holds_in(month) or not at.settles:
        return None
    return max(0, ruled.floor(draw) - at.paid_before) if _is_carried_by_floors(at, terms) else None


def _settles_draw(at: Position, ruled: PeriodTerms) -> Literal["forgive", "receivable"] | None:
    """Whether what is left of the draw is given up or becomes a claim."""
    terms, month = ruled.terms, ruled.month
    if at.leaves and terms.leaver.draw_balance != "recover":
        return terms.leaver.draw_balance
    return "forgive" if at.settles and terms.draw is not None and terms.draw.forgives_in(month) else None


def _within_limits(rest: int, at: Position, ruled: PeriodTerms) -> int:
    """What is paid of what is left: nothing below zero, less than a minimum waits, more than a maximum is carried."""
    terms, month = ruled.terms, ruled.month
    paid, low, high = max(0, rest), terms.minimum, terms.maximum
    if low and low.below == "carry" and low.holds_in(month) and paid < terms.minor(low) and not at.leaves:
        return 0
    if high and high.above == "carry" and high.holds_in(month):
        return min(paid, max(0, terms.minor(high) - at.paid_before))
    return paid
