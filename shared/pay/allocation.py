"""Payments that customers make on their account, allocated to its deals: exactly where that can be told, then by age.

Payments are taken in the order of their days, and never moved by a later one: what was released by a payment stays so.
What comes out depends on which payments and deals there are, and not on the order in which they became known.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from shared.contracts.account_payments import Order


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
    """A deal of an account with what the customer owes by it: its amount without what is known to be paid on it.
    `references` are what payments may call it besides its id.
    """

    deal_id: str
    account: str
    currency: str
    closed_on: date | None
    owed: int
    references: tuple[str, ...] = ()


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
    for deal in sorted(deals, key=_by_age):
        books[deal.account, deal.currency].deals.append(deal)
        books[deal.account, deal.currency].owed[deal.deal_id] = deal.owed
    shares: list[Share] = []
    # Of one day, what came in goes first: money cannot bounce before it is there.
    for payment in sorted(payments, key=lambda one: (one.day, one.amount < 0, one.id)):
        account = books[payment.account, payment.currency]
        shares += account.give(payment) if payment.amount >= 0 else account.take_back(payment)
    left = [Left(given.payment, given.left) for account in books.values() for given in account.given if given.left]
    left += [missing for account in books.values() for missing in account.missing]
    unknown = [payment for account in books.values() for payment in account.unknown]
    return Allocation(
        shares,
        sorted(left, key=lambda one: (one.payment.account, one.payment.day, one.payment.id)),
        sorted(unknown, key=lambda one: (one.account, one.day, one.id)),
    )


def _by_age(deal: AccountDeal) -> tuple[date, str]:
    return deal.closed_on or date.max, deal.deal_id


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


@dataclass
class _Account:
    deals: list[AccountDeal] = field(default_factory=list)
    owed: dict[str, int] = field(default_factory=dict)
    given: list[_Given] = field(default_factory=list)
    missing: list[Left] = field(default_factory=list)
    unknown: list[AccountPayment] = field(default_factory=list)

    def give(self, payment: AccountPayment) -> list[Share]:
        """Give a payment to deals, as far as they owe something."""
        given = _Given(payment, payment.amount)
        for deal in self._choices(payment):
            amount = min(given.left, self.owed[deal.deal_id])
            if amount > 0:
                self.owed[deal.deal_id] -= amount
                given.left -= amount
                given.shares.append((deal.deal_id, amount))
        self.given.append(given)
        return [Share(payment, deal_id, amount) for deal_id, amount in given.shares]

    def _choices(self, payment: AccountPayment) -> Iterable[AccountDeal]:
        named = [deal for deal in self.deals if payment.reference in (deal.deal_id, *deal.references)]
        yield from named
        if not named and payment.reference is not None:
            self.unknown.append(payment)
        if not named:
            yield from [deal for deal in self.deals if self.owed[deal.deal_id] == payment.amount][:1]
        if payment.order != "exact_only":
            yield from self.deals if payment.order == "oldest_first" else reversed(self.deals)

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
                self.owed[deal_id] += back
                wanted -= back
                shares.append(Share(payment, deal_id, -back))
            if not wanted:
                break
        if wanted:
            self.missing.append(Left(payment, -wanted))
        return shares

    def _bounced(self, payment: AccountPayment) -> Sequence[_Given]:
        if named := [given for given in self.given if given.payment.id == payment.reference]:
            return named
        if payment.reference is not None:
            self.unknown.append(payment)
        of_amount = [given for given in self.given if given.payment.amount == -payment.amount and given.untouched]
        if of_amount:
            return of_amount[-1:]
        return self.given[::-1]
