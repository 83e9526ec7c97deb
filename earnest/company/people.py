"""Who sells for the company when, as its roster files say. A file is named by the day on which HR sends it."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

SELLING = ("rep", "senior-rep")
"""The plans of those who sell; managers and the director do not."""


@dataclass(frozen=True, kw_only=True)
class Seller:
    """Somebody who sells on a day: where, on which plan, and since when they are with the company."""

    participant_id: str
    territory: str
    plan: str
    since: date


class People:
    """The roster on any day, with what a blank cell leaves as it was."""

    def __init__(self, files: Iterable[Path]) -> None:
        """Read the files; their rows hold by effective date, whichever file they come in."""
        self._rows: dict[str, list[tuple[date, dict[str, str]]]] = {}
        for path in sorted(files):
            with path.open(encoding="utf-8", newline="") as text:
                for row in csv.DictReader(text):
                    since = date.fromisoformat(row["effective_from"])
                    given = {name: cell for name, cell in row.items() if cell}
                    self._rows.setdefault(row["participant_id"], []).append((since, given))
        for rows in self._rows.values():
            rows.sort(key=lambda row: row[0])

    @property
    def ids(self) -> list[str]:
        """Everybody there ever was."""
        return sorted(self._rows)

    def on(self, participant_id: str, day: date) -> dict[str, str] | None:
        """The attributes of a participant in force on a day; None before their first and after their last."""
        # Row upon row: a blank cell leaves what an earlier row said, as it does for ingest.
        state: dict[str, str] = {}
        for since, given in self._rows[participant_id]:
            if since <= day:
                state |= given
        return state if state and state.get("active", "yes") == "yes" else None

    def sellers(self, day: date) -> list[Seller]:
        """Everybody who sells on a day, by id."""
        sellers = []
        for participant_id in self.ids:
            state = self.on(participant_id, day)
            if state is not None and state["plan"] in SELLING:
                sellers.append(
                    Seller(
                        participant_id=participant_id,
                        territory=state["territory"],
                        plan=state["plan"],
                        since=self._rows[participant_id][0][0],
                    )
                )
        return sellers
