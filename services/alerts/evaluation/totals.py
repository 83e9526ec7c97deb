"""The sums as evaluation looks at them: of each KPI, currency and segment the days on which there are some."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import accumulate
from typing import Final, NamedTuple, TypeAlias

from services.alerts.kpis import Catalogue, WatchedKpi

MOST_SEGMENTS: Final = 50
OTHER: Final = "other"
"""The segments beyond the largest."""
BLANK: Final = "none"
"""What says nothing of a dimension."""

Sums: TypeAlias = Mapping[str, int]
Levels: TypeAlias = dict[str, int]


class Where(NamedTuple):
    """What of a KPI is looked at. Empty: the currency of the whole company, dimension and segment of all."""

    currency: str = ""
    dimension: str = ""
    segment: str = ""


class Placed(NamedTuple):
    """The sums of a date at a place."""

    day: date
    where: Where
    sums: Sums


@dataclass(frozen=True, slots=True)
class Course:
    """The sums of a KPI at a place, by day: of each key what was added up to the end of each day."""

    days: Sequence[date]
    running: Mapping[str, Sequence[int]]
    levels: Mapping[str, Sequence[tuple[date, Levels]]]

    def between(self, key: str, first: date, *, last: date) -> int:
        """A sum over the days from the first to the last."""
        running = self.running.get(key)
        if running is None:
            return 0
        before, until = bisect_left(self.days, first), bisect_right(self.days, last)
        return (running[until - 1] if until else 0) - (running[before - 1] if before else 0)

    def levels_between(self, key: str, first: date, *, last: date) -> Sequence[tuple[date, Levels]]:
        """The counts by level of the days from the first to the last."""
        levels = self.levels.get(key, ())
        days = [day for day, _ in levels]
        return levels[bisect_left(days, first) : bisect_right(days, last)]

    def levels_within(self, key: str, first: date, *, last: date) -> dict[int, int]:
        """How often each level was counted over these days together, of those that were."""
        return together(self.levels_between(key, first, last=last))


def together(levels: Iterable[tuple[date, Levels]]) -> dict[int, int]:
    """How often each level was counted over some days together, of those that were, in ascending order."""
    counted: Counter[int] = Counter()
    for _, of_day in levels:
        for level, count in of_day.items():
            counted[int(level)] += count
    return {level: count for level, count in sorted(counted.items()) if count > 0}


def courses(placed: Iterable[Placed], catalogue: Catalogue) -> dict[str, dict[Where, Course]]:
    """The courses of all KPIs of the plan, by place; of segments the largest by observations, the rest as one."""
    by_kpi: dict[str, dict[Where, dict[date, dict[str, int]]]] = {
        kpi.name: defaultdict(lambda: defaultdict(dict)) for kpi in catalogue.kpis
    }
    # Whose sum each is: several KPIs may look at one.
    whose: dict[str, list[WatchedKpi]] = defaultdict(list)
    for watched in catalogue.plan:
        for name in {each.key for each in watched.sums}:
            whose[name].append(watched)
    for day, where, sums in placed:
        for key, value in sums.items():
            for watched in whose.get(key.partition("@")[0], ()):  # none: of a catalogue before this one
                if where.dimension not in ("", *watched.kpi.segments):
                    continue
                at = where if watched.sums.by_currency else where._replace(currency="")
                if watched.sums.by_currency and not where.currency:
                    continue  # an amount without a currency is none of any
                held = by_kpi[watched.kpi.name][at][day]
                held[key] = held.get(key, 0) + value
    return {
        watched.kpi.name: {where: _course(days) for where, days in _bounded(watched, by_kpi[watched.kpi.name]).items()}
        for watched in catalogue.plan
    }


def _bounded(
    watched: WatchedKpi, by_place: Mapping[Where, Mapping[date, dict[str, int]]]
) -> dict[Where, Mapping[date, dict[str, int]]]:
    """The places with the largest segments; the others of a dimension and currency are one, blank ones are named."""
    kept: dict[Where, Mapping[date, dict[str, int]]] = {}
    segments: dict[tuple[str, str], list[Where]] = defaultdict(list)
    for where, days in by_place.items():
        if where.dimension:
            segments[where.currency, where.dimension].append(where)
        else:
            kept[where] = days
    for (currency, dimension), places in segments.items():
        sizes = {where: _size(watched, by_place[where]) for where in places}
        largest = sorted(places, key=lambda where: (-sizes[where], where.segment))
        kept |= {where._replace(segment=where.segment or BLANK): by_place[where] for where in largest[:MOST_SEGMENTS]}
        if rest := largest[MOST_SEGMENTS:]:
            kept[Where(currency, dimension, OTHER)] = _together(by_place[where] for where in rest)
    return kept


def _size(watched: WatchedKpi, days: Mapping[date, Sums]) -> int:
    sums = watched.sums
    counts = sums.observations or sums.denominator or sums.numerator
    return sum(
        value for of_day in days.values() for key, value in of_day.items() if key.partition("@")[0] == counts.key
    )


def _together(many: Iterable[Mapping[date, Sums]]) -> dict[date, dict[str, int]]:
    whole: dict[date, dict[str, int]] = {}
    for days in many:
        for day, sums in days.items():
            held = whole.setdefault(day, {})
            for key, value in sums.items():
                held[key] = held.get(key, 0) + value
    return whole


def _course(by_day: Mapping[date, Sums]) -> Course:
    days = sorted(by_day)
    keys = {key for sums in by_day.values() for key in sums if "@" not in key}
    running = {key: list(accumulate(by_day[day].get(key, 0) for day in days)) for key in keys}
    levels: dict[str, list[tuple[date, Levels]]] = defaultdict(list)
    for day in days:
        of_day: dict[str, Levels] = defaultdict(dict)
        for key, value in by_day[day].items():
            name, at, level = key.partition("@")
            if at:
                of_day[name][level] = value
        for name, counted in of_day.items():
            levels[name].append((day, counted))
    return Course(days, running, levels)
