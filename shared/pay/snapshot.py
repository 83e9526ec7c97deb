"""Where everybody in a run stands before it: what is new, what earlier runs left, and all else that a run is calculated
from besides the lines.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Any, Final, NamedTuple, TypeAlias

from shared.pay.calendars.policy import PayGroup
from shared.pay.people import Attributes, Person
from shared.pay.run import Run
from shared.pay.settlement import EarningLineKey, HeldAmount, PayLine, SettledPeriod
from shared.pay.steps import StepName
from shared.pay.terms.losses import LossRecord, LostLineKey
from shared.pay.terms.policy import PaymentTerms, terms_for
from shared.pay.terms.words import pays_unearned
from shared.pay.terms.words.base import PaidFor
from shared.pay.terms.words.release import Hold
from shared.periods import BEFORE_ALL, Month

PayKey: TypeAlias = tuple[str, str]
"""A participant and a currency: pay is settled for each on its own."""


class UnsettledEntry(NamedTuple):
    """Something payable that no run has looked at: about which month, and whether a person adjusted it or payroll gave
    it back.

    `kind` is that of its journals: earning, adjustment or return.
    """

    origin: Month
    kind: str
    amount: int


class ManualAdjustment(NamedTuple):
    """A manual adjustment: its id, what it adds to pay in minor units, and its author's words for why."""

    id: str
    amount: int
    reason: str


class UnclearedRun(NamedTuple):
    """A run that left something to a later one: the last day of its pay period, and the closed months that it
    corrected.
    """

    run: str
    ends: date
    corrected: tuple[Month, ...]


PAID_FOR: Final[tuple[StepName, ...]] = ("returned", "recovery", "repayment", "draw", "forgiveness")
"""The steps that say what a run paid for its pay period, lent and took of pay, beside what it paid."""


class CarriedState(NamedTuple):
    """What the last run, which booked in `month`, left a participant in a currency.

    `carried` is what it left payable, `settled` the pay periods and spans as they are known by it, `paid` what runs
    paid for each pay period and took of pay. `uncleared` are the runs in a
    row, up to the last, that left something to a later one: carried forward, advanced, or owed. Whoever set what those
    paid has a hand in what the next one pays. `cleared` is where that row begins: how many journals the last run before
    them had looked at, and the month it booked in.
    """

    carried: int
    settled: Mapping[str, SettledPeriod]
    dismissed: Mapping[LostLineKey, LossRecord]
    run: str = ""
    month: Month = BEFORE_ALL
    uncleared: tuple[UnclearedRun, ...] = ()
    cleared: tuple[int, Month] = (0, BEFORE_ALL)
    paid: Mapping[str, PaidFor] = MappingProxyType({})

    def with_paid(self, pay_period: str, paid: int, *, lines: Iterable[PayLine]) -> Mapping[str, PaidFor]:
        """`paid` after another run, which made these lines.

        What payroll gave back counts where it was first paid, since it is paid again as it was: so it is no pay of the
        pay period in which that happens.
        """
        before, sums = self.paid_over([pay_period]), dict.fromkeys(PAID_FOR, 0)
        for line in lines:
            if line.step in sums:
                sums[line.step] += line.amount
        found = PaidFor(
            paid=before.paid + paid - sums["returned"],
            recovered=before.recovered - sums["recovery"],
            repaid=before.repaid - sums["repayment"],
            lent=before.lent + sums["draw"] + sums["recovery"] - sums["forgiveness"],
        )
        return {**self.paid, pay_period: found}

    def paid_over(self, pay_periods: Iterable[str]) -> PaidFor:
        """What runs paid for some pay periods together."""
        known = [self.paid[name] for name in pay_periods if name in self.paid]
        return PaidFor(*map(sum, zip(*known, strict=True)))


NOTHING_CARRIED: Final = CarriedState(0, {}, {})
"""Of whom no run knew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSnapshot:
    """What a run is calculated from, besides the lines: everybody in it by id, and where they stand.

    Args:
        groups: the versions of the run's pay group, in the order of their publication.
        in_unknown_groups: people in pay groups that no policy describes, whom no run pays, with the name of that group.
        closed: the last month that is closed for the pay group; None where none is.
        people: everybody in the run.
        payable: what the ledger owes for journals up to the run's month, in minor units; zeros are left out.
        unsettled: what became payable and no approved run has looked at.
        carried: what approved runs left; absent where none knew the participant.
        draw, receivable: what participants owe the company, positive.
        held: what is held of which line.
        journal_counts: how many journals each participant had when the snapshot was taken. They are counted before
            anything else is read, so that whoever has more of them by now is read again.
        holds: those that a person put on pay, also of people who are not in the run.
        excused: participant and deal of every clawback that an approver dismissed.
        terms: the payment terms in force on a day.
        paid_less: deals of which everything was released, perhaps, and money went since.
        moved_out: those who left the pay group within the pay period.
        left_out: those who wait, for which plan version, and are paid by a later run.
        terms_for_nobody: the payment terms that are nobody's in any pay group.
        on_roster: everybody whom the roster knows, in whatever pay group.
    """

    run: Run
    groups: Sequence[PayGroup]
    in_unknown_groups: Mapping[str, str]
    closed: Month | None
    people: Mapping[str, Person]
    payable: Mapping[PayKey, int]
    unsettled: Mapping[PayKey, Sequence[UnsettledEntry]]
    carried: Mapping[PayKey, CarriedState]
    draw: Mapping[PayKey, int]
    receivable: Mapping[PayKey, int]
    held: Mapping[PayKey, Mapping[EarningLineKey, HeldAmount]]
    journal_counts: Mapping[str, int]
    holds: Sequence[Hold]
    excused: frozenset[tuple[str, str]]
    terms: Callable[[date], list[PaymentTerms]]
    paid_less: Sequence[str] = ()
    moved_out: Mapping[str, Person] = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)
    terms_for_nobody: Sequence[PaymentTerms] = ()
    on_roster: frozenset[str] = frozenset()

    def attributes_of(self, participant_id: str) -> Attributes:
        """What the roster says of somebody at the end of the pay period."""
        return self.people[participant_id].at(self.run.ends)

    def pay_keys(self) -> list[PayKey]:
        """Every participant and currency with anything to settle."""
        tables: list[Mapping[PayKey, Any]] = [self.payable, self.unsettled, self.draw, self.receivable, self.held]
        return sorted(set().union(*tables) | self._with_floors() | self._paid_in_advance())

    def _paid_in_advance(self) -> set[PayKey]:
        """Whom off-cycle runs paid of the pay period that this one settles: terms judge it as a whole, although nothing
        may be left to pay.
        """
        if self.run.kind == "off_cycle":
            return set()
        return {
            key for key, state in self.carried.items() if self.run.pay_period in state.settled and key[0] in self.people
        }

    def _with_floors(self) -> set[PayKey]:
        """Whoever is paid by their terms although nothing was earned."""
        documents = self.terms(self.run.ends)
        currencies = {document.currency for document in documents if pays_unearned(document)}
        # Most groups have no such terms: then nobody's roster is read.
        if not currencies:
            return set()
        there = (who for who, person in self.people.items() if person.days_there(self.run.starts, self.run.ends))
        return {
            (who, currency)
            for who, home in ((who, self.attributes_of(who)) for who in there)
            for currency in currencies
            if pays_unearned(terms_for(documents, who, plan=home.plan, pay_group=home.pay_group, currency=currency))
        }
