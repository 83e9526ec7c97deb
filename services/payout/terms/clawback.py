"""What of a lost deal's pay is taken back, and what is dismissed because of the deal's age."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

from dateutil.relativedelta import relativedelta

from services.payout.terms.policy import Clawback, part


def taken_back(schedule: Clawback | None, since: date, lost_on: date) -> Fraction:
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
        age = relativedelta(max(since, lost_on), since)
        return Fraction(max(0, whole - (age.years * 12 + age.months)), whole)
    for step in schedule.steps:
        if lost_on <= since + relativedelta(months=step.within_months):
            return Fraction(step.take_back)
    return Fraction(0)


def dismissed(lost: int, schedule: Clawback | None, since: date, lost_on: date) -> int:
    """How much of `lost`, what the deal earned and no longer does, in minor units, stays with the participant."""
    return lost - part(lost, taken_back(schedule, since, lost_on)) if lost > 0 else 0
