"""What a deal's decreases cost a line of pay, each on its own day, and what of it is dismissed because of the deal's
age.

Everything here is a function of facts: what the line earned when it was paid, what it earns now, and the deal's refunds
and cancellation. So it is all the same how many of them come at once, and in which run.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date
from fractions import Fraction
from typing import Final, NamedTuple, TypeAlias

from shared.pay.deal_facts import DealHistory, Shares
from shared.pay.terms.rounding import part
from shared.pay.terms.words.clawback import Clawback, taken_back
from shared.pay.terms.words.release import DatedAmount
from shared.periods import Month

ROUNDING: Final = 2
"""A line is the difference of two rounded sums, once when it was paid and once now: within so many minor units nothing
was corrected.
"""


LostLineKey: TypeAlias = tuple[str, Month, str]
"""A line that was paid and lost something: its deal, month and component."""


class PaidLine(NamedTuple):
    """What a line earned when it was paid, in minor units, with its deal's amount and refunds and the participant's
    shares of it as they were known then.

    `rate` is what it earned when it was last looked at of a unit of its deal, were the shares still those: less than
    when it was paid where its tier was corrected since; None where it was not looked at since.
    """

    amount: int
    deal_amount: int | None
    refunds: tuple[DatedAmount, ...]
    rate: Fraction | None = None
    shares: tuple[tuple[str, int], ...] = ()

    def part_left(self, shares: Shares | None) -> Fraction:
        """How much of its shares of the deal there still is; all of it where that is not known."""
        whole = sum(share for _, share in self.shares)
        if shares is None or not whole:
            return Fraction(1)
        return Fraction(sum(share for _, share in self.under(shares)), whole)

    def under(self, shares: Shares) -> tuple[tuple[str, int], ...]:
        """What its rules give."""
        return tuple((rule, shares.get(rule, 0)) for rule, _ in self.shares)


class Decrease(NamedTuple):
    """A refund of a deal in minor units, or its cancellation, which takes what is left and needs no amount."""

    day: date
    amount: int | None


class Loss(NamedTuple):
    """What a line lost by a decrease of its deal on a day, in minor units and parts of them."""

    day: date
    amount: Fraction


class LossRecord(NamedTuple):
    """What runs remember of a line that lost something: what it earned when it was paid, how much it lost, how much of
    that was dismissed, and of which losses.

    `released` is what of these had been released, by day; `held` how much of what else it lost was held, in parts of a
    minor unit: both are gone without anything being taken back.
    """

    paid: PaidLine
    lost: int
    dismissed: int
    ruled: tuple[Loss, ...] = ()
    released: tuple[Loss, ...] = ()
    held: Fraction = Fraction(0)


class LostLine(NamedTuple):
    """A line that was paid and earns something else now. Amounts over its whole life.

    Args:
        paid: what to remember of it.
        lost: how much less it earns now than when it was paid, for whatever reason.
        losses: what of that it lost by which decrease of its deal.
        deal: what became of its deal.
        before: what earlier runs remember of it.
        excused: an approver dismissed the clawback.
    """

    deal_id: str
    period: Month
    component: str
    paid: PaidLine
    lost: int
    losses: tuple[Loss, ...]
    deal: DealHistory
    before: LossRecord
    excused: bool = False

    @property
    def key(self) -> LostLineKey:
        """Which line it is."""
        return self.deal_id, self.period, self.component

    @property
    def record(self) -> LossRecord:
        """What to remember of it where nothing more is dismissed."""
        return self.before._replace(paid=self.paid, lost=self.lost)


def losses(
    paid: PaidLine, now: int, *, deal: DealHistory, shares: Shares | None = None
) -> tuple[PaidLine, tuple[Loss, ...]]:
    """What a line lost by the decreases of its deal since it was paid, by day; and what to remember of it.

    A refund costs its part of the deal, a cancellation what is left of it, at the rate at which the line was paid or at
    the lower one that it has now. What else was lost, because the owner, the price or the tier was corrected, is no
    decrease of the deal and not among it. A deal that grew and decreased at once counts as one that grew first.

    Args:
        paid: what the line earned when it was paid.
        now: what it earns now.
        deal: what became of its deal.
        shares: those that the participant has of it now, or would have if nothing of it were lost; None where that is
            not known.
    """
    since = _decreases_since(paid, now, deal=deal)
    whole = None if paid.deal_amount is None else paid.deal_amount - sum(refund.amount for refund in paid.refunds)
    part_left = paid.part_left(shares)
    # Without an amount no refund is a part of anything: what the line lost is all there is to divide.
    if not whole or whole < 0 or deal.amount is None:
        return paid, _of_unknown_parts(part(paid.amount, part_left) - now, since)
    # The deal as it was when the line was paid, but for what is known of its amount since: refunds of then count, later
    # ones are the losses.
    there = tuple((Counter(deal.refunds) & Counter(paid.refunds)).elements())
    left = max(0, deal.amount - sum(refund.amount for refund in there))
    cancelled = any(decrease.amount is None for decrease in since)
    rest = 0 if cancelled else max(0, left - sum(decrease.amount or 0 for decrease in since))
    rate = Fraction(paid.amount, whole) * part_left
    shares_now = paid.shares if shares is None else paid.under(shares)
    if rest and now > rate * left + ROUNDING:
        return PaidLine(
            now, deal.amount, tuple(deal.refunds), shares=shares_now
        ), ()  # it earns more than when it was paid
    if not rest:
        rate = rate if paid.rate is None else paid.rate * part_left
    elif now < rate * rest - ROUNDING:  # its tier or price was corrected: that is no loss by a decrease
        rate = max(Fraction(0), Fraction(now, rest))
    # What the line would earn at its rate if nothing were lost since; a deal that grew counts as one that grew before
    # it decreased.
    worth = part(1, rate * left)
    if since and worth > paid.amount + ROUNDING:
        paid, part_left = PaidLine(worth, deal.amount, there, shares=shares_now), Fraction(1)
    if part_left:
        paid = paid._replace(rate=rate / part_left)
    return paid, _in_order(max(0, worth - now), rate, since=since)


def _decreases_since(paid: PaidLine, now: int, *, deal: DealHistory) -> list[Decrease]:
    """What decreased a deal since a line was paid, by day; a cancellation only where the line earns nothing now."""
    # What was refunded before the line was paid lowered it then. Counters, since two refunds of a day may be alike.
    decreases = [Decrease(*refund) for refund in (Counter(deal.refunds) - Counter(paid.refunds)).elements()]
    if now == 0 and deal.cancelled_on is not None:
        decreases.append(Decrease(deal.cancelled_on, None))
    return sorted(decreases, key=lambda decrease: decrease.day)


def _in_order(lost: int, rate: Fraction, *, since: Iterable[Decrease]) -> tuple[Loss, ...]:
    """Each decrease costs its part, as long as anything was lost; the last one has the rest, which is one of
    rounding.
    """
    losses: list[Loss] = []
    rest = Fraction(lost)
    for day, amount in since:
        taken = rest if amount is None else min(rest, rate * amount)
        losses.append(Loss(day, taken))
        rest -= taken
    # Rounding is of the line, not of a decrease: the last one takes it, so that they sum to what was lost.
    if losses:
        losses[-1] = losses[-1]._replace(amount=losses[-1].amount + rest)
    return tuple(loss for loss in losses if loss.amount)


def _of_unknown_parts(lost: int, since: Iterable[Decrease]) -> tuple[Loss, ...]:
    """Of a deal without an amount a cancellation costs everything, refunds in proportion to each other."""
    amounts: dict[date, int] = {}
    for day, amount in since:
        if amount is None:
            return (Loss(day, Fraction(lost)),) if lost > 0 else ()
        amounts[day] = amounts.get(day, 0) + amount
    whole = sum(amounts.values())
    return tuple(Loss(day, Fraction(lost * amount, whole)) for day, amount in amounts.items()) if lost > 0 else ()


def dismissed(lost: Iterable[Loss], schedule: Clawback | None, *, since: date) -> int:
    """How much of what was lost, in minor units, stays with the participant; rounded once, over all losses."""
    lost = tuple(lost)
    whole = sum((loss.amount for loss in lost), Fraction(0))
    back = sum((loss.amount * taken_back(schedule, since, lost_on=loss.day) for loss in lost), Fraction(0))
    # Both sides are rounded as the line was: what is dismissed and what is taken back sum to what was lost.
    return part(1, whole) - part(1, back)
