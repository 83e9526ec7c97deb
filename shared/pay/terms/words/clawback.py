"""The word `clawback`: what of a deal's pay is taken back when the deal is lost later, by its age. The rest is
dismissed.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Final

from dateutil.relativedelta import relativedelta
from pydantic import Field, model_validator

from shared.formatting import percent
from shared.pay.policy import PolicyPart
from shared.pay.terms.words.base import Share, Word


class ClawbackStep(PolicyPart):
    """What is taken back while the deal is no older than this."""

    within_months: Annotated[int, Field(ge=1, le=600)]
    """The age of the deal in months, up to and including."""
    take_back: Share
    """How much of what the deal earned is taken back."""


class Clawback(PolicyPart):
    """What is taken back of a deal that is cancelled or refunded later. Without these words: all of it, however old the
    deal.
    """

    steps: tuple[ClawbackStep, ...] = ()
    """Windows by age, shortest first; beyond the last nothing is taken back."""
    prorated_over_months: Annotated[int, Field(ge=1, le=600)] | None = None
    """Taken back in proportion to the months that are missing: after 6 of 12, half."""

    @model_validator(mode="after")
    def _one_schedule_in_order(self) -> Clawback:
        if bool(self.steps) == (self.prorated_over_months is not None):
            raise ValueError("say either steps or prorated_over_months")
        ages = [step.within_months for step in self.steps]
        if ages != sorted(set(ages)):
            raise ValueError("write the steps by age, the shortest first, each age once")
        return self


def taken_back(schedule: Clawback | None, since: date, *, lost_on: date) -> Fraction:
    """Which part of what a deal earned is taken back when it is lost on a date.

    Args:
        schedule: by age of the deal; None: everything, whatever the age.
        since: where the age begins: the start of the contract, or where it is not known the closing of the deal.
        lost_on: the day of the cancellation or refund.
    """
    if schedule is None:
        return Fraction(1)
    if schedule.prorated_over_months is not None:
        whole = schedule.prorated_over_months
        return Fraction(max(0, whole - _whole_months(since, lost_on)), whole)
    # The window includes its last day: twelve months from 15 January end on 15 January.
    for step in schedule.steps:
        if lost_on <= since + relativedelta(months=step.within_months):
            return Fraction(step.take_back)
    return Fraction(0)


def _whole_months(since: date, lost_on: date) -> int:
    # A deal that is lost before its contract starts is no month old.
    age = relativedelta(max(since, lost_on), since)
    return age.years * 12 + age.months


def age_in_words(schedule: Clawback | None, since: date, *, lost_on: date) -> str:
    """`taken_back` in words: `after 2 of 12 months from 2026-04-02: 10/12 of it is taken back`."""
    back = taken_back(schedule, since, lost_on=lost_on)
    if schedule is not None and (whole := schedule.prorated_over_months) is not None:
        gone = min(whole, _whole_months(since, lost_on))
        return f"after {gone} of {whole} months from {since}: {whole - gone}/{whole} of it is taken back"
    share = percent(Decimal(back.numerator) / back.denominator)  # exact: without a proration it is a rate of the terms
    return f"of a deal that began on {since}: {share} of it is taken back"


CLAWBACK: Final[Word[Clawback | None]] = Word(
    name="clawback",
    type=Clawback,
    about="What is taken back of a deal that is lost after it was paid.",
    place=7,
    absent=None,
)
WORD: Final = CLAWBACK
