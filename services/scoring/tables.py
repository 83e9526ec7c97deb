"""Which tables of scoring are chained."""

from __future__ import annotations

from typing import Final

CHAIN: Final = "scoring"
CHAINED: Final = ("quarantine", "lost_credit", "lost_holder", "taken_back", "dead_letter")
"""Tables whose rows are noted in the chain: what was set aside, and the histories that say who had a hand in pay. The
others follow from the log, and `verify` makes them again.
"""
