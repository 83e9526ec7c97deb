"""The sums as evaluation looks at them: of each KPI, currency and segment the days on which there are some."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import accumulate
from typing import Final, NamedTuple, TypeAlias

from services.alerts.kpis import Catalogue, WatchedKpi
from services.alerts.kpis.model import Kpi

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
    levels: Sequence[tuple[date, Levels]]

    def between(self, key: str, first: date, *, last: date) -> int:
        """A sum over the days from the first to the last."""
        running = self.running.get(key)
        if running is None:
            return 0
        before, until = bisect_left(self.days, first), bisect_right(self.days, last)
        return (running[until - 1] if until else 0) - (running[before - 1] if before else 0)

    def levels_between(self, first: date, last: date) -> Sequence[tuple[date, Levels]]:
        """The counts by level of the days from the first to the last."""
        days = [day for day, _ in self.levels]
        return self.levels[bisect_left(days, first) : bisect_right(days, last)]


def courses(placed: Iterable[Placed], catalogue: Catalogue) -> dict[str, dict[Where, Course]]:
    """The courses of all KPIs of the plan, by place; of segments the largest by observations, the rest as one."""
    by_kpi: dict[str, dict[Where, dict[date, dict[str, int]]]] = {
        kpi.name: defaultdict(lambda: defaultdict(dict)) for kpi in catalogue.kpis
    }
    by_currency = {watched.kpi.name: watched.sums.by_currency for watched in catalogue.plan}
    for day, where, sums in placed:
        for key, value in sums.items():
            name = key.partition(".")[0]
            if name not in by_currency or (
                where.dimension and where.dimension not in catalogue.by_name[name].kpi.segments
            ):
                continue  # of a catalogue before this one
            if not by_currency[name]:
                at = where._replace(currency="")
            elif where.currency:
                at = where
            else:
                continue  # an amount without a currency is none of any
            held = by_kpi[name][at][day]
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
        sizes = {where: _size(watched.kpi, by_place[where]) for where in places}
        largest = sorted(places, key=lambda where: (-sizes[where], where.segment))
        kept |= {where._replace(segment=where.segment or BLANK): by_place[where] for where in largest[:MOST_SEGMENTS]}
        if rest := largest[MOST_SEGMENTS:]:
            kept[Where(currency, dimension, OTHER)] = _together(by_place[where] for where in rest)
    return kept


def _size(kpi: Kpi, days: Mapping[date, Sums]) -> int:
    counts = f"{kpi.name}.observations" if kpi.observations is not None else f"{kpi.name}.denominator"
    keys = (counts, f"{kpi.name}.value@")
    return sum(value for sums in days.values() for key, value in sums.items() if key.startswith(keys))


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
    levels = [(day, {key.partition("@")[2]: value for key, value in by_day[day].items() if "@" in key}) for day in days]
    return Course(days, running, [(day, counted) for day, counted in levels if counted])
