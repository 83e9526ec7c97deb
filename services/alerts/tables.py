"""What the tables of all features share. Each feature has its own `tables.py`."""

from __future__ import annotations

from typing import Final

from sqlalchemy import MetaData

METADATA = MetaData()

CHAIN: Final = "alerts"
CHAINED: Final = ("alert_act", "mute", "proposal", "dead_letter")
"""Tables whose rows are noted in the chain: what people did about alerts and decided of proposals, and what was not
counted. The others follow from the log, and `verify` counts it again.
"""
