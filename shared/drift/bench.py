"""How many false alarms detection gives and how soon it finds a drift, over seeded series, with floors to hold.

A drift begins when the watched time has gone on for a while, as it would: 90 business days, 12 weeks, 6 months. Delays
are in values of the series. Everything is measured through `assess`, as the product uses it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Final

import numpy as np

from shared.calendars import CompanyCalendar
from shared.drift.bench_series import SORTS, Drift, Sort
from shared.drift.detection import assess
from shared.drift.expected import design
from shared.drift.series import Days, Direction, DriftSettings, Grain, Series

BEGINS_AFTER: Final = {Grain.DAY: 90, Grain.WEEK: 12, Grain.MONTH: 6, Grain.QUARTER: 2}
"""Values of the watched time before a drift begins."""
WITHIN: Final = {Grain.DAY: 60, Grain.WEEK: 12, Grain.MONTH: 6, Grain.QUARTER: 4}
"""Values within which a drift has to be found to count as found."""
RAMP: Final = {Grain.DAY: 60, Grain.WEEK: 12, Grain.MONTH: 6, Grain.QUARTER: 4}


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """What a detector says: on which day, and whether upwards."""

    day: np.datetime64
    upward: bool


Detector = Callable[[Series], Sequence[Alarm]]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """How a drift of one sort was found, over all seeds without an alarm in the watched time before it."""

    found: float
    """Share of them."""
    delay: float
    """Median, in values; of a drift that was not found infinite."""


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What was measured on a sort of series."""

    series: int
    years: float
    """Of all series together."""
    false_alarms: float
    """A year, of series without drift."""
    years_with_alarm: float
    """The share of watched years without drift that had an alarm."""
    findings: Mapping[str, Finding]


def drifts(onset: np.datetime64, grain: Grain) -> Mapping[str, Drift]:
    """The drifts of the bench, by name."""
    return {
        "step 1 sd": Drift(size=1.0, onset=onset),
        "step 2 sd": Drift(size=2.0, onset=onset),
        "fall 2 sd": Drift(size=-2.0, onset=onset),
        "ramp to 2 sd": Drift(size=2.0, onset=onset, over=RAMP[grain]),
    }


def detected(series: Series, settings: DriftSettings | None = None) -> list[Alarm]:
    """The alerts of the product."""
    return [
        Alarm(day=np.datetime64(alert.detected_on, "D"), upward=alert.direction is Direction.UP)
        for alert in assess(series, settings).alerts
    ]


def measure(sort: Sort, seeds: Sequence[int], *, detector: Detector = detected) -> Figures:
    """Let a detector loose on the series of a sort."""
    days = sort.seeded(0).dates
    watched = np.searchsorted(days, days[0] + np.timedelta64(round(sort.reference * 365.25), "D"))
    onset = days[min(watched + BEGINS_AFTER[sort.grain], len(days) - WITHIN[sort.grain] - 1)]
    begins = days[watched]
    alarms = [detector(sort.seeded(seed)) for seed in seeds]
    years = float((days[-1] - days[0]).astype(np.int64)) / 365.25 * len(seeds)
    findings = {}
    for name, drift in drifts(onset, sort.grain).items():
        delays = list(_delays(sort, seeds, drift=drift, detector=detector, begins=begins))
        inside = [delay for delay in delays if delay < WITHIN[sort.grain]]
        findings[name] = Finding(
            found=len(inside) / max(len(delays), 1), delay=float(np.median(delays)) if delays else np.inf
        )
    return Figures(
        series=len(seeds),
        years=years,
        false_alarms=sum(map(len, alarms)) / years,
        years_with_alarm=sum(any(alarm.day >= begins for alarm in each) for each in alarms) / len(seeds),
        findings=findings,
    )


def _delays(
    sort: Sort, seeds: Sequence[int], *, drift: Drift, detector: Detector, begins: np.datetime64
) -> Iterator[float]:
    """Of each seed how many values after the onset the drift was found in its direction."""
    for seed in seeds:
        series = sort.seeded(seed, drift)
        alarms = detector(series)
        if any(begins <= alarm.day < drift.onset for alarm in alarms):
            continue
        found = [alarm.day for alarm in alarms if alarm.day >= drift.onset and alarm.upward == (drift.size > 0)]
        first = np.searchsorted(series.dates, drift.onset)
        yield float(np.searchsorted(series.dates, found[0]) - first) if found else np.inf


def textbook(series: Series) -> list[Alarm]:
    """What detection is held against: differences from a calendar that was fitted to the first two years, means of
    weeks, and a CUSUM with slack 0.5 and limit 5; the first alarm.
    """
    values, days = np.log(series.values), series.dates
    plan = design(days.astype(np.int64).tobytes(), series.grain, calendar=CompanyCalendar())
    reference = int(np.searchsorted(days, days[0] + np.timedelta64(731, "D")))
    rows = plan.rows[:, ~plan.dropped[-1]]
    effects, *_ = np.linalg.lstsq(rows[:reference], values[:reference], rcond=None)
    sizes = np.diff(np.append(plan.blocks, len(values)))
    means = np.add.reduceat(values - rows @ effects, plan.blocks) / sizes
    first = int(np.searchsorted(plan.blocks, reference))
    standard = means / means[:first].std(ddof=1)
    up = down = 0.0
    for block in range(first, len(means)):
        up, down = max(0.0, up + standard[block] - 0.5), max(0.0, down - standard[block] - 0.5)
        if max(up, down) > 5:
            return [Alarm(day=_last(days, plan.blocks, block=block), upward=up > down)]
    return []


def _last(days: Days, blocks: np.ndarray, *, block: int) -> np.datetime64:
    """The last day of a block."""
    end = blocks[block + 1] if block + 1 < len(blocks) else len(days)
    day: np.datetime64 = days[end - 1]
    return day


INCENTIVE: Final = ("incentive", "incentive AR .3")
"""The sorts that detection is held against the textbook on."""


def bench(series: int, *, others: int) -> Iterator[tuple[str, Figures]]:
    """The figures of each sort, on so many series of the incentive KPI and so many of others; and the textbook's."""
    for name, sort in SORTS.items():
        yield name, measure(sort, range(series if name in INCENTIVE else others))
        if name in INCENTIVE:
            yield f"{name}, textbook", measure(sort, range(series), detector=textbook)


MOST_YEARS: Final = {"incentive": 0.14, "incentive AR .3": 0.21}
"""Of watched years without drift those that may have an alarm: as many as the best published of the textbook has."""
LATEST: Final = {"step 1 sd": 14.0, "step 2 sd": 9.0, "fall 2 sd": 9.0, "ramp to 2 sd": 31.0}
"""Median delays on the incentive KPI with independent noise, in business days."""
MOST_FALSE_ALARMS: Final = 0.35
"""A year, of any other sort; on few series more by two standard errors of their number."""
HARD: Final = frozenset({"uneven ends", "wandering", "incentive AR .6", "persistent", "wider", "plain, a quarter"})
"""Sorts whose noise cannot be told from a drift so soon, or with so few false alarms: they are measured, and that is
what they have."""


def broken(name: str, figures: Figures) -> Iterator[str]:
    """The floors that the figures of a sort do not hold, in words."""
    if name.endswith("textbook") or name in HARD:
        return
    if name in MOST_YEARS and figures.years_with_alarm > MOST_YEARS[name]:
        yield f"{name}: {figures.years_with_alarm:.2f} of years with a false alarm, at most {MOST_YEARS[name]:.2f}"
    by_chance = 2 * sqrt(MOST_FALSE_ALARMS / figures.years)
    if name not in MOST_YEARS and figures.false_alarms > MOST_FALSE_ALARMS + by_chance:
        yield f"{name}: {figures.false_alarms:.2f} false alarms a year, at most {MOST_FALSE_ALARMS:.2f}"
    if name == "incentive":
        for drift, latest in LATEST.items():
            if figures.findings[drift].delay > latest:
                yield f"{name}, {drift}: found after {figures.findings[drift].delay:.0f} values, at most {latest:.0f}"
