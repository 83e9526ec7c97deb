"""Where participants stand before a run: what is new, what was adjusted, and what earlier runs left."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import NamedTuple, TypeAlias

from shared.pay.settlement import Settled
from shared.pay.terms.clawback import Remembered

Owed: TypeAlias = tuple[str, str]
"""A participant and a currency."""


class Fresh(NamedTuple):
    """Something payable that no run has looked at: about which month, and whether a person adjusted it or payroll gave it back."""

    origin: str
    kind: str
    amount: int


class Adjusted(NamedTuple):
    """A manual adjustment: its id, what it adds to pay in minor units, and its author's words for why."""

    id: str
    amount: int
    reason: str


class Leaving(NamedTuple):
    """A run, the last day of its pay period, and the closed months that it corrected."""

    run: str
    ends: date
    corrected: tuple[str, ...]


class Left(NamedTuple):
    """What the last run, which booked in `month`, left a participant in a currency: to be carried, and the pay periods as it settled
    them, newest knowledge; `leaving` are the runs in a row, up to the last, that left something to a later one: carried forward,
    advanced, or owed; `clear` are the journals that the last one before them had looked at, and the month it booked in.
    """

    carried: int
    settled: Mapping[str, Settled]
    dismissed: Mapping[tuple[str, str, str], Remembered]
    run: str = ""
    month: str = ""
    leaving: tuple[Leaving, ...] = ()
    clear: tuple[int, str] = (0, "")
