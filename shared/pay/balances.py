"""Where participants stand before a run: what is new, what was adjusted, and what earlier runs left."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import NamedTuple, TypeAlias

from shared.pay.settlement import SettledPeriod
from shared.pay.terms.losses import LossRecord, LostLineKey
from shared.periods import Month

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
    corrected: tuple[str, ...]


class CarriedState(NamedTuple):
    """What the last run, which booked in `month`, left a participant in a currency.

    `carried` is what it left payable, `settled` the pay periods as they are known by it. `uncleared` are the runs in a
    row, up to the last, that left something to a later one: carried forward, advanced, or owed. Whoever set what those
    paid has a hand in what the next one pays. `cleared` is where that row begins: how many journals the last run before
    them had looked at, and the month it booked in.
    """

    carried: int
    settled: Mapping[str, SettledPeriod]
    dismissed: Mapping[LostLineKey, LossRecord]
    run: str = ""
    month: Month = Month("")
    uncleared: tuple[UnclearedRun, ...] = ()
    cleared: tuple[int, str] = (0, "")
