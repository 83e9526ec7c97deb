"""Whether a series drifts: its dates are walked over as a live system would have done, which knows no later one."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Final

import numpy as np

from shared.calendars import CompanyCalendar
from shared.drift.charts import Limits, Scores, limits_of, scores, values_per_year
from shared.drift.episodes import Distance, Level, change_point
from shared.drift.events import chance_of
from shared.drift.expected import Flags
from shared.drift.fits import Fit, Known, frame
from shared.drift.noise import Learned, Noise, measure, without_outliers
from shared.drift.scales import Scale, cut, scale_of
from shared.drift.season import Memory, earlier_step, may_be_season
from shared.drift.series import (
    Alert,
    Assessment,
    Direction,
    DriftSettings,
    Episode,
    Floats,
    Grain,
    Recovery,
    Rule,
    Series,
    State,
    nothing_known,
)
from shared.drift.smallest import Knowledge, SmallestChange, smallest_change

LEAST_REFERENCE: Final = {Grain.DAY: 40, Grain.WEEK: 13, Grain.MONTH: 12, Grain.QUARTER: 8}
"""Values that have to be known before one is judged."""
WITHIN: Final = {Grain.DAY: 20, Grain.WEEK: 6, Grain.MONTH: 3, Grain.QUARTER: 2}
BAND: Final = 1.96
HELD: Final = 0.99
"""The score of what would be an alarm, and may be a season that is not known yet."""
MOST_DOUBT: Final = 8.0
"""In variances of the noise: a band is no wider, however little is known of a date."""
SUSPECT: Final = 0.5
SHORT: Final = 2
"""Values that a shock may last."""


def assess(
    series: Series, settings: DriftSettings | None = None, *, calendar: CompanyCalendar | None = None
) -> Assessment:
    """Assess a series as a live system would have done on each of its dates."""
    settings = settings or DriftSettings()
    if not len(series):
        return nothing_known(series, within=WITHIN[series.grain])
    walk = _Walk(series, settings, calendar=calendar or CompanyCalendar())
    walk.run()
    return walk.assessment()


class _Walk:
    """A walk over a series: what is learned from, the episodes so far, and what is said of each place."""

    def __init__(self, series: Series, settings: DriftSettings, *, calendar: CompanyCalendar) -> None:
        self.series, self.settings, self.calendar = series, settings, calendar
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
        self.least = np.maximum(self.least, abs(self.centre) * np.finfo(np.float64).eps)  # of values that never differ
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
        self.episodes: list[Episode] = []
        self.expected, self.width, self.scores = (np.full(self.count, np.nan) for _ in range(3))
        self.states = [State.LEARNING] * self.count
        self.smallest = SmallestChange(rise=None, fall=None, within=WITHIN[series.grain])

    def run(self) -> None:
        """Go from episode to episode, and to the places from which on an incident is known."""
        while self.next < self.count:
            self.used &= ~self._incidents()
            until = min([known for known, _ in self.excluded if known > self.next], default=self.count)
            fitted, measured, seen = self._looked_at()
            alarm = self._first_alarm(fitted, measured, seen=seen, until=until)
            if alarm is not None and (
                self._is_a_season(seen, alarm) or self._is_older(fitted, measured, seen=seen, alarm=alarm)
            ):
                self._write(fitted, measured, seen=seen, last=alarm)
                continue
            end = until if alarm is None else alarm + 1
            self._write(fitted, measured, seen=seen, last=end)
            last = end - 1 if alarm is None else self._episode(fitted, measured, seen=seen, alarm=alarm)
            if self.next >= self.count:
                self._smallest_change(fitted, measured, last=last)

    def _first_after(self, day: date | None) -> int:
        return 0 if day is None else int(np.searchsorted(self.series.dates, np.datetime64(day, "D"), side="right"))

    def _incidents(self) -> Flags:
        """The places of incidents that are known by now, but for those of a level that has become normal."""
        dates, incidents = self.series.dates, np.zeros(self.count, dtype=np.bool_)
        for known, span in self.excluded:
            if known <= self.next:
                incidents |= (dates >= np.datetime64(span.first)) & (dates <= np.datetime64(span.last))
        return incidents & ~self.normal

    def _looked_at(self) -> tuple[Fit, Noise, Scores]:
        """Models, noise and scores as of what is learned from now."""
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
        )
        models = frame(known)
        about = Learned(values=self.values, used=self.used, shocks=self.shocks, least=self.least)
        fitted, _, measured = measure(models, self.values, about=about)
        learned = without_outliers(fitted, measured, values=self.values)
        fitted, own, measured = measure(models, learned, about=about)
        seen = scores(
            fitted,
            measured,
            values=self.values,
            limits=[self._limits(place) for place in models.design.blocks.tolist()],
            learned=self.learned,
            begin=self.begin,
            own=own,
        )
        if not self.has_shocks:
            seen = replace(seen, shewhart=np.zeros(self.count))
        return fitted, measured, seen

    def _limits(self, place: int) -> Limits:
        """Those of what begins at a place."""
        law = None if self.chance is None else self.chance.law_at(max(place - 1, 0))
        return limits_of(self.settings, self.series.grain, values_per_year=self.per_year, law=law)

    def _first_alarm(self, fitted: Fit, measured: Noise, *, seen: Scores, until: int) -> int | None:
        score = _leading(seen)
        wanted = {"up": score >= 1, "down": score <= -1, "both": np.abs(score) >= 1}[self.settings.bad]
        for alarm in (self.next + np.flatnonzero((wanted & self.present)[self.next : until])).tolist():
            onset = int(seen.onset[alarm])
            if abs(seen.shewhart[alarm]) >= 1:
                return int(alarm)
            standard = self._standard(fitted, measured, onset=onset)
            if not may_be_season(fitted.frame, standard, used=self.used, onset=onset, alarm=alarm):
                return int(alarm)
            seen.cusum[alarm] = np.copysign(HELD, seen.cusum[alarm])
        return None

    def _standard(self, fitted: Fit, measured: Noise, *, onset: int) -> Floats:
        """Values in long-run standard deviations of the noise that was known at an onset."""
        block = fitted.frame.design.block[onset]
        unit = measured.deviation[block] * measured.ratio[block]
        return np.asarray(self.values / (unit * measured.classes[block, fitted.frame.design.volatility]))

    def _is_a_season(self, seen: Scores, alarm: int) -> bool:
        """Whether an alarm is none if what was set aside on the same days of earlier years, or quarters, is learned
        from as a season that comes back; if so it is from now on.
        """
        used, seasons, able = self.used, self.seasons, self.present & ~self._incidents()
        for season in self.memory.seasons(alarm, upward=bool(_leading(seen)[alarm] > 0), able=able):
            if any(np.array_equal(season.share, known) for known in seasons):
                continue
            self.used, self.seasons = used.copy(), [*seasons, season.share]
            for first, last in season.spans:
                self.used[first:last] = able[first:last]
            if self._is_calm(alarm):
                return True
        self.used, self.seasons = used, seasons
        return False

    def _is_older(self, fitted: Fit, measured: Noise, *, seen: Scores, alarm: int) -> bool:
        """Whether an alarm is none if the level changed in a first year already; if so that is known from now on."""
        onset = int(seen.onset[alarm])
        standard = self._standard(fitted, measured, onset=onset)
        step = earlier_step(fitted.frame, standard, used=self.used, onset=onset, alarm=alarm, apart=self.learned)
        if step is None or step in self.steps:
            return False
        self.steps.append(step)
        if self._is_calm(alarm):
            return True
        self.steps.remove(step)
        return False

    def _is_calm(self, place: int) -> bool:
        """Whether there is no alarm at a place as of what is learned from now."""
        return bool(abs(_leading(self._looked_at()[2])[place]) < 1)

    def _write(self, fitted: Fit, measured: Noise, *, seen: Scores, last: int) -> None:
        """Say of each place from the next one on what its own block knew of it."""
        design = fitted.frame.design
        score = _leading(seen)
        places = np.arange(self.next, last)
        block = design.block[places]
        judged = fitted.frame.learned[block] >= self.learned
        leverage = fitted.leverage[block, places - design.blocks[block]]
        unit = measured.deviation[block] * measured.classes[block, design.volatility[places]]
        width = unit * np.sqrt(1 + np.minimum(measured.ratio[block] ** 2 * leverage, MOST_DOUBT))
        expected = fitted.expected(block, places)
        self.expected[places] = np.where(judged, expected, np.nan)
        self.width[places] = np.where(judged, width, np.nan)
        self.scores[places] = np.where(judged, score[places], np.nan)
        just = State.RECOVERED if self.episodes and self.episodes[-1].recovery is Recovery.BACK else State.STEADY
        for place, is_judged in zip(places.tolist(), judged.tolist(), strict=True):
            if is_judged:
                calm = just if place < self.begin + WITHIN[self.series.grain] else State.STEADY
                self.states[place] = State.SUSPECT if abs(score[place]) >= SUSPECT else calm
        self.next = last

    def _episode(self, fitted: Fit, measured: Noise, *, seen: Scores, alarm: int) -> int:
        """From an alarm to its end: what is expected is frozen as it was before the onset, which is returned."""
        design = fitted.frame.design
        shock = abs(seen.shewhart[alarm]) > abs(seen.cusum[alarm])
        onset = alarm if shock else self._onset(fitted, measured, alarm=alarm, first=int(seen.onset[alarm]))
        sign = float(np.sign(_leading(seen)[alarm]))
        block = int(design.block[onset])
        places = np.arange(onset, self.count)
        expected = fitted.ahead(block, places)
        unit = measured.deviation[block] * measured.ratio[block]
        sizes = sign * (self.values[places] - expected) / unit
        apart = [*map(Distance, sizes.tolist(), (measured.classes[block, design.volatility[places]] ** -2.0).tolist())]
        # What went on for a quarter in a first year may have been the season, which only learning from it can tell.
        unseen = design.season is not None and not design.decided[block]
        since, level = onset, Level(distances=[apart[here] for here in np.flatnonzero(self.present[onset : alarm + 1])])
        rule = Rule.SHEWHART if shock else Rule.CUSUM
        first = float(_leading(seen)[alarm])
        alerts = [self._alert(alarm, onset=onset, score=first, rule=rule, expected=expected)]
        self.states[alarm] = State.DRIFTING
        for place in range(alarm + 1, self.count):
            here = place - onset
            self.expected[place], self.width[place] = expected[here], self.width[alarm]
            self.states[place] = State.DRIFTING
            if self.present[place]:
                level.sees(apart[here])
            self.scores[place] = first * level.left
            if level.is_over:
                back = self._back(place, len(level.since))
                if back - onset > SHORT:
                    began = self._onset(fitted, measured, alarm=back - 1, first=onset)
                    self.memory.sees(began, back, upward=sign > 0, unseen=unseen)
                self._ended(alerts, Recovery.BACK, place=place, begin=back)
                if not (unseen and back - onset > self.half_year // 2):
                    self.used[onset:back] = False
                self.shocks[onset:back] = shock and back - onset <= SHORT  # the next that is like it is none
                self.states[place] = State.RECOVERED
                return onset
            if place - since >= self.year and level.returning == 0:
                # Its last quarter is the level from now on; how it came there is no part of what is normal.
                settled = since if unseen else max(since, place - self.half_year // 2)
                self._ended(alerts, Recovery.NEW_NORMAL, place=place, begin=place + 1)
                self.used[onset:settled] = False
                self.normal[settled : place + 1] = True
                self.steps.append(settled)
                self.states[place] = State.STEADY
                return onset
            if level.is_farther:
                worse = self._back(place, len(level.farther))
                score = first * level.size(len(level.farther)) / max(level.told, 0.1)
                usual = expected[worse - onset :]
                alerts.append(self._alert(place, onset=worse, score=score, rule=rule, expected=usual))
                since = worse
                level.tell()
        self.used[onset:] = False
        self.episodes.append(Episode(alerts=tuple(alerts)))
        self.begin = self.next = self.count
        return onset

    def _onset(self, fitted: Fit, measured: Noise, *, alarm: int, first: int) -> int:
        """The change point around the onset of the chart."""
        early = max(self.begin, first - WITHIN[self.series.grain])
        places = np.arange(early, alarm + 1)
        block = int(fitted.frame.design.block[first])
        weights = measured.classes[block, fitted.frame.design.volatility[places]] ** -2.0
        apart = self.values[places] - fitted.expected(block, places)
        return early + change_point(apart, weights * self.present[places])

    def _back(self, place: int, values: int) -> int:
        """The place from which on there are so many values up to a place."""
        return int(np.flatnonzero(self.present[: place + 1])[-values])

    def _ended(self, alerts: list[Alert], recovery: Recovery, *, place: int, begin: int) -> None:
        day = self.series.dates[place].item()
        self.episodes.append(Episode(alerts=tuple(alerts), recovered_on=day, recovery=recovery))
        self.begin, self.next = begin, place + 1

    def _alert(self, place: int, *, onset: int, score: float, rule: Rule, expected: Floats) -> Alert:
        seen, spread = self.present[onset : place + 1], self.spread[onset : place + 1]
        value = (self.values[onset : place + 1] * spread)[seen].mean(keepdims=True)
        usual = (expected[: place + 1 - onset] * spread)[seen].mean(keepdims=True)
        dates = self.series.dates
        return Alert(
            detected_on=dates[place].item(),
            onset=dates[onset].item(),
            direction=Direction.UP if score > 0 else Direction.DOWN,
            score=round(score, 4),
            rule=rule,
            value=float(self.scale.back(value + self.centre)[0]),
            expected=float(self.scale.back(usual + self.centre)[0]),
        )

    def _smallest_change(self, fitted: Fit, measured: Noise, *, last: int) -> None:
        """The one that is probably found soon enough after a place, as a part of what is expected there."""
        within = min(WITHIN[self.series.grain], self.half_year)
        block = int(fitted.frame.design.block[max(last - within, 0)])
        if fitted.frame.learned[block] < self.learned:
            block = int(fitted.frame.design.block[last])
        if fitted.frame.learned[block] < self.learned:
            return
        known = self.expected[: last + 1] * self.spread[: last + 1]
        over = min(max(int(fitted.frame.here[block].sum()), 1), within)
        self.smallest = smallest_change(
            Knowledge(
                limits=self._limits(int(fitted.frame.design.blocks[block])),
                unit=float(measured.deviation[block] * measured.ratio[block]),
                freedom=float(measured.freedom[block]),
                inflation=float(fitted.inflation[block, over - 1]),
                over=over,
                most=self.half_year,
                usual=float(np.mean(known[~np.isnan(known)][-within:])) + self.centre,
                scale=self.scale,
                has_zero=self.chance is not None,
            ),
            within=within,
        )

    def assessment(self) -> Assessment:
        """All that was found."""
        expected, width = self.expected * self.spread + self.centre, self.width * self.spread
        low, high = (self.scale.back(expected + edge * width) for edge in (-BAND, BAND))
        return Assessment(
            series=self.series,
            state=self.states[-1],
            expected=self.scale.back(expected),
            low=cut(low, self.series, kind=self.settings.kind),
            high=cut(high, self.series, kind=self.settings.kind),
            scores=self.scores,
            states=self.states,
            episodes=self.episodes,
            transform=self.scale.transform,
            smallest_change=self.smallest.rise,
            smallest_fall=self.smallest.fall,
            within=self.smallest.within,
        )


def _leading(seen: Scores) -> Floats:
    return np.where(np.abs(seen.shewhart) > np.abs(seen.cusum), seen.shewhart, seen.cusum)
