"""What a word of payment terms is, and the walk of what is due through all of them.

A word is a module beside this one with a `WORD`: what may be written, and what it does. `shared.pay.terms.pay` walks
through the words without knowing any of them by name; a new word is a new module.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Annotated, Any, Final, Generic, NamedTuple, Protocol, Self, TypeVar

from pydantic import Field, model_validator

from shared.contracts.base import PeriodName
from shared.kernel.language.findings import Finding
from shared.kernel.language.values import Amount, Rate
from shared.money import minor_digits, to_minor
from shared.pay.policy import PolicyPart
from shared.pay.spans import Every, Span, span_of
from shared.pay.steps import BESIDE, StepName
from shared.pay.terms.rounding import part
from shared.periods import BEFORE_ALL, Month

Value = TypeVar("Value")
LevelType = TypeVar("LevelType", bound="Level")

Share = Annotated[Rate, Field(ge=0, le=1)]
"""A part of a whole: `50%`."""
Money = Annotated[Amount, Field(ge=0)]
"""An amount in major units of the terms' currency, not negative."""


class InForce(PolicyPart):
    """Something that holds from one pay period's month to another."""

    since: PeriodName | None = None
    """The first month it holds in; from the beginning where absent."""
    until: PeriodName | None = None
    """The last month it holds in; without end where absent."""

    @model_validator(mode="after")
    def _holds_at_some_time(self) -> Self:
        if self.since is not None and self.until is not None and self.until < self.since:
            raise ValueError(f"until {self.until} is before since {self.since}: it would never hold; exchange them")
        return self

    def overlaps(self, other: InForce) -> bool:
        """Whether there is a month in which both hold."""
        begins = max(self.since or BEFORE_ALL, other.since or BEFORE_ALL)
        return all(ends is None or begins <= ends for ends in (self.until, other.until))

    def holds_in(self, period: Month) -> bool:
        """Whether it holds in the month `2026-06`."""
        return (self.since is None or self.since <= period) and (self.until is None or period <= self.until)


class Level(InForce):
    """Something with one amount. Terms refuse an amount that is not whole in their currency."""

    amount: Money
    """How much, in the terms' currency."""

    def in_words(self, currency: str) -> str:
        """The amount for whoever is paid: `3,000.00 USD`."""
        return f"{self.amount:,.{minor_digits(currency)}f} {currency}"

    def over(self, month: Month) -> Span | None:
        """Over which span of a month it is; None where it is for a pay period."""
        return span_of("pay_period", month, year_starts=1)

    def is_for(self, over: Span | None) -> bool:
        """Whether it is for a span, or for a pay period."""
        return self.over(over.last) == over if over is not None else not self.is_spanned

    @property
    def is_spanned(self) -> bool:
        """Whether it is for a span and not for a pay period."""
        return False


class SpannedLevel(Level):
    """An amount for a pay period, or for a longer span."""

    every: Every = "pay_period"
    """What the amount is for: each pay period, or each quarter, half-year or year as a whole."""
    year_starts: Annotated[int, Field(ge=1, le=12)] = 1
    """The month with which years, their halves and quarters start: 1 is January."""

    def over(self, month: Month) -> Span | None:
        """Over which span of a month it is; None where it is for a pay period."""
        return span_of(self.every, month, year_starts=self.year_starts)

    @property
    def is_spanned(self) -> bool:
        """Whether it is for a span and not for a pay period."""
        return self.every != "pay_period"


def levels(value: Any) -> tuple[Level, ...]:
    """The amounts that a word says; none where it says something else."""
    values = value if isinstance(value, tuple) else (value,)
    return tuple(level for level in values if isinstance(level, Level))


class Wording(Protocol):
    """Terms in which words are looked up: a document, or what holds for a participant."""

    def __getitem__(self, word: Word[Value]) -> Value:
        """What a word says; what it means when it is not said, where it is not."""
        ...


class Floor(NamedTuple):
    """The least that a pay period brings, in minor units, and the step that makes up for what it lacks."""

    amount: int
    step: StepName


class Act(NamedTuple):
    """What a word does, in the order of the numbers. Up to `LIMITS`, or any between: to what is due. From there on: to
    what is about to be paid (`Walk.paid`), and beside it.
    """

    order: int
    do: Callable[[Walk], None]


# The order is part of the terms: whoever is advanced up to a draw is secured that much of it, so that what is owed is
# taken from the rest only; what is negative after all that is carried or borne by somebody; a draw is given up when it
# took what it could.
ADVANCE: Final = 10
REPAYMENT: Final = 20
NEGATIVE_REST: Final = 30
LIMITS: Final = 40
RECOVERY_OF_PAYMENT: Final = 50
BALANCE: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Word(Generic[Value]):
    """A word of payment terms.

    Args:
        name: as it is written.
        type: what may be written after it.
        about: what it is, for the schema and the reference.
        place: where it stands among the others: in the schema, and where words are asked one after the other.
        absent: what holds where it is not said.
        check: refuses by ValueError what its type allows and cannot be meant.
        slips: what of a document, named by its id, is allowed and probably not meant. Without amounts, which may be
            those of one person.
        pays_unearned: whether somebody is looked at who earned nothing.
        floor: the least that a pay period brings by it; None where it secures nothing in that pay period.
        ceiling: what is lost of what a pay period brought, given with its top-up, in minor units.
        acts: what it does to what is due.
        limit: what it lets through of what is about to be paid; the rest stays for the next run.
        explains: the steps behind which its amount stands, each with what is said before it to whoever is paid. Of
            several words that explain a step the one with the last place does.
        reason: the rule behind a step, for whoever is paid; nothing where the step is no matter of this word.
        rule: what it adds to the sentence of a step, for whoever calculates it again.
    """

    name: str
    type: Any
    about: str
    place: int
    absent: Value
    check: Callable[[Any], None] | None = None
    slips: Callable[[Wording, str], Iterable[Finding]] | None = None
    pays_unearned: Callable[[Any], bool] | None = None
    floor: Callable[[Walk, str], Floor | None] | None = None
    ceiling: Callable[[Walk, str, int], int] | None = None
    acts: tuple[Act, ...] = ()
    limit: Callable[[Walk, int], int] | None = None
    explains: Mapping[StepName, str] = field(default_factory=dict)
    reason: Callable[[Terms, StepName], str] | None = None
    rule: Callable[[Terms, StepName], str] | None = None


@dataclass(frozen=True, slots=True)
class Terms:
    """The words that hold for one participant in one currency, from all documents that apply. What is not said changes
    nothing.
    """

    currency: str
    said: Mapping[str, Any] = field(default_factory=dict)

    def __getitem__(self, word: Word[Value]) -> Value:
        """What a word says; what it means when it is not said, where it is not."""
        value: Value = self.said.get(word.name, word.absent)
        return value

    def minor(self, level: Level) -> int:
        """The amount of a level in minor units."""
        return to_minor(level.amount, self.currency)


class PeriodTerms(NamedTuple):
    """The terms of a pay period, or of a span, which is judged by those of its last pay period so far.

    Args:
        terms: what is said.
        month: in which the pay period ends.
        there: on which part of the days that have ended the participant is there, and may be secured something: none
            after leaving, and none of the pay period of the last day where the terms say that floors end before.
        over: the span; None of a pay period.
        ended: which part of the months of the span has ended; of whoever has left, all of it or what had ended before.
        has_ended: whether the span has ended, for whoever has left by leaving.
        uncounted: pay periods and shorter spans in the span that come after it ended by leaving.
        joined: the month of the participant's first day, where that is known.
        ends_month: whether no later pay period ends in the month.
    """

    terms: Terms
    month: Month
    there: Fraction = Fraction(1)
    over: Span | None = None
    ended: Fraction = Fraction(1)
    has_ended: bool = True
    uncounted: frozenset[str] = frozenset()
    joined: Month | None = None
    ends_month: bool = True

    def in_force(self, word: Word[LevelType | None]) -> LevelType | None:
        """What a word says, where it holds in the month and is for this pay period or span; None where it does not, or
        is not said.
        """
        level = self.terms[word]
        return level if level is not None and self.asks(level) else None

    def asks(self, level: Level) -> bool:
        """Whether an amount holds in the month and is for this pay period or span."""
        return level.holds_in(self.month) and level.is_for(self.over)

    def secures(self, word: Word[LevelType | None]) -> LevelType | None:
        """What a word says that secures something: None also where the participant is not there."""
        return self.in_force(word) if self.there else None

    def secured(self, level: Level, *, by_days: bool) -> int:
        """What a draw or guarantee pays at least, in minor units, of what has ended: all of it, or by the days."""
        return part(self.terms.minor(level), self.ended * (self.there if by_days else 1))


class TermLine(NamedTuple):
    """What a word changes. `amount` raises (or lowers) what is payable; of a forgiveness it is what is given up.

    `pay_period` is the one it is about: the run's own, or an earlier one that a correction concerns.
    """

    step: StepName
    amount: int
    pay_period: str


class PaidFor(NamedTuple):
    """What runs paid for a pay period or span, once what was given back; took of pay; and added to draws' balance."""

    paid: int = 0
    recovered: int = 0
    repaid: int = 0
    lent: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """Where a participant stands in one currency before a run. Amounts are in minor units.

    Args:
        pay_period: the run's.
        due: everything payable and not yet paid, whatever it is about, what earlier runs carried forward included.
        bases: by pay period, what it brought so far, corrections included: the run's own, and earlier ones that were
            corrected since.
        topped: by pay period, what guarantees and minimums have added already.
        forfeited: by pay period, what was lost above a maximum already.
        draw: the balance of recoverable draws.
        receivable: what the participant owes.
        leaves: the participant's last day lies in this pay period, or before it.
        settles: the run settles its pay period. An off-cycle run does not: it advances and tops up nothing for it.
        members: by span, which is in `bases` like a pay period: what each pay period and shorter span in it brought.
        paid_over: by span that holds the run's pay period, and for the pay period, what earlier runs did about it.
    """

    pay_period: str
    due: int
    bases: Mapping[str, int] = field(default_factory=dict)
    topped: Mapping[str, int] = field(default_factory=dict)
    forfeited: Mapping[str, int] = field(default_factory=dict)
    draw: int = 0
    receivable: int = 0
    leaves: bool = False
    settles: bool = True
    members: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    paid_over: Mapping[str, PaidFor] = field(default_factory=dict)

    def paid_before(self, over: Span | None = None) -> PaidFor:
        """What earlier runs paid for the run's pay period, or for a span that holds it."""
        return self.paid_over.get(self.pay_period if over is None else over.name, PaidFor())

    def is_open(self, name: str) -> bool:
        """Whether a pay period is the run's own, or a span holds it."""
        return name == self.pay_period or self.pay_period in self.members.get(name, ())


class Walk:
    """What is due on its way through the terms: what is left of it, the balances beside it, and every change so far.

    `secured` is what a draw in force pays in the pay period: nothing is taken back from below it. `paid` is what is
    about to be paid, once limits are applied; `limited` what those say to whoever is paid less.
    """

    def __init__(self, position: Position, ruled: Mapping[str, PeriodTerms]) -> None:
        self.position = position
        self.ruled = ruled
        self.lines: list[TermLine] = []
        self.rest = position.due
        self.secured = 0
        self.paid = 0
        self.limited: list[str] = []
        self.draw, self.receivable = position.draw, position.receivable

    @property
    def own(self) -> PeriodTerms:
        """The terms of the run's pay period."""
        return self.ruled[self.position.pay_period]

    @property
    def terms(self) -> Terms:
        """What is said for the run's pay period."""
        return self.own.terms

    def brought(self, name: str, *, but_for: Collection[str] = ()) -> int:
        """What a pay period brought; of a span, with what was topped up and lost of the pay periods in it, but for some
        of them.
        """
        members = self.position.members.get(name, {})
        left_out = sum(amount for member, amount in members.items() if member in but_for)
        changed = (line for line in self.lines if line.pay_period in members and line.pay_period not in but_for)
        return self.position.bases[name] - left_out + sum(line.amount for line in changed)

    def change(self, step: StepName, amount: int, *, pay_period: str | None = None) -> None:
        """Make a step about a pay period, the run's own where none is given."""
        self.lines.append(TermLine(step, amount, pay_period or self.position.pay_period))
        if step not in BESIDE:
            self.rest += amount
