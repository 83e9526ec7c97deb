"""The one list of the steps between what was earned and what is paid: how each is booked, shown, summed and told.

Whoever needs to know something about a step reads it here: settlement and payment terms make steps by these names, runs
book them, the general ledger groups their journals, statements show them, payroll hears of them. A new step is an entry
in `STEPS` and nothing else; the database learns new kinds of journals when the service migrates.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from shared.pay.accounts import LedgerAccount

Family = Literal["pay", "payment", "return", "draw", "clawback", "transfer"]
"""Which journals of a month go into one entry of the general ledger."""

StatementFigure = Literal["earned", "prior_period", "held_or_released", "other"]
"""The figure at the head of a statement that a step is part of. They sum to what is paid."""

YearColumn = Literal["guaranteed", "adjusted", "drawn", "recovered", "clawed_back"]
"""The column of the year to date that a step adds to. What is earned, adjusted by hand or paid is summed from the
ledger alone.
"""

PayCode = Literal["draw", "guarantee"]
"""A code under which payroll hears of what a step adds to pay; everything else is commission."""


class Booking(NamedTuple):
    """A kind of journal. It moves a step's amount from the account that is credited to the one that is debited, less
    than nothing the other way.
    """

    kind: str
    debit: LedgerAccount
    credit: LedgerAccount
    family: Family


class Listing(NamedTuple):
    """A table of its own on a statement: its place among them, its heading and what the reader should know."""

    place: int
    heading: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A step of the pay.

    Args:
        name: as it is frozen with runs, and in files and the API.
        title, about: its row on a statement, and what that means to a reader who sees it for the first time.
        sentence: what it does, for `earnest pay --explain`. `{of}` is the component and deal, `{about}` the month it
            concerns where that is not the run's, `{rule}` what the word of the terms adds that made it.
        figure: None for what changes nothing payable.
        booking: how it is booked when the run is approved; None for what is booked already when the run looks at it, or
            stays where it is.
        changes_pay: False for what moves balances beside the pay: held pay that is lost by leaving, a draw's balance
            that is given up.
        year: the column of the year to date that it adds to.
        remembered: whether later runs count it as topped up or forfeited when they correct its pay period.
        pay_code: under which payroll hears of it, where it adds to the pay of its own month.
        listing: where each of its lines is shown with its reason, not only the sum.
        on_statement: False for what concerns only balances, which a statement shows by themselves.
    """

    name: str
    title: str
    about: str
    sentence: str
    figure: StatementFigure | None = "other"
    booking: Booking | None = None
    changes_pay: bool = True
    year: YearColumn | None = None
    remembered: Literal["topped", "forfeited"] | None = None
    pay_code: PayCode | None = None
    listing: Listing | None = None
    on_statement: bool = True


# Journals that no step of a run makes: the stream books earnings, people adjust, payroll takes or gives back, people
# change entities.
EARNING: Final = Booking("earning", debit="earned", credit="payable", family="pay")
ADJUSTMENT: Final = Booking("adjustment", debit="adjusted", credit="payable", family="pay")
PAYMENT: Final = Booking("payment", debit="payable", credit="paid", family="payment")
RETURN: Final = Booking("return", debit="paid", credit="payable", family="return")
# A transfer moves every balance of a participant, each against `intercompany`.
TRANSFER: Final = Booking("transfer", debit="payable", credit="intercompany", family="transfer")

# Two steps share a kind of journal where one undoes the other, or where the books do not care which of them it was.
_HOLD: Final = Booking("hold", debit="held", credit="payable", family="pay")
_GUARANTEE: Final = Booking("guarantee", debit="guaranteed", credit="payable", family="pay")
_CLAWBACK: Final = Booking("clawback", debit="clawback", credit="payable", family="clawback")

_IN_ORDER: Final = (
    Step(
        name="carried_in",
        title="Carried in from earlier runs",
        about="What earlier runs left unpaid, or paid too much",
        sentence="Carried in from the pay period before",
    ),
    Step(
        name="earnings",
        title="Earned",
        about="By your plan, deal by deal below",
        sentence="Earned",
        figure="earned",
    ),
    Step(
        name="prior_period",
        title="Changes to earlier months",
        about="Facts of earlier months changed after those were paid; listed below",
        sentence="Correction{about}",
        figure="prior_period",
        listing=Listing(
            1,
            "Changes to earlier months",
            "A month that was paid is not changed. What its deals earn differently since then is a difference of this "
            "run, under the plan that was in force in that month.",
        ),
    ),
    Step(
        name="hold",
        title="Held back for now",
        about="Earned, and paid when it is released; listed below",
        sentence="Held until it is due, {of}{about}",
        figure="held_or_released",
        booking=_HOLD,
        listing=Listing(6, "Held back in this run", "Earned, and not part of this payment yet."),
    ),
    Step(
        name="release",
        title="Released from hold",
        about="Held back earlier, paid now; listed below",
        sentence="Released, {of}{about}",
        figure="held_or_released",
        booking=_HOLD,
        listing=Listing(4, "Released from hold", "Held back in an earlier run and part of this payment."),
    ),
    Step(
        name="adjustment",
        title="Adjustments",
        about="Entered by a person; listed below with their reasons",
        sentence="Adjusted by hand{about}",
        listing=Listing(
            2, "Adjustments", "Each was entered by a person, with a reason; another person approves the run."
        ),
    ),
    Step(
        name="returned",
        title="Paid again",
        about="An earlier payment that did not reach you and came back",
        sentence="Given back by payroll, to be paid again",
    ),
    Step(
        name="lapse",
        title="Lost by leaving",
        about="Held back earlier, and not paid because you left before it was due",
        sentence="Held pay lost by leaving, {of}{about}",
        figure=None,
        # What is lost is an expense that was booked as `earned` and never becomes payable: `adjusted` takes it back.
        booking=Booking("lapse", debit="adjusted", credit="held", family="pay"),
        changes_pay=False,
        year="adjusted",
        on_statement=False,
    ),
    Step(
        name="dismissal",
        title="Clawbacks dismissed",
        about="Deals were lost, and this of their pay stays yours; listed below with the reasons",
        sentence="Stays with the participant although it was lost, {of}{about}",
        booking=Booking("dismissal", debit="guaranteed", credit="payable", family="pay"),
        year="guaranteed",
        listing=Listing(
            3,
            "Clawbacks dismissed",
            "What deals lost and is not taken back: by the age that a deal had when it was lost, or because an "
            "approver decided so.",
        ),
    ),
    Step(
        name="guarantee",
        title="Topped up to the guarantee",
        about="Your guaranteed pay, where you earned less",
        sentence="Guarantee{rule}{about}",
        booking=_GUARANTEE,
        year="guaranteed",
        remembered="topped",
        pay_code="guarantee",
    ),
    Step(
        name="minimum",
        title="Topped up to the minimum payment",
        about="The least that is paid, where less was due",
        sentence="Topped up to the minimum{rule}{about}",
        booking=_GUARANTEE,
        year="guaranteed",
        remembered="topped",
        pay_code="guarantee",
    ),
    Step(
        name="forfeit",
        title="Above the maximum payment",
        about="The most that is paid for a pay period; what is above it lapses",
        sentence="Lost above the maximum{rule}{about}",
        booking=Booking("forfeit", debit="adjusted", credit="payable", family="pay"),
        year="adjusted",
        remembered="forfeited",
    ),
    Step(
        name="draw",
        title="Draw paid in advance",
        about="To be recovered from later earnings beyond your draw",
        sentence="Advanced up to the draw{rule}",
        booking=Booking("draw", debit="draw", credit="payable", family="draw"),
        year="drawn",
        pay_code="draw",
    ),
    Step(
        name="recovery",
        title="Draw recovered",
        about="Earlier draws, from what is due to you beyond your draw",
        sentence="Taken back of what was advanced{rule}",
        booking=Booking("recovery", debit="draw", credit="payable", family="draw"),
        year="recovered",
    ),
    Step(
        name="forgiveness",
        title="Draw forgiven",
        about="A draw that you keep and that is no longer recovered",
        sentence="Balance of the draw given up",
        figure=None,
        # The advance was paid when it was made; giving it up turns what the participant owes into an expense.
        booking=Booking("forgiveness", debit="guaranteed", credit="draw", family="draw"),
        changes_pay=False,
        year="guaranteed",
        listing=Listing(
            5,
            "Draw forgiven",
            "You keep it, and it is no longer recovered from your pay. It is no part of this payment.",
        ),
    ),
    Step(
        name="receivable",
        title="Negative balance, recovered later",
        about="Less than nothing was due: nothing is taken from you now, later pay makes up for it",
        sentence="Becomes owed by the participant",
        booking=_CLAWBACK,
    ),
    Step(
        name="repayment",
        title="Earlier negative balance recovered",
        about="From what is due to you now",
        sentence="Taken from pay for what is owed",
        booking=_CLAWBACK,
        year="clawed_back",
    ),
    Step(
        name="write_off",
        title="Negative balance, borne by the company",
        about="Less than nothing was due, and it is not taken from you",
        sentence="Negative balance that the company bears",
        booking=Booking("write_off", debit="guaranteed", credit="payable", family="pay"),
        year="guaranteed",
    ),
    Step(
        name="carried_forward",
        title="Carried forward to the next run",
        about="Part of the next run",
        sentence="Carried to the next pay period",
    ),
)

STEPS: Final[Mapping[str, Step]] = MappingProxyType({step.name: step for step in _IN_ORDER})
"""The steps by name, in the order in which a statement shows them."""

BESIDE: Final = frozenset(step.name for step in _IN_ORDER if not step.changes_pay)
"""Steps that change nothing payable."""

BOOKINGS: Final[Mapping[str, Booking]] = MappingProxyType(
    {
        booking.kind: booking
        for booking in (
            EARNING,
            *(step.booking for step in _IN_ORDER if step.booking is not None),
            ADJUSTMENT,
            PAYMENT,
            RETURN,
            TRANSFER,
        )
    }
)
"""Every kind of journal."""

# Types of what is frozen, stored and answered are literal, so that unknown names are refused and schemas list the known
# ones. mypy needs them written out; they are data here, so that for mypy they are text.
if TYPE_CHECKING:
    StepName = str
    JournalKind = str
else:
    StepName = Literal[tuple(STEPS)]
    JournalKind = Literal[tuple(BOOKINGS)]
