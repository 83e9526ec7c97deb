"""The word `release`: when what a deal earns is due, in parts. What is not due is held, and said why.

How much of a line is released by a date follows from the deal's facts and the holds alone, not from what earlier runs
released. So a run releases the difference to what is held, and it is all the same how many runs there were before.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from typing import Annotated, Any, Final, Literal, NamedTuple

from pydantic import Field

from shared.contracts.base import Identifier
from shared.formatting import percent
from shared.pay.policy import PolicyPart
from shared.pay.terms.rounding import part
from shared.pay.terms.words.base import Share, Word, Wording
from shared.pay.terms.words.leaver import Leaver
from shared.periods import Month


class Tranche(PolicyPart):
    """A part of what a deal earns, and when it is due."""

    share: Share
    """How much of it: `50%`."""
    when: Literal["booked", "collected", "paid_in_full", "started"]
    """booked: with the period it is earned in. collected: as the customer's money comes in, in proportion.
    paid_in_full: once all of it is in. started: when the contract's service starts."""
    days_after: Annotated[int, Field(ge=0, le=3650)] = 0
    """So many days after that."""
    components: tuple[Identifier, ...] = ()
    """Only of what these plan components earn; of all that no other part names where absent."""


class DatedAmount(NamedTuple):
    """Money on a date, in minor units of its deal: a payment, negative where it was taken back; or a refund, never
    negative.
    """

    day: date
    amount: int

    @classmethod
    def all_of(cls, entries: Sequence[Mapping[str, Any]] | None) -> list[DatedAmount] | None:
        """Those of a line's `payments` or `refunds` (`shared.contracts.lines.COLLECTION`); None where they are not
        known.
        """
        return None if entries is None else [cls(entry["day"], entry["amount"]) for entry in entries]


@dataclass(frozen=True, slots=True, kw_only=True)
class LineFacts:
    """A line of what a participant earned by a deal, and what is known of the deal. Amounts in minor units.

    `booked_on` is the date the line counts from. A line without a deal (a bonus, a minimum) has no deal's facts and is
    due at once. Of a deal that nobody knows, `deal_amount` is None; where its payments or refunds cannot be counted in
    its currency, they are.
    """

    participant_id: str
    period: Month
    component: str
    plan: str
    version: int
    deal_id: str | None
    currency: str
    amount: int
    booked_on: date
    deal_amount: int | None = None
    payments: Sequence[DatedAmount] | None = ()
    refunds: Sequence[DatedAmount] | None = ()
    started_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A stop that a person put on pay, with a reason, until it is released: by a person, on a date, or when the
    customer has paid.

    It stops lines of `since` and later months: what was paid with earlier months stays so.
    """

    id: str
    scope: Literal["participant", "deal", "plan"]
    subject: str
    since: Month
    reason: str
    until: date | None = None
    until_collected: bool = False
    released_on: date | None = None

    def concerns(self, line: LineFacts) -> bool:
        """Whether it may stop the line at all."""
        subject = {"participant": line.participant_id, "deal": line.deal_id, "plan": line.plan}[self.scope]
        return subject == self.subject and line.period >= self.since

    def is_open(self, day: date) -> bool:
        """Whether neither a person nor a date has released it by a day."""
        return all(released is None or released > day for released in (self.released_on, self.until))

    def stops(self, line: LineFacts, as_of: date) -> bool:
        """Whether nothing of the line is released by `as_of`."""
        if not self.concerns(line) or not self.is_open(as_of):
            return False
        return not (self.until_collected and collected(line, as_of) == 1)


def released(
    line: LineFacts,
    tranches: Sequence[Tranche] | None,
    *,
    holds: Iterable[Hold],
    as_of: date,
    leaver: Leaver | None = None,
) -> int:
    """How much of the line's amount is due by the business date `as_of`, in minor units.

    Args:
        line: what was earned, and the deal's facts.
        tranches: the parts in which it falls due; None: all of it at once.
        holds: those that may stop it.
        as_of: what became known of the deal after this date does not count.
        leaver: the terms of a participant who has left by then: may release everything at once.
    """
    # A bonus or minimum has no customer and no contract to wait for.
    if line.deal_id is None and tranches is not None:
        tranches = None
    # A hold goes before everything, also before what a leaver gets at once: a person stopped it.
    if any(hold.stops(line, as_of) for hold in holds):
        return 0
    if tranches is None or (leaver is not None and leaver.held == "release"):
        return line.amount
    return part(line.amount, share_due(line, tranches, as_of=as_of))


def share_due(
    line: LineFacts, tranches: Iterable[Tranche], *, as_of: date, refunded_by: date | None = None
) -> Fraction:
    """Which part of the line is due by a date, whatever holds stop it; between 0 and 1.

    A part that waits some days waits so long after refunds, too; with `refunded_by` those by that day count at once.
    """
    shares = (
        Fraction(tranche.share) * due(line, tranche, as_of=as_of, refunded_by=refunded_by) for tranche in tranches
    )
    return sum(shares, Fraction(0))


def due(line: LineFacts, tranche: Tranche, *, as_of: date, refunded_by: date | None = None) -> Fraction:
    """How much of a tranche is due by a date; between 0 and 1."""
    known = as_of - timedelta(days=tranche.days_after)
    match tranche.when:
        case "booked":
            return Fraction(int(line.booked_on <= known))
        case "collected":
            return collected(line, known, refunded_by=refunded_by) or Fraction(0)
        case "paid_in_full":
            return Fraction(int(collected(line, known, refunded_by=refunded_by) == 1))
        case "started":
            return Fraction(int(line.started_on is not None and line.started_on <= known))


def collected(line: LineFacts, as_of: date, *, refunded_by: date | None = None) -> Fraction | None:
    """Which part of what the customer has to pay is paid by a date, between 0 and 1; None where that is not known.

    What is refunded by then, or by another date, lowers what has to be paid, as it lowers the line; a customer who owes
    nothing has paid.
    """
    if line.deal_amount is None or line.payments is None or line.refunds is None:
        return None
    by = refunded_by or as_of
    owed = line.deal_amount - _sum_by(line.refunds, by)
    if owed <= 0:
        return Fraction(1)
    came = _sum_by(line.payments, as_of) - _sum_by(_money_back(line.payments, line.refunds), by)
    return min(Fraction(1), max(Fraction(0), Fraction(came, owed)))


def _money_back(payments: Sequence[DatedAmount], refunds: Sequence[DatedAmount]) -> Iterator[DatedAmount]:
    """What of each refund was money of the customer that went back.

    No more can go back than came in by the end of its day: so paid in full and half refunded is still paid in full. The
    rest was never paid and was credited: it lowers what is owed and takes nothing of what comes in later.
    """
    back = 0
    for refund in sorted(refunds):
        money = min(refund.amount, max(0, _sum_by(payments, refund.day) - back))
        back += money
        yield DatedAmount(refund.day, money)


def _sum_by(entries: Iterable[DatedAmount], as_of: date) -> int:
    return sum(entry.amount for entry in entries if entry.day <= as_of)


def waits_for_money(line: LineFacts, tranches: Iterable[Tranche] | None, *, holds: Iterable[Hold]) -> bool:
    """Whether what is released of a line hangs on what its customer pays: money that goes takes it back again."""
    if line.deal_id is None:
        return False
    tranche_waits = any(tranche.when in ("collected", "paid_in_full") for tranche in tranches or ())
    return tranche_waits or any(hold.until_collected and hold.concerns(line) for hold in holds)


class HoldReason(NamedTuple):
    """Why something is held, and what will release it."""

    reason: str
    released_by: str


def why_held(line: LineFacts, tranches: Sequence[Tranche] | None, *, holds: Iterable[Hold], as_of: date) -> HoldReason:
    """Why not all of the line is released on a date, in words for whoever earned it: the holds that stop it; without
    any, the parts that are not due.
    """
    if stops := [hold for hold in holds if hold.stops(line, as_of)]:
        reasons, lifts = [f"On hold: {hold.reason}" for hold in stops], [_lifted(hold) for hold in stops]
    else:
        waiting = [tranche for tranche in tranches or () if due(line, tranche, as_of=as_of) < 1]
        reasons = [f"{percent(tranche.share)} {_waits(tranche)}" for tranche in waiting]
        lifts = [_due_with(line, tranche) for tranche in waiting]
    # Two tranches may wait for the same: it is said once.
    return HoldReason("; ".join(dict.fromkeys(reasons)), "; ".join(dict.fromkeys(lifts)))


def _lifted(hold: Hold) -> str:
    ways = [f"on {hold.until}"] if hold.until is not None else []
    if hold.until_collected:
        ways.append("when the customer has paid")
    return " or ".join([*ways, "when a person releases it"])


def _waits(tranche: Tranche) -> str:
    event = {
        "booked": "the sale",
        "collected": "the customer pays, in proportion",
        "paid_in_full": "the customer has paid everything",
        "started": "the service starts",
    }[tranche.when]
    if tranche.days_after:
        return f"is due {tranche.days_after} days after {event}"
    return f"is due with {event}" if tranche.when == "booked" else f"is due when {event}"


def _due_with(line: LineFacts, tranche: Tranche) -> str:
    """What has to happen, with its date where that is known."""
    later = f" and {tranche.days_after} days" if tranche.days_after else ""
    since = {"booked": line.booked_on, "started": line.started_on}.get(tranche.when)
    if since is not None:
        return f"on {since + timedelta(days=tranche.days_after)}"
    if tranche.when == "started":
        return f"the start of the service{later}"
    return f"the customer's {'last payment' if tranche.when == 'paid_in_full' else 'payments'}{later}"


def tranches_of(terms: Wording, component: str) -> tuple[Tranche, ...] | None:
    """The parts in which what a component earns falls due: those that name it, else those that name none; None where it
    is due at once.
    """
    said = terms[RELEASE] or ()
    own = tuple(tranche for tranche in said if component in tranche.components)
    return own or tuple(tranche for tranche in said if not tranche.components) or None


def _sums_to_the_whole(tranches: Sequence[Tranche]) -> None:
    named = {component for tranche in tranches for component in tranche.components}
    parts = {f" of {name}": [each for each in tranches if name in each.components] for name in sorted(named)}
    parts[""] = [each for each in tranches if not each.components]
    for of, own in parts.items():
        if own and (total := sum(tranche.share for tranche in own)) != 1:
            raise ValueError(f"the shares of `release`{of} must sum to 100%, not {total:.2%}")


RELEASE: Final[Word[tuple[Tranche, ...] | None]] = Word(
    name="release",
    type=Annotated[tuple[Tranche, ...], Field(min_length=1)],
    about="When what a deal earns is due, in parts that sum to the whole.",
    place=6,
    absent=None,
    check=_sums_to_the_whole,
)
WORD: Final = RELEASE
