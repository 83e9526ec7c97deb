"""Who was ever below whom in the chain of managers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from shared.kernel import Roster


def with_everyone_below(participants: Iterable[str], *rosters: Roster) -> set[str]:
    """The participants and everyone who was below them in the chain of managers, on any date in any of the rosters."""
    return below(participants, reports_of(rosters))


def reports_of(rosters: Iterable[Roster]) -> Mapping[str, set[str]]:
    """manager -> who ever reported to them."""
    reports: dict[str, set[str]] = defaultdict(set)
    for roster in rosters:
        for participant, manager in roster.assignments.select("participant_id", "manager").unique().iter_rows():
            if manager is not None:
                reports[manager].add(participant)
    return reports


def below(participants: Iterable[str], reports: Mapping[str, set[str]]) -> set[str]:
    """The participants, and whoever reports to them directly or through others."""
    found = set(participants)
    level = found
    while level:
        # Without those that are found already, so that people who were managers of each other at different times end
        # it.
        level = set().union(*(reports.get(one, set()) for one in level)) - found
        found = found | level
    return found
