"""Who sells for the company when, as its roster says. A file of it is named by the day on which HR sends it."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TypeAlias

RosterRow: TypeAlias = Mapping[str, str]
"""A line of a roster file, by column; a blank cell leaves what an earlier row said."""

SELLING = ("rep", "senior-rep")
"""The plans of those who sell; managers and the director do not."""


@dataclass(frozen=True, kw_only=True)
class Seller:
    """Somebody who sells on a day: where, on which plan, and since when they are with the company."""

    participant_id: str
    territory: str
    plan: str
    manager: str
    since: date


def roster_rows(path: Path) -> list[RosterRow]:
    """The rows of a roster file."""
    with path.open(encoding="utf-8", newline="") as text:
        return list(csv.DictReader(text))


class People:
    """The roster on any day, with what a blank cell leaves as it was."""

    def __init__(self, rows: Iterable[RosterRow]) -> None:
        """The rows hold by effective date, in whatever order they come."""
        self._rows: dict[str, list[tuple[date, dict[str, str]]]] = {}
        for row in rows:
            since = date.fromisoformat(row["effective_from"])
            given = {name: cell for name, cell in row.items() if cell}
            self._rows.setdefault(row["participant_id"], []).append((since, given))
        for of_one in self._rows.values():
            of_one.sort(key=lambda row: row[0])

    @staticmethod
    def of_files(files: Iterable[Path]) -> People:
        """The roster of the files."""
        return People(row for path in sorted(files) for row in roster_rows(path))

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
                        manager=state["manager"],
                        since=self._rows[participant_id][0][0],
                    )
                )
        return sellers
