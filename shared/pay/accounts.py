"""The accounts of pay. Debits are positive; README.md beside this says what each means."""

from __future__ import annotations

from typing import Final, Literal

LedgerAccount = Literal[
    "earned", "adjusted", "guaranteed", "held", "payable", "draw", "clawback", "paid", "intercompany"
]
"""Where postings go. `intercompany` stands between two entities of the company; all others are of a participant with
one entity.

The database checks them by name (services/payout/migrations): a new account changes the equation that the ledger keeps,
a new step does not.
"""

EXPENSES: Final = frozenset[LedgerAccount]({"earned", "adjusted", "guaranteed"})
"""What pay costs the company, for good. Everything else is a balance that goes on."""

OF_A_COMPONENT: Final = frozenset[LedgerAccount]({"earned", "held"})
"""Accounts whose postings say for which component of which plan they are; no other may."""
