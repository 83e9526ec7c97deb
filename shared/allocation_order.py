"""To which deals a payment by account goes that names none and equals none: a word of commands, files and contracts."""

from __future__ import annotations

from typing import Final, Literal, get_args

Order = Literal["oldest_first", "newest_first", "exact_only"]
"""To those that closed first, those that closed last, or none."""
ORDERS: Final[tuple[Order, ...]] = get_args(Order)
