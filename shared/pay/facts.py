"""Everything that pay depends on, as plain facts: what was earned, decided and agreed, and what is known of people and
deals.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal, NamedTuple

from shared.pay.calendars.policy import PayGroup
from shared.pay.deal_facts import DealHistory
from shared.pay.people import Person
from shared.pay.snapshot import PayKey
from shared.pay.terms.policy import PaymentTerms
from shared.pay.terms.words.release import DatedAmount, Hold
from shared.periods import Month


class Entry(NamedTuple):
    """Something that became payable, in minor units: earned, adjusted by hand, or given back by payroll.

    Args:
        period: the month it is about.
        day: earned: the day it counts from. Else the day on which it was decided.
        known_from: the day from which it is known; None: with its month.
    """

    kind: Literal["earning", "adjustment", "return"]
    participant_id: str
    currency: str
    period: Month
    amount: int
    day: date
    known_from: date | None = None
    component: str = ""
    plan: str = ""
    version: int = 1
    deal_id: str | None = None


class Deal(NamedTuple):
    """What is known of a deal, in units of its own; `fact` is None where it does not say when it was closed. `is_lost`:
    it says that it is, perhaps without a date."""

    amount: int | None = None
    payments: Sequence[DatedAmount] = ()
    refunds: Sequence[DatedAmount] = ()
    started_on: date | None = None
    fact: DealHistory | None = None
    is_lost: bool = False


class OffCycle(NamedTuple):
    """A run in between, as of a day, over some participants or all."""

    day: date
    participants: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PayFacts:
    """Everything that pay depends on. `holds` and `excused` come with the day from which they are known; the three
    balances are what there was before the first run.
    """

    groups: Sequence[PayGroup]
    terms: Callable[[date], list[PaymentTerms]]
    entries: Sequence[Entry]
    people: Mapping[str, Person]
    deals: Mapping[str, Deal] = field(default_factory=dict)
    holds: Sequence[tuple[date, Hold]] = ()
    excused: Sequence[tuple[date, str, str]] = ()
    off_cycle: Sequence[OffCycle] = ()
    carried: Mapping[PayKey, int] = field(default_factory=dict)
    draw: Mapping[PayKey, int] = field(default_factory=dict)
    receivable: Mapping[PayKey, int] = field(default_factory=dict)
