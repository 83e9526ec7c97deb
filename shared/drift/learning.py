"""What is learned from at a place of a series, and what it says of the places from there on."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Final, NamedTuple

import numpy as np

from shared.calendars import CompanyCalendar
from shared.drift.charts import LAST_YEAR, SHOCKS, Limits, Scores, limits_of, scores, values_per_year
from shared.drift.events import chance_of
from shared.drift.expected import Flags
from shared.drift.fits import Fit, Known, frame
from shared.drift.noise import Learned, Noise, measure, without_outliers
from shared.drift.scales import Scale, scale_of
from shared.drift.season import Memory
from shared.drift.series import DriftSettings, Floats, Grain, Series

LEAST_REFERENCE: Final = {Grain.DAY: 40, Grain.WEEK: 13, Grain.MONTH: 12, Grain.QUARTER: 8}
"""Values that have to be known before one is judged."""
LEAST_COMPARED: Final = {Grain.DAY: 40, Grain.WEEK: 13, Grain.MONTH: 5, Grain.QUARTER: 8}
"""Values that have to be known, compared with those of the year before, before one is judged by comparing it."""
KNOWN_BEFORE: Final = 12.0
"""Values that the noise of that comparison is known from at least: what it lacks of them is the noise around waves."""


def judged_since(series: Series) -> date | None:
    """From when on its values are judged, for enough others are known by then; None where they are too few."""
    known, least = np.flatnonzero(np.isfinite(series.values)), LEAST_REFERENCE[series.grain]
    return series.known_on(series.dates[known[least - 1]].item()) if len(known) >= least else None


class Chart(NamedTuple):
    """What one sort of models says of all places."""

    fitted: Fit
    measured: Noise
    seen: Scores

    @property
    def score(self) -> Floats:
        """Of each place the farther one of its scores."""
        cusum, shewhart = self.seen.cusum, self.seen.shewhart
        return np.where(np.abs(shewhart) > np.abs(cusum), shewhart, cusum)


class Learning:
    """What is learned from as of the next place: values and the places that are normal, seasons and levels."""

    def __init__(self, series: Series, settings: DriftSettings, *, calendar: CompanyCalendar) -> None:
        self.series, self.settings, self.calendar = series, settings, calendar
        self.judged_since = sorted(settings.judged_since)
        self.count, self.learned = len(series), LEAST_REFERENCE[series.grain]
        self.present = ~np.isnan(series.values)
        if series.observations is not None and settings.minimum_observations > 0:
            self.present &= np.nan_to_num(series.observations) >= settings.minimum_observations
        chance = chance_of(series, settings, first=self.learned)
        self.spread = np.ones(self.count) if chance is None else chance.spread
        # Events and trials are compared as they are: their noise is known on that scale.
        plain = settings if chance is None or settings.transform != "auto" else replace(settings, transform="none")
        self.scale: Scale = scale_of(series, plain, first=self.learned)
        # On another scale chance is another one.
        self.chance = chance if self.scale.transform == "none" else None
        self.least = np.zeros(self.count) if self.chance is None else self.chance.least
        self.has_shocks = chance is None or not chance.few
        scaled = self.scale.to(np.where(self.present, series.values, np.nan)) / self.spread
        self.centre = float(scaled[self.present][0] * self.spread[self.present][0]) if self.present.any() else 0.0
        self.values = np.where(self.present, scaled - self.centre / self.spread, 0.0)
        # Of values that never differ there is a least one all the same.
        self.least = np.maximum(self.least, max(settings.tolerance, abs(self.centre) * np.finfo(np.float64).eps))
        self.used, self.normal = self.present.copy(), np.zeros(self.count, dtype=np.bool_)
        self.excluded = [(self._first_after(span.known_on), span) for span in settings.excluded]
        per_year = values_per_year(series, learned=self.learned)
        self.year, self.half_year = max(round(per_year), 4), max(int(per_year / 2), 2)
        self.per_year = per_year
        self.shocks = np.zeros(self.count, dtype=np.bool_)
        self.steps: list[int] = []
        self.seasons: list[Floats] = []
        self.memory = Memory(series.dates, grain=series.grain, calendar=calendar)
        self.begin = self.next = 0

    def _first_after(self, day: date | None) -> int:
        return 0 if day is None else int(np.searchsorted(self.series.dates, np.datetime64(day, "D"), side="right"))

    def incidents(self) -> Flags:
        """The places of incidents that are known by now, but for those of a level that has become normal."""
        dates, incidents = self.series.dates, np.zeros(self.count, dtype=np.bool_)
        for known, span in self.excluded:
            if known <= self.next:
                incidents |= (dates >= np.datetime64(span.first)) & (dates <= np.datetime64(span.last))
        return incidents & ~self.normal

    def looked_at(self) -> list[Chart]:
        """The charts as of what is learned from now: that of a season of waves, and where the data say that there is a
        season, which is known from few years, the comparison with the year before.
        """
        fitted, own, measured = self._learned(by_last_year=False)
        design = fitted.frame.design
        judges = fitted.frame.learned >= self.learned
        compares = design.few_years & fitted.has_season & self.has_shocks
        compares &= fitted.frame.learned >= self.year + LEAST_COMPARED[self.series.grain]
        parts = np.where(compares, 1 - SHOCKS - LAST_YEAR, 1 - SHOCKS)
        charts = [self._chart(fitted, measured, own=own, judges=judges, parts=parts)]
        if compares.any():
            fitted, own, compared = self._learned(by_last_year=True)
            measured = compared.beside(measured, KNOWN_BEFORE)
            parts = np.full(len(compares), LAST_YEAR)
            charts.append(self._chart(fitted, measured, own=own, judges=compares, parts=parts, has_shocks=False))
        return charts

    def _learned(self, *, by_last_year: bool) -> tuple[Fit, Floats, Noise]:
        """Models, the difference of each value from what its own block expects, and noise."""
        known = Known(
            dates=self.series.dates.astype(np.int64).tobytes(),
            grain=self.series.grain,
            calendar=self.calendar,
            present=self.present.tobytes(),
            used=self.used.tobytes(),
            steps=tuple(self.steps),
            seasons=tuple(season.tobytes() for season in self.seasons),
            spread=self.spread.tobytes(),
            window=self.half_year,
            by_last_year=by_last_year,
        )
        models = frame(known)
        about = Learned(values=self.values, used=self.used, shocks=self.shocks, least=self.least)
        fitted, _, measured = measure(models, self.values, about=about)
        learned = without_outliers(fitted, measured, values=self.values)
        return measure(models, learned, about=about)

    def _chart(
        self, fitted: Fit, measured: Noise, *, own: Floats, judges: Flags, parts: Floats, has_shocks: bool = True
    ) -> Chart:
        blocks = fitted.frame.design.blocks.tolist()
        limits = [self.limits_at(place, part) for place, part in zip(blocks, parts.tolist(), strict=True)]
        seen = scores(fitted, measured, values=self.values, limits=limits, judges=judges, begin=self.begin, own=own)
        if not (has_shocks and self.has_shocks):
            seen = replace(seen, shewhart=np.zeros(self.count))
        return Chart(fitted, measured, seen)

    def limits_at(self, place: int, part: float = 1 - SHOCKS) -> Limits:
        """Those of what begins at a place: the series that are judged then share the accepted false alarms, so that no
        alarm rests on one that came later; `part` of them are those of sums.
        """
        law = None if self.chance is None else self.chance.law_at(max(place - 1, 0))
        known = self.series.known_on(self.series.dates[place].item())
        watched = bisect_right(self.judged_since, known)
        return limits_of(
            self.settings,
            self.series.grain,
            values_per_year=self.per_year,
            watched=max(watched, 1),
            law=law,
            part=part,
        )

    def standard(self, fitted: Fit, measured: Noise, *, onset: int) -> Floats:
        """Values in long-run standard deviations of the noise that was known at an onset."""
        block = fitted.frame.design.block[onset]
        unit = measured.deviation[block] * measured.ratio[block]
        wide = unit * measured.classes[block, fitted.frame.design.volatility]
        return np.asarray(self.values / np.maximum(wide, np.finfo(np.float64).tiny))


def leading(charts: Sequence[Chart], place: int) -> Chart:
    """The one whose score is the farthest at a place."""
    return max(charts, key=lambda chart: max(abs(chart.seen.cusum[place]), abs(chart.seen.shewhart[place])))


def farthest(charts: Sequence[Chart]) -> Floats:
    """Of each place the farthest score."""
    every = np.stack([chart.score for chart in charts])
    return np.asarray(np.take_along_axis(every, np.abs(every).argmax(axis=0)[None], axis=0)[0])
