"""Managers who report to themselves through others: where a chain of managers turns in a circle, it ends."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import NamedTuple

import polars as pl

from shared.kernel.remarks.remark import EVER, SHOWN, Remark


class Circle(NamedTuple):
    """Who reports to the next, and the last of them to the first, from a day to another; one alone is their own
    manager."""

    members: tuple[str, ...]
    since: date
    until: date


def reporting_circles(assignments: pl.DataFrame) -> Iterator[Remark]:
    """Everybody who is in a circle, in a table of assignments; each circle once for as long as it is closed."""
    for circle in _circles(assignments):
        chain = [*circle.members, circle.members[0]]
        shown = ", ".join(chain if len(chain) <= SHOWN + 1 else [*chain[:SHOWN], "and so on"])
        says = (
            f"From {circle.since} managers report in a circle: {shown}. The chain above a deal ends there, and nobody"
            " above is credited. Correct the manager of one of them."
        )
        for who in circle.members:
            yield Remark(
                kind="managers_in_a_circle", participant_id=who, says=says, since=circle.since, until=circle.until
            )


def _circles(assignments: pl.DataFrame) -> Iterator[Circle]:
    """The circles of a table of assignments, each once for as long as it is closed."""
    managers: dict[str, list[tuple[date, str | None]]] = {}
    for who, day, manager in (
        assignments.select("participant_id", "effective_from", "manager").sort("effective_from").iter_rows()
    ):
        managers.setdefault(who, []).append((day, manager))
    # Whatever the dates, nobody outside of this set can ever be in a circle; mostly it is empty, and days are not
    # looked at at all.
    suspects = _in_some_circle(managers)
    days = sorted({day for who in suspects for day, _ in managers[who]})
    open_since: dict[tuple[str, ...], date] = {}
    for day in days:
        now = set(_on(day, suspects, managers=managers))
        for members in open_since.keys() - now:
            yield Circle(members, open_since.pop(members), day - timedelta(days=1))
        for members in now:
            open_since.setdefault(members, day)
    yield from (Circle(members, since, EVER) for members, since in open_since.items())


def _in_some_circle(managers: dict[str, list[tuple[date, str | None]]]) -> set[str]:
    """Who could be in one, whatever the dates: whoever is left when those without managers, and those under them alone,
    are taken out."""
    above = {who: {manager for _, manager in rows if manager in managers} for who, rows in managers.items()}
    while gone := [who for who, bosses in above.items() if not bosses]:
        for who in gone:
            del above[who]
        out = set(gone)
        above = {who: bosses - out for who, bosses in above.items()}
    return set(above)


def _on(
    day: date, suspects: set[str], *, managers: dict[str, list[tuple[date, str | None]]]
) -> Iterator[tuple[str, ...]]:
    """The circles of a day, each beginning with its first member by name."""
    boss = {who: next((to for since, to in reversed(managers[who]) if since <= day), None) for who in suspects}
    seen: set[str] = set()
    for start in sorted(suspects):
        path: list[str] = []
        who: str | None = start
        while who is not None and who in boss and who not in seen:
            seen.add(who)
            path.append(who)
            who = boss[who]
        if who in path:
            circle = path[path.index(who) :]
            first = circle.index(min(circle))
            yield tuple(circle[first:] + circle[:first])
