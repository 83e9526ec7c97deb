"""Payment terms: what a participant is paid month after month for deals that are sold, paid, refunded and lost.

Everybody here is paid by the month and earns a tenth of what there is of their deals. Amounts are in cents, so that
nothing is rounded in earning; what is known of a deal is known on its day.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from typing import Any, NamedTuple

Data = Mapping[str, Any]
"""Terms as a file says them; shares as numbers."""


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


class Paid(NamedTuple):
    """What a month pays, carries to the next, and holds."""

    paid: int
    carried: int
    held: int


def payments(terms: Data, deals: Sequence[Deal], months: Sequence[date]) -> list[Paid]:
    """What each month pays, given by its last day."""
    found, balance = [], 0
    states = [_Line(terms, deal) for deal in deals]
    for month in months:
        balance += sum(state.grows(month) for state in states)
        paid = max(0, balance)
        balance -= paid
        found.append(Paid(paid, balance, sum(state.held for state in states)))
    return found


class _Line:
    """What a deal pays, from one month to the next."""

    def __init__(self, terms: Data, deal: Deal) -> None:
        self._terms, self._deal = terms, deal
        self._looked_at: date | None = None
        self._released = self._kept = self.held = 0
        self._taken: list[tuple[date, Fraction]] = []
        """What of it had been released when it was lost, by the day of the loss."""

    def grows(self, month: date) -> int:
        """By how much what is released or stays grew in a month."""
        if month < self._deal.sold:
            return 0
        self._lose(month)
        earned = self._deal.pay(month)
        released = cents(earned * self._due(month, counted=lambda day, lag: day <= month - lag))
        whole = sum((amount for _, amount in self._taken), Fraction(0))
        back = sum((amount * self._taken_back(day) for day, amount in self._taken), Fraction(0))
        kept = cents(whole) - cents(back)
        grown = released - self._released + kept - self._kept
        self._released, self._kept, self.held, self._looked_at = released, kept, earned - released, month
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
        came = sum(amount for on, amount in self._deal.payments if on <= day - lag)
        owed = self._deal.amount - refunded
        share = Fraction(1) if owed <= 0 else min(Fraction(1), max(Fraction(0), Fraction(came - refunded, owed)))
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


def cents(amount: Fraction) -> int:
    """Rounded, half away from zero; amounts here are not negative."""
    return int(amount + Fraction(1, 2))
