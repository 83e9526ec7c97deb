"""The plain model: what everybody earns, by facts alone; in which month payout has to book it; and simple terms,
written once more.

Amounts are in cents. Deals are in hundreds of dollars and shares in tenths, so that nothing is ever rounded in earning.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, NamedTuple

QUOTA = 1_000_00
"""The monthly quota of ada: 5 % up to it and 10 % above. Everybody else has 10 %."""


@dataclass
class Deal:
    """A deal as its facts are now."""

    amount: int
    splits: dict[str, int]
    day: date
    won: bool = True
    refunds: list[tuple[date, int]] = field(default_factory=list)
    payments: list[tuple[date, int]] = field(default_factory=list)

    @property
    def owed(self) -> int:
        """What the customer has to pay in the end."""
        return self.amount - sum(amount for _, amount in self.refunds)

    @property
    def net(self) -> int:
        """What is credited."""
        return self.owed if self.won else 0

    def came(self, as_of: date) -> int:
        """What came in of it by a day and did not go back: of a refund no more than had come in by then."""
        came = 0
        for day in sorted({day for day, _ in [*self.payments, *self.refunds] if day <= as_of}):
            paid, back = (sum(each for on, each in entries if on == day) for entries in (self.payments, self.refunds))
            came = max(came + paid - back, min(came + paid, 0))
        return min(self.owed, max(0, came))

    def credit(self, who: str) -> int:
        """The share of somebody."""
        return self.net * self.splits.get(who, 0) // 100


class Booking(NamedTuple):
    """Something that the ledger has to have: whose, booked in which month, about which month, how much."""

    who: str
    month: str
    origin: str
    amount: int


class Model:
    """Facts, and the books that follow from them."""

    def __init__(self, groups: dict[str, str]) -> None:
        self.groups = groups
        self.deals: dict[str, Deal] = {}
        self.scored: Counter[tuple[str, str]] = Counter()
        """What scoring has published, by participant and month."""
        self.told: Counter[tuple[str, str]] = Counter()
        """What is booked of it."""
        self.bookings: list[Booking] = []
        self.adjustments: list[Booking] = []
        self.closed: dict[str, str] = {}
        self.soft: dict[str, str] = {}

    def earned(self, who: str, month: str, through: date | None = None) -> int:
        """What somebody earns in a month, by deals up to a day."""
        credits = sum(
            deal.credit(who)
            for deal in self.deals.values()
            if deal.day.strftime("%Y-%m") == month and (through is None or deal.day <= through)
        )
        if who != "ada":
            return credits // 10
        return min(credits, QUOTA) * 5 // 100 + max(0, credits - QUOTA) // 10

    def score(self) -> None:
        """Scoring has read all facts."""
        months = {deal.day.strftime("%Y-%m") for deal in self.deals.values()}
        self.scored = Counter({(who, month): self.earned(who, month) for who in self.groups for month in months})

    def book(self) -> None:
        """Payout has read all that scoring published: differences go to their month, or to the first that is open."""
        for who, month in sorted(self.scored.keys() | self.told.keys()):
            if change := self.scored[who, month] - self.told[who, month]:
                self.bookings.append(Booking(who, max(month, self.first_open(self.groups[who])), month, change))
        self.told = Counter(self.scored)

    def first_open(self, group: str, *, softly: bool = True) -> str:
        """The first month that the stream may book in, or a person where months are only closed softly."""
        last = max(self.closed.get(group, ""), self.soft.get(group, "") if softly else "")
        return after(last) if last else ""

    def due(self, who: str, month: str, ends: date) -> int:
        """What is booked up to a run's month, less what is earned in it after the run's last day."""
        booked = sum(
            each.amount for each in [*self.bookings, *self.adjustments] if each.who == who and each.month <= month
        )
        if self.first_open(self.groups[who]) > month:
            return booked
        return booked - (self.earned(who, month) - self.earned(who, month, ends))

    def released(self, who: str, month: str, as_of: date) -> Iterator[tuple[int, int]]:
        """What somebody earns by each deal up to a month, and how much of it is due: half at booking, half as money
        comes in.
        """
        for deal in self.deals.values():
            if deal.day.strftime("%Y-%m") <= month and deal.day <= as_of and (amount := deal.credit(who) // 10):
                yield amount, (amount * (deal.owed + deal.came(as_of)) + deal.owed) // (2 * deal.owed)


def simple(rules: Mapping[str, Any]) -> bool:
    """Whether these are terms that `walk` knows: those that never look at an earlier pay period again."""
    maximum, minimum = rules.get("maximum", {}), rules.get("minimum", {})
    known = rules.keys() <= {"draw", "maximum", "minimum", "negative"}
    return (
        known and "every" not in maximum and maximum.get("above", "carry") == "carry" == minimum.get("below", "carry")
    )


class Walked(NamedTuple):
    """What is paid, and what is advanced and claimed back after that."""

    paid: int
    draw: int
    claim: int


def walk(due: int, rules: Mapping[str, Any], draw: int, claim: int, given_back: int) -> Walked:
    """What is paid of what is due, with what was advanced and what is claimed back so far; what payroll gave back is
    paid again as it was.
    """
    due -= given_back
    level = rules["draw"]["amount"] * 100 if "draw" in rules else 0
    if "draw" in rules and due < level:
        due, draw = level, draw + level - due
    else:
        share = int(rules["draw"]["recover"][:-1]) if "draw" in rules else 100
        back = min(draw, max(0, due - level) * share // 100)
        due, draw = due - back, draw - back
    negative = rules.get("negative", {"balance": "carry", "recover": "100%"})
    back = min(claim, max(0, due - level) * int(negative["recover"][:-1]) // 100)
    due, claim = due - back, claim - back
    if due < 0 and negative["balance"] == "receivable":
        claim -= due
    paid = max(0, due)
    if "minimum" in rules and paid < rules["minimum"]["amount"] * 100:
        paid = 0
    paid = min(paid, rules["maximum"]["amount"] * 100) if "maximum" in rules else paid
    return Walked(paid + given_back, draw, claim)


def after(month: str) -> str:
    """The next month."""
    year, number = int(month[:4]), int(month[5:])
    return f"{year + number // 12}-{number % 12 + 1:02d}"


def last_of(month: str) -> date:
    """The last day of a month."""
    return date.fromisoformat(f"{after(month)}-01") - timedelta(days=1)
