"""How the readers of files want dates."""

from __future__ import annotations

from datetime import date
from typing import Literal

DatePattern = Literal["YYYY-MM-DD", "YYYYMMDD", "MM/DD/YYYY", "DD/MM/YYYY", "DD.MM.YYYY", "YYYY/MM/DD", "DD-MM-YYYY"]


def date_text(day: date, pattern: DatePattern) -> str:
    """The date in a pattern: `date_text(date(2026, 6, 30), "DD.MM.YYYY") == "30.06.2026"`."""
    parts = {"YYYY": f"{day.year:04}", "MM": f"{day.month:02}", "DD": f"{day.day:02}"}
    text: str = pattern
    for token, digits in parts.items():
        text = text.replace(token, digits)
    return text
