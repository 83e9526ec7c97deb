"""Payment terms: what a participant is paid month after month for deals that are sold, paid, refunded and lost.

Everybody here is paid by the month and earns a tenth of what there is of their deals. Amounts are in cents, so that
nothing is rounded in earning; what is known of a deal is known on its day.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from typing import Any, NamedTuple

from tests.reference_model.terms_added import (
    LENGTHS,
    Added,
    Data,
    Span,
    There,
    added,
    cents,
    changes,
    holds,
    maxima,
    start,
)


@dataclass(frozen=True, kw_only=True)
class Deal:
    """A deal as it became; a payment that bounced is one of less than nothing."""

    amount: int
    sold: date
    payments: Sequence[tuple[date, int]] = ()
    refunds: Sequence[tuple[date, int]] = ()
    lost: date | None = None

    def pay(self, day: date) -> int:
        """What it has earned by a day."""
        if day < self.sold or (self.lost is not None and self.lost <= day):
            return 0
        return self.left(day) // 10

    def left(self, day: date) -> int:
        """What is not refunded by a day."""
        return self.amount - sum(amount for on, amount in self.refunds if on <= day)

    def came(self, day: date) -> int:
        """What customers had paid by a day."""
        return sum(amount for on, amount in self.payments if on <= day)

    def money_back(self) -> list[tuple[date, int]]:
        """What of each refund was money. No more can go back than there is by the end of its day: the rest of it was
        credited, and only lowers what is owed.
        """
        back: list[tuple[date, int]] = []
        for on, amount in self.refunds:
            there = self.came(on) - sum(money for _, money in back)
            back.append((on, min(amount, max(0, there))))
        return back


class Run(NamedTuple):
    """Pays what is due by a day. One that does not settle its month pays in advance of its end. `returned` is what
    payroll gave back since the run before.
    """

    day: date
    settles: bool = True
    returned: int = 0

    @property
    def month(self) -> int:
        """Which of the year it is, from 0."""
        return self.day.month - 1


class Paid(NamedTuple):
    """What a run pays, carries to the next, holds, and leaves of a draw."""

    paid: int
    carried: int
    held: int
    draw: int


def payments(terms: Data, deals: Sequence[Deal], runs: Sequence[Run], *, there: There) -> list[Paid]:
    """What each run pays to somebody who is there from one day to another.

    What a month brings is known only where nothing is held: guarantees and maxima that forfeit go with no release.

    What payroll gave back is paid again as it was. It was counted where it was first paid, and is counted nowhere when
    it is paid again: no maximum, draw or minimum knows of it.

    Of a draw and of what is owed a month gives back the same, whether one run pays it or several do: a share of all
    that it brings above the draw, less what its runs took before. What is negative may still become something before
    the month ends: until then it is carried.

    A draw that is recovered after the maximum is a loan beside it: what is still to be recovered was never paid as far
    as a maximum is concerned, and the draw is advanced up to whatever the maximum lets through.
    """
    found: list[Paid] = []
    states = [_Line(terms, deal) for deal in deals]
    balance = draw = owed = 0
    adds: dict[Span, Added] = {}
    before: list[_Before] = []
    for run in runs:
        number, settles = run.month, run.settles
        gone = there.left is not None and there.left <= run.day
        at_leaving = terms.get("leaver", {}) if gone else {}
        part = Fraction(0) if at_leaving.get("guarantee") == "ends" else there.part(start(number), run.day)
        drawn = part > 0 and _is_drawn(terms, number)
        owing = draw
        balance += sum(state.grows(run.day, closes=settles) for state in states)
        brought, so_far = _brought(deals, states, run.day), changes(adds)
        adds = added(terms, brought, run.day, settles=settles, there=there, before=adds)
        balance += changes(adds) - so_far
        mine = [each for each in before if each.month == number]
        level = cents(terms["draw"]["amount"] * 100 * (part if "prorate" in terms["draw"] else 1)) if drawn else 0
        least = max(0, level - sum(each.paid for each in mine))  # what was paid in advance of the month's end is some
        most = min((_left(each, before, terms, number) for each in maxima(terms, "carry")), default=None)
        if drawn and settles and balance < least:
            balance, draw = least, draw + least - balance
        first = not _afterwards(terms)
        back = 0
        recovered = "draw" in terms and (gone or _recovers(terms, number, joined=there.joined))
        share = 1 if gone else terms.get("draw", {}).get("recover", 1)
        if first and draw <= owing and recovered:
            whole = balance + sum(each.paid + each.taken + each.repaid for each in mine)
            back = min(draw, _more(share, whole - level, [each.taken for each in mine]))
            back = min(back, max(0, balance - least))
        balance -= back
        negative = terms.get("negative", {})
        whole = balance + sum(each.paid + each.repaid for each in mine)
        repaid = min(owed, _more(negative.get("recover", 1), whole - level, [each.repaid for each in mine]))
        repaid = min(repaid, max(0, balance - least))
        balance, owed = balance - repaid, owed - repaid
        if balance < 0 and settles and negative.get("balance", "carry") != "carry":
            owed += -balance if negative["balance"] == "receivable" else 0
            balance = 0
        paid = max(0, balance)
        paid = 0 if paid < _waits_for(terms) and not gone else paid
        if most is not None and first:
            paid = min(paid, most)
        elif most is not None:
            through = min(paid - (draw - owing), most) + draw - owing
            more = max(0, min(least, paid) - through) if settles else 0
            draw, balance, paid = draw + more, balance + more, through + more
        balance -= paid
        if not first and draw <= owing and recovered:
            whole = paid + sum(each.paid + each.taken for each in mine)
            back = min(draw, _more(share, whole - level, [each.taken for each in mine]))
            back = min(back, max(0, paid - least))
            paid -= back
        draw -= back
        if gone and at_leaving.get("draw_balance") == "receivable":
            owed, draw = owed + draw, 0
        if at_leaving.get("draw_balance") == "forgive" or (settles and _forgives(terms, number)):
            draw = 0
        before.append(_Before(number, paid, back, repaid, draw - owing))
        found.append(Paid(paid + run.returned, balance, sum(state.held for state in states), draw))
    return found


class _Before(NamedTuple):
    """What a run paid for a month, took of a draw, and took of what was owed; by how much a draw's balance grew."""

    month: int
    paid: int
    taken: int
    repaid: int
    lent: int


def _brought(deals: Sequence[Deal], states: Sequence[_Line], day: date) -> list[int]:
    """What each month brought, as known by a day: what its deals earned, and what of it stays although it was lost."""
    sums = [0] * 12
    for deal, state in zip(deals, states, strict=True):
        sums[deal.sold.month - 1] += deal.pay(day) + state.kept
    return sums


def _left(maximum: Data, before: Sequence[_Before], terms: Data, number: int) -> int:
    """What a maximum leaves of its span in a month."""
    first = number - number % LENGTHS[maximum.get("every", "pay_period")]
    inside = [each for each in before if each.month >= first]
    lent = sum(each.lent for each in inside) if _afterwards(terms) else 0
    return max(0, maximum["amount"] * 100 - sum(each.paid for each in inside) + lent)


def _afterwards(terms: Data) -> bool:
    """Whether a draw is recovered of what a maximum lets through."""
    return bool("draw" in terms and terms["draw"].get("recovered") == "after_maximum")


def _waits_for(terms: Data) -> int:
    """What there has to be before anything is paid."""
    minimum = terms.get("minimum", {})
    return minimum["amount"] * 100 if minimum.get("below", "carry") == "carry" and minimum else 0


def _is_drawn(terms: Data, number: int) -> bool:
    """Whether anything is advanced in a month."""
    draw = terms.get("draw")
    return draw is not None and draw.get("kind") != "non_recoverable" and holds(draw, number)


def _recovers(terms: Data, number: int, *, joined: date) -> bool:
    """Whether a draw is recovered in a month."""
    draw = terms.get("draw")
    if draw is None:
        return False
    since = int(draw.get("recover_since", "2025-01")[5:]) - 1
    return bool(
        number >= max(since, draw["recover_after_months"] + joined.month - 1 if "recover_after_months" in draw else 0)
    )


def _forgives(terms: Data, number: int) -> bool:
    """Whether a draw's balance is given up at the end of a month."""
    draw = terms.get("draw", {})
    if draw.get("forgive_every", "end") == "end":
        return draw.get("kind") == "forgiven" and draw["until"] == f"2025-{number + 1:02d}"
    return draw.get("kind") == "forgiven" and (number + 1) % LENGTHS[draw["forgive_every"]] == 0


def _more(share: Any, above: int, taken: Sequence[int]) -> int:
    """What is still to be taken of what all runs of a month together bring above the draw."""
    return max(0, int(max(0, above) * Fraction(share)) - sum(taken))


class _Line:
    """What a deal pays, from one month to the next."""

    def __init__(self, terms: Data, deal: Deal) -> None:
        self._terms, self._deal = terms, deal
        self._looked_at: date | None = None
        self._released = self.kept = self.held = 0
        self._taken: list[tuple[date, Fraction]] = []
        """What of it had been released when it was lost, by the day of the loss."""

    def grows(self, day: date, *, closes: bool) -> int:
        """By how much what is released or stays grew by the day of a run, which may close its month.

        What is lost before the month of the sale is closed is no loss of what was paid: it is earned less.
        """
        if day < self._deal.sold:
            return 0
        self._lose(day)
        earned = self._deal.pay(day)
        released = cents(earned * self._due(day, counted=lambda on, lag: on <= day - lag))
        whole = sum((amount for _, amount in self._taken), Fraction(0))
        back = sum((amount * self._taken_back(day) for day, amount in self._taken), Fraction(0))
        kept = cents(whole) - cents(back)
        grown = released - self._released + kept - self.kept
        self._released, self.kept, self.held = released, kept, earned - released
        if closes or self._looked_at is not None:
            self._looked_at = day
        return grown

    def _lose(self, month: date) -> None:
        """What was lost since the last month that was paid costs what it lowers of what is due; never more than was
        released then.
        """
        if self._looked_at is None:
            return
        days = {day for day, _ in self._deal.refunds} | ({self._deal.lost} if self._deal.lost else set())
        left = Fraction(self._released)
        for day in sorted(day for day in days if self._looked_at < day <= month):
            before, after = self._deal.pay(day - timedelta(days=1)), self._deal.pay(day)
            due_before, due_after = (
                earned * self._due(day, counted=lambda on, lag, until=until: on <= until)
                for earned, until in ((before, day - timedelta(days=1)), (after, day))
            )
            taken = min(max(Fraction(0), due_before - due_after), Fraction(before - after), left)
            left -= taken
            self._taken.append((day, taken))

    def _due(self, day: date, *, counted: Callable[[date, timedelta], bool]) -> Fraction:
        """Which part of it is due on a day; `counted` says of which days refunds count for a part that waits so long."""
        parts = self._terms.get("release") or [{"share": 1, "when": "booked"}]
        return sum((Fraction(part["share"]) * self._part_due(part, day, counted) for part in parts), Fraction(0))

    def _part_due(self, part: Data, day: date, counted: Callable[[date, timedelta], bool]) -> Fraction:
        lag = timedelta(days=part.get("days_after", 0))
        if part["when"] == "booked":
            return Fraction(self._deal.sold + lag <= day)
        refunded = sum(amount for on, amount in self._deal.refunds if counted(on, lag))
        back = sum(amount for on, amount in self._deal.money_back() if counted(on, lag))
        came = self._deal.came(day - lag) - back
        owed = self._deal.amount - refunded
        share = Fraction(1) if owed <= 0 else min(Fraction(1), max(Fraction(0), Fraction(came, owed)))
        return share if part["when"] == "collected" else Fraction(share == 1)

    def _taken_back(self, day: date) -> Fraction:
        """Which part of what is lost on a day is taken back."""
        schedule = self._terms.get("clawback")
        if schedule is None:
            return Fraction(1)
        if "prorated_over_months" in schedule:
            whole = int(schedule["prorated_over_months"])
            gone = (day.year - self._deal.sold.year) * 12 + day.month - self._deal.sold.month
            gone -= day < later(self._deal.sold, gone)
            return Fraction(max(0, whole - gone), whole)
        return next(
            (
                Fraction(step["take_back"])
                for step in schedule["steps"]
                if day <= later(self._deal.sold, step["within_months"])
            ),
            Fraction(0),
        )


def later(day: date, months: int) -> date:
    """So many months after a day; the last of the month where there is no such day."""
    year, month = divmod(day.month - 1 + months, 12)
    return date(day.year + year, month + 1, min(day.day, monthrange(day.year + year, month + 1)[1]))
