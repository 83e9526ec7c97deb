"""Payments that customers make on their account, allocated to its deals: exactly where that can be told, then by age.

Payments are taken in the order of their days, and never moved by a later one: what was released by a payment stays so.
What comes out depends on which payments and deals there are, and not on the order in which they became known.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from shared.allocation_order import Order
from shared.pay.terms.words.release import DatedAmount


class AccountPayment(NamedTuple):
    """Money of an account on a day, in minor units of its currency; negative where it was taken back, by a bank or as a
    bounce. `reference` is the deal that it names, or the payment that it takes back; `order` says by which age of deals
    is given what cannot be told exactly.
    """

    id: str
    account: str
    currency: str
    day: date
    amount: int
    reference: str | None = None
    order: Order = "oldest_first"


class AccountDeal(NamedTuple):
    """A deal of an account with what the customer owes by it: its amount without what is known to be paid on it, which
    `paid` says by day. `references` are what payments may call it besides its id.

    A refund of money that was not there was credited, and lowers what is owed from its day on. After `lost_on` nothing
    is owed any more; what was given until then stays.
    """

    deal_id: str
    account: str
    currency: str
    closed_on: date | None
    owed: int
    references: tuple[str, ...] = ()
    paid: tuple[DatedAmount, ...] = ()
    refunds: tuple[DatedAmount, ...] = ()
    lost_on: date | None = None


class Share(NamedTuple):
    """A part of a payment that counts as paid on a deal; negative where it was taken back."""

    payment: AccountPayment
    deal_id: str
    amount: int


class Left(NamedTuple):
    """What of a payment no deal takes; negative where more was taken back than was given."""

    payment: AccountPayment
    amount: int


class Allocation(NamedTuple):
    """Shares in the order in which they were given, and what is left. Those of a payment and what is left of it sum to
    its amount. `unknown` are payments whose reference names nothing of their account: they were allocated as if they
    had none.
    """

    shares: list[Share]
    left: list[Left]
    unknown: list[AccountPayment]


def allocate(deals: Iterable[AccountDeal], payments: Iterable[AccountPayment]) -> Allocation:
    """Allocate payments to the deals of their accounts.

    A payment goes to the deal that it names by reference; else to the first that owes exactly its amount; what is then
    left of it by age. One that is negative takes back what the payment gave that it names, else the last one of its
    amount; else what was given last.

    Args:
        deals: each id once.
        payments: each id once.
    """
    books: dict[tuple[str, str], _Account] = defaultdict(_Account)
    events: list[tuple[date, AccountPayment | AccountDeal, DatedAmount | None]] = []
    for deal in deals:
        books[deal.account, deal.currency].add(deal)
        events += [(refund.day, deal, refund) for refund in deal.refunds]
        if deal.lost_on is not None:
            events.append((deal.lost_on, deal, None))
    events += [(payment.day, payment, None) for payment in payments]
    shares: list[Share] = []
    for _, about, refund in sorted(events, key=_in_turn):
        account = books[about.account, about.currency]
        if isinstance(about, AccountPayment):
            shares += account.give(about) if about.amount >= 0 else account.take_back(about)
        elif refund is not None:
            account.refund(about, refund)
        else:
            account.lose(about)
    left = [
        Left(given.payment, given.left) for account in books.values() for given in account.given.values() if given.left
    ]
    left += [missing for account in books.values() for missing in account.missing]
    unknown = [payment for account in books.values() for payment in account.unknown]
    return Allocation(
        shares,
        sorted(left, key=lambda one: (one.payment.account, one.payment.day, one.payment.id)),
        sorted(unknown, key=lambda one: (one.account, one.day, one.id)),
    )


def _in_turn(event: tuple[date, AccountPayment | AccountDeal, DatedAmount | None]) -> tuple[date, int, str, int]:
    day, about, refund = event
    if isinstance(about, AccountDeal):
        # At the end of the day, as `release` counts it: what came in on that day was there to be sent back.
        return day, 3 if refund is None else 2, about.deal_id, 0 if refund is None else refund.amount
    # Of one day, what came in goes first: money cannot bounce before it is there.
    return day, int(about.amount < 0), about.id, 0


_Age = tuple[date, str]
"""By which deals are older: when they closed, and their id."""


@dataclass
class _Given:
    """A payment, what it gave to which deals, and what is left of it."""

    payment: AccountPayment
    left: int
    shares: list[tuple[str, int]] = field(default_factory=list)

    @property
    def untouched(self) -> bool:
        """Whether nothing of it was taken back yet."""
        return self.left + sum(amount for _, amount in self.shares) == self.payment.amount

    @property
    def is_gone(self) -> bool:
        """Whether all of it was taken back."""
        return not self.left and not self.shares


@dataclass
class _Account:
    """The deals of an account, those that owe something by age, and its payments so far."""

    age: dict[str, _Age] = field(default_factory=dict)
    owed: dict[str, int] = field(default_factory=dict)
    named: dict[str, list[_Age]] = field(default_factory=lambda: defaultdict(list))
    # Kept in order, and not looked for deal by deal: a large customer has thousands of each.
    owing: list[_Age] = field(default_factory=list)
    owing_exactly: dict[int, list[_Age]] = field(default_factory=lambda: defaultdict(list))
    given: dict[str, _Given] = field(default_factory=dict)
    of_amount: dict[int, list[_Given]] = field(default_factory=lambda: defaultdict(list))
    last: list[_Given] = field(default_factory=list)
    missing: list[Left] = field(default_factory=list)
    unknown: list[AccountPayment] = field(default_factory=list)
    # By deal: what payments gave it, and what of its refunds was money that went back.
    on_deal: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    sent_back: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    lost: set[str] = field(default_factory=set)

    def add(self, deal: AccountDeal) -> None:
        """Open a deal."""
        age = self.age[deal.deal_id] = (deal.closed_on or date.max, deal.deal_id)
        for name in {deal.deal_id, *deal.references}:
            insort(self.named[name], age)
        self.owed[deal.deal_id] = 0
        self._owe(deal.deal_id, deal.owed)

    def refund(self, deal: AccountDeal, refund: DatedAmount) -> None:
        """Lower what is owed by what was refunded and never paid (`shared.pay.terms.words.release.collected`)."""
        own = sum(entry.amount for entry in deal.paid if entry.day <= refund.day)
        there = own + self.on_deal[deal.deal_id] - self.sent_back[deal.deal_id]
        money = min(refund.amount, max(0, there))
        self.sent_back[deal.deal_id] += money
        self._owe(deal.deal_id, self.owed[deal.deal_id] - (refund.amount - money))

    def lose(self, deal: AccountDeal) -> None:
        """Nothing is owed by the deal from now on, whatever bounces."""
        self._owe(deal.deal_id, 0)
        self.lost.add(deal.deal_id)

    def _owe(self, deal_id: str, owed: int) -> None:
        if deal_id in self.lost:
            return
        age, before, self.owed[deal_id] = self.age[deal_id], self.owed[deal_id], owed
        if before > 0:
            _remove(self.owing_exactly[before], age)
        if owed > 0:
            insort(self.owing_exactly[owed], age)
        if before <= 0 < owed:
            insort(self.owing, age)
        elif owed <= 0 < before:
            _remove(self.owing, age)

    def give(self, payment: AccountPayment) -> list[Share]:
        """Give a payment to deals, as far as they owe something."""
        given = _Given(payment, payment.amount)
        named = self.named.get(payment.reference or "", [])
        if not named and payment.reference is not None:
            self.unknown.append(payment)
        for _, deal_id in named or self.owing_exactly.get(payment.amount, [])[:1]:
            self._pay(given, deal_id)
        if payment.order != "exact_only":
            while given.left and self.owing:
                _, deal_id = self.owing[0 if payment.order == "oldest_first" else -1]
                self._pay(given, deal_id)
        self.given[payment.id] = given
        self.of_amount[payment.amount].append(given)
        self.last.append(given)
        return [Share(payment, deal_id, amount) for deal_id, amount in given.shares]

    def _pay(self, given: _Given, deal_id: str) -> None:
        amount = min(given.left, self.owed[deal_id])
        if amount > 0:
            self._owe(deal_id, self.owed[deal_id] - amount)
            given.left -= amount
            given.shares.append((deal_id, amount))
            self.on_deal[deal_id] += amount

    def take_back(self, payment: AccountPayment) -> list[Share]:
        """Take back what a payment gave: what is left of it first, then what it gave last."""
        wanted, shares = -payment.amount, []
        for given in self._bounced(payment):
            unused = min(given.left, wanted)
            given.left -= unused
            wanted -= unused
            # What was not on a deal leaves the payment that it was left of, and is no share of the one that bounced.
            while wanted and given.shares:
                deal_id, amount = given.shares.pop()
                back = min(amount, wanted)
                if amount > back:
                    given.shares.append((deal_id, amount - back))
                self.on_deal[deal_id] -= back
                self._owe(deal_id, self.owed[deal_id] + back)
                wanted -= back
                shares.append(Share(payment, deal_id, -back))
            if not wanted:
                break
        if wanted:
            self.missing.append(Left(payment, -wanted))
        return shares

    def _bounced(self, payment: AccountPayment) -> Iterable[_Given]:
        if named := self.given.get(payment.reference or ""):
            return [named]
        if payment.reference is not None:
            self.unknown.append(payment)
        of_amount = reversed(self.of_amount.get(-payment.amount, []))
        if whole := next((given for given in of_amount if given.untouched), None):
            return [whole]
        while self.last and self.last[-1].is_gone:
            self.last.pop()
        return reversed(self.last)


def _remove(ages: list[_Age], age: _Age) -> None:
    del ages[bisect_left(ages, age)]
