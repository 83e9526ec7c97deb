"""The steps of pay, and the journal each is booked by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

LedgerAccount = Literal[
    "earned", "adjusted", "guaranteed", "held", "payable", "draw", "clawback", "paid", "intercompany"
]


JournalKind = Literal[
    "earning",
    "hold",
    "lapse",
    "dismissal",
    "draw",
    "recovery",
    "guarantee",
    "forfeit",
    "forgiveness",
    "write_off",
    "clawback",
    "adjustment",
    "payment",
    "return",
    "transfer",
]


BOOKED: Final[Mapping[str, tuple[JournalKind, LedgerAccount]]] = {
    "hold": ("hold", "held"),
    "release": ("hold", "held"),
    "dismissal": ("dismissal", "guaranteed"),
    "guarantee": ("guarantee", "guaranteed"),
    "minimum": ("guarantee", "guaranteed"),
    "forfeit": ("forfeit", "adjusted"),
    "draw": ("draw", "draw"),
    "recovery": ("recovery", "draw"),
    "receivable": ("clawback", "clawback"),
    "repayment": ("clawback", "clawback"),
    "write_off": ("write_off", "guaranteed"),
}
"""The journal of a step, and the account against which it changes what is payable. Other steps are booked when they happen."""
