"""From when the decreases of a deal are known, where only files tell: a refund may be dated in a pay period that is
long paid.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from itertools import islice, product
from typing import Final, NamedTuple

from shared.pay.deal_facts import DealHistory
from shared.pay.facts import Deal, Entry
from shared.pay.terms.losses import ROUNDING
from shared.pay.terms.words.release import DatedAmount
from shared.periods import last_day

MOST_WAYS: Final = 1000
"""In so many ways it is tried to explain what was earned by a deal by when its refunds became known."""


class DatedDeal(NamedTuple):
    """A deal with the day from which each of its refunds is known, and on which its last change became known."""

    deal: Deal
    refunds: Sequence[tuple[date, DatedAmount]]
    last_changed: date | None

    def refunds_by(self, day: date) -> list[DatedAmount]:
        """Those that are known by a day."""
        return [refund for known_from, refund in self.refunds if known_from <= day]

    def as_of(self, day: date) -> DealHistory | None:
        """What has become of the deal by a day; None where it does not say when it was closed."""
        fact = self.deal.fact
        if fact is None:
            return None
        gone = fact.cancelled_on or (self.last_changed if self.deal.is_lost else None)
        return fact._replace(
            refunds=self.refunds_by(day), cancelled_on=gone if gone is not None and gone <= day else None
        )


def dated(deal: Deal, earned: Iterable[Entry]) -> DatedDeal:
    """A deal and what was earned by it, with the day from which each refund is known.

    Files say when a refund was, not when it was told; what was earned says when it changed. So a refund is known with
    the first change on its day or after it, with a later one where only that explains the amounts, and from its own day
    where nothing changed.
    """
    totals: Counter[date] = Counter()
    for entry in earned:
        totals[entry.known_from or last_day(entry.period)] += entry.amount
    days = sorted(totals)
    last = days[-1] if len(days) > 1 else None
    candidates = [[day for day in days if day >= refund.day] or [refund.day] for refund in deal.refunds]
    # Every way of putting refunds to changes, the earliest first; so many that a deal with dozens of refunds does not
    # take for ever.
    ways = (list(zip(way, deal.refunds, strict=True)) for way in islice(product(*candidates), MOST_WAYS))
    first = [(days_of_it[0], refund) for days_of_it, refund in zip(candidates, deal.refunds, strict=True)]
    return DatedDeal(deal, next((way for way in ways if _explains(way, deal, totals=totals)), first), last)


def _explains(refunds: Sequence[tuple[date, DatedAmount]], deal: Deal, *, totals: Counter[date]) -> bool:
    """Whether every amount is the first one's part of what is left of the deal by its day."""
    if deal.amount is None:
        return False
    first, earned = None, 0
    for day in sorted(totals):
        earned += totals[day]
        left = deal.amount - sum(refund.amount for known_from, refund in refunds if known_from <= day)
        first = (earned, left) if first is None else first
        # Proportional to the first, but for rounding; cross-multiplied, so that it is exact.
        if earned and abs(earned * first[1] - first[0] * left) > ROUNDING * max(first[1], left):
            return False
    return True
