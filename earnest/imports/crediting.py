"""Whom an import credits, before any pay: by its own roster, deals and plans, as `earnest calc` would."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from earnest.files.world import read_world
from shared.kernel import PlanSet, credit
from shared.kernel.reasons import in_words


@dataclass(frozen=True)
class Missed:
    """A reason for which deals, or shares of them, credit nobody: how many there are, and the first with the reason in words."""

    reason: str
    deals: int
    first: str
    message: str


@dataclass(frozen=True)
class Crediting:
    """How many of the deals are won, how many of these credit somebody, and why the others do not, the most frequent reason first."""

    won: int
    credited: int
    missed: list[Missed]

    @property
    def nobody(self) -> bool:
        """Whether not one deal credits anybody; a deal that only waits for the date of its credit is no miss."""
        return self.credited == 0 and bool(self.missed)


def crediting(deals: Path, roster: Path, plans: PlanSet) -> Crediting:
    """What the written files of an import come to.

    Raises:
        FileError: a file cannot be read.
    """
    world = read_world(deals, roster, plans)
    found = credit(world.deals, world.roster, plans)
    by_reason: dict[str, list[tuple[str, str | None, str | None]]] = defaultdict(list)
    for deal, who, reason, about in found.uncredited.sort("deal_id", "participant_id").iter_rows():
        by_reason[reason].append((deal, who, about))
    missed = [
        Missed(reason, len({deal for deal, _, _ in rows}), rows[0][0], in_words(reason, rows[0][2], rows[0][1]))
        for reason, rows in by_reason.items()
    ]
    won = world.deals.filter(stage="won").height
    credited = found.credits["deal_id"].n_unique()
    return Crediting(won, credited, sorted(missed, key=lambda each: (-each.deals, each.reason)))
