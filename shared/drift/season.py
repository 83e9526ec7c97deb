"""Which changes are none: the season that is not known yet, the one that comes back, and a level that came before.

In a first year a step and a yearly wave both move the values; a step at once, and a wave slowly. The likelihood of all
values so far under each says which it is, each with a prior for its size (Bayes factor).

A season with edges, such as an August of holidays, is a change when it is first seen, and is set aside. When the same
days of the next year are as far out, in the same direction, both are learned from; of quarters it takes two.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from shared.calendars import CompanyCalendar
from shared.drift.expected import FREE, Counts, Flags
from shared.drift.fits import Frame
from shared.drift.series import Days, Floats, Grain

STEP: Final = 2.0
"""The width of the prior of a step, in long-run standard deviations of the noise."""
MARGIN: Final = 3.5
"""By how much the logarithm of the evidence for a step has to be greater."""
LONGEST: Final = 4.2
"""Periods of the fiscal year that a season has at most; in a first year, when nobody knows which level is the usual
one, as many as leave some of the other."""
LONGEST_UNSEEN: Final = 10.5
NEAR: Final = {Grain.DAY: 0.1, Grain.WEEK: 0.25}
"""Periods by which an edge is taken to have been missed: it is that of a period, if one is so near."""
CYCLES: Final = ((12, 1), (3, 2))
"""After how many periods a season comes back, and as often it has to have been there before."""
YEAR_BEFORE: Final = {
    Grain.DAY: (364, 357, 371),
    Grain.WEEK: (364, 357, 371),
    Grain.MONTH: (366,),
    Grain.QUARTER: (366,),
}
"""Days to the same time of the year before, which may have come a week sooner or later."""
SAME_TIME: Final = 3
"""In days: months and quarters are not as long as those of the year before."""


def may_be_season(frame: Frame, values: Floats, *, used: Flags, onset: int, alarm: int) -> bool:
    """Whether what changed at an onset and is an alarm now is explained as well by a season; `values` in long-run
    standard deviations of their noise.
    """
    design = frame.design
    block = int(design.block[alarm])
    if design.season is None or design.decided[design.block[onset]]:
        return False
    places = np.flatnonzero(used[: alarm + 1])
    rows, seen = frame.rows[places], values[places]
    steps = rows.shape[1] - design.rows.shape[1]
    without = np.append(np.where(design.season > 0, 0.0, design.widths[block]), np.full(steps, 1e3))
    wave = np.append(np.where(design.season > 0, design.season, design.widths[block]), np.full(steps, 1e3))
    after = (places >= onset).astype(np.float64)[:, None]
    step = _evidence(np.concatenate([rows, after], axis=1), seen, widths=np.append(without, STEP))
    return step < _evidence(rows, seen, widths=wave) + MARGIN


def _evidence(rows: Floats, values: Floats, *, widths: Floats) -> float:
    """The logarithm of the likelihood of values with noise 1 and effects with normal priors, but for a constant."""
    scaled = rows * widths
    inner = np.eye(scaled.shape[1]) + scaled.T @ scaled
    moments = scaled.T @ values
    return float(0.5 * moments @ np.linalg.solve(inner, moments) - 0.5 * np.linalg.slogdet(inner)[1])


def earlier_step(frame: Frame, values: Floats, *, used: Flags, onset: int, alarm: int, apart: int) -> int | None:
    """The place in a first year from which on another level explains what is known better than a change at an onset
    does, so many places later at least: it was learned from as a season or a trend that then did not come.
    """
    design = frame.design
    block = int(design.block[alarm])
    places = np.flatnonzero(used[: alarm + 1])
    rows, seen = frame.rows[places], values[places]
    first = design.blocks[(frame.learned > 0) & ~design.decided & (design.blocks <= onset - apart)]
    if design.season is None or not first.size:
        return None
    # Of the values since each place the sums: of the columns, of themselves, and how many they are.
    since = np.minimum(np.searchsorted(places, np.append(first, onset)), len(places) - 1)
    across = _since(rows, since).T
    sums, counts = _since(seen, since), len(places) - since
    gram, moments = np.einsum("ne,nf->ef", rows, rows), rows.T @ seen
    others = np.full(rows.shape[1] - design.rows.shape[1], FREE)
    evidence = np.full(len(since), -np.inf)
    for dropped in design.dropped:
        widths = np.append(np.where(dropped, 0.0, design.widths[block]), others)
        inner = np.eye(len(widths)) + gram * np.outer(widths, widths)
        scaled = widths[:, None] * np.concatenate([moments[:, None], across], axis=1)
        solved = np.linalg.solve(inner, scaled)
        least = 0.5 * scaled[:, 0] @ solved[:, 0] - 0.5 * np.linalg.slogdet(inner)[1]
        left = sums - scaled[:, 1:].T @ solved[:, 0]
        own = 1 + STEP**2 * (counts - np.einsum("ek,ek->k", scaled[:, 1:], solved[:, 1:]))
        evidence = np.maximum(evidence, least + 0.5 * (STEP * left) ** 2 / own - 0.5 * np.log(own))
    best = int(np.argmax(evidence[:-1]))
    return int(first[best]) if evidence[best] > evidence[-1] else None


def _since(column: Floats, places: Counts) -> Floats:
    """The sum of a column from each place on."""
    result: Floats = np.cumsum(column[::-1], axis=0)[::-1][places]
    return result


def is_yearly(dates: Days, values: Floats, *, present: Flags, grain: Grain, expected: Floats, late: int) -> bool:
    """Whether what values from a place to the last are farther out than those before it, back to the first of which
    something is expected, is mostly what the season brings: by so much they are not, if each is compared with the same
    time of the year before.
    """
    places = np.arange(len(dates) - len(expected), len(dates))
    for year in YEAR_BEFORE[grain]:
        before = np.searchsorted(dates, dates[places] - year)
        known = present[places] & present[before] & (dates[places] - dates[before] >= year - SAME_TIME)
        last = places[known] >= late
        if last.all() or not last.any():
            continue
        seen = values[places[known]]
        farther, than_year_before = (
            float(apart[last].mean() - apart[~last].mean())
            for apart in (seen - expected[known], seen - values[before[known]])
        )
        if than_year_before * np.sign(farther) < abs(farther) / 2:
            return True
    return False


@dataclass(frozen=True, kw_only=True)
class Span:
    """What was set aside: places from a first to before a last, and where in the fiscal year, in periods, they begin
    and end.
    """

    first: int
    last: int
    begins: float
    ends: float
    upward: bool


@dataclass(frozen=True, kw_only=True, eq=False)
class Season:
    """What comes back in each year or quarter, and the spans that it was seen in."""

    share: Floats
    """Of each place how much of it lies in the season."""
    spans: Sequence[tuple[int, int]]


class Memory:
    """The episodes that ended by themselves, by where in the fiscal year they were."""

    def __init__(self, dates: Days, *, grain: Grain, calendar: CompanyCalendar) -> None:
        self.spans: list[Span] = []
        self.near = NEAR.get(grain, 0.0)
        self.dates, self.grain, self.calendar = dates, grain, calendar

    @cached_property
    def periods(self) -> Floats:
        """Of each place, and each day in it, where it lies: number of the fiscal period and the part of it before."""
        days = (self.dates[:, None] + np.arange(7 if self.grain is Grain.WEEK else 1)).ravel()
        first, last = self.calendar.bounds(days, "period")
        part = (days - first).astype(np.float64) / ((last - first).astype(np.float64) + 1)
        result: Floats = (self.calendar.numbers(days, "period") + part).reshape(len(self.dates), -1)
        return result

    def sees(self, first: int, last: int, *, upward: bool, unseen: bool) -> None:
        """Keep an episode from a place to before another; `unseen` if it began before a season could be known."""
        if not self.near:
            return
        begins, ends = self._edge(first), self._edge(last)
        if 0 < ends - begins <= (LONGEST_UNSEEN if unseen else LONGEST):
            self.spans.append(Span(first=first, last=last, begins=begins, ends=ends, upward=upward))

    def _edge(self, place: int) -> float:
        """Where a place begins; the begin of a period, if that is near."""
        begins = float(self.periods[place, 0])
        return float(np.round(begins)) if abs(begins - np.round(begins)) <= self.near else begins

    def seasons(self, place: int, *, upward: bool, able: Flags) -> Iterator[Season]:
        """The seasons in which a place may be, of which what was set aside in one direction speaks; `able` are the
        places that can be learned from.
        """
        for cycle, least in CYCLES:
            here = float(self.periods[place].mean())
            spans = [
                span
                for span in self.spans
                if span.upward is upward
                and able[span.first : span.last].any()
                and here - span.begins > cycle / 2
                and (here - span.begins + self.near) % cycle <= span.ends - span.begins + self.near
                and span.ends - span.begins < cycle
            ]
            if len(spans) < least:
                continue
            begins = float(np.median([(span.begins - here + cycle / 2) % cycle for span in spans])) + here - cycle / 2
            length = float(np.median([span.ends - span.begins for span in spans]))
            inside = (self.periods - begins) % cycle < length
            inside[: spans[0].first] = False  # in a year before, it was not there or is learned from without it
            yield Season(share=inside.mean(axis=1), spans=[(span.first, span.last) for span in spans])
