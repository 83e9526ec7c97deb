"""Fernhill Instruments, the demo company: forty people who sell for eighteen months, generated from a seed, the same
bytes every time.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).resolve().parents[2] / "examples" / "demo"
"""The company's roster, plans and source, and a page about it."""

SEED: Final = 20250101
FIRST_DAY: Final = date(2025, 1, 1)
LAST_DAY: Final = date(2026, 6, 30)
