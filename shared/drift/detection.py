"""Whether a series drifts: its dates are walked over as a live system would have done, which knows no later one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from shared.calendars import CompanyCalendar
from shared.drift.episodes import Level, Values, change_point, limit_of
from shared.drift.families import NORMAL
from shared.drift.fits import Fit
from shared.drift.learning import Chart, Learning, farthest, leading
from shared.drift.means import BAND, Band, means
from shared.drift.noise import Noise
from shared.drift.scales import cut
from shared.drift.season import earlier_step, is_yearly, may_be_season
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

WITHIN: Final = {Grain.DAY: 20, Grain.WEEK: 6, Grain.MONTH: 3, Grain.QUARTER: 2}
HELD: Final = 0.99
"""The score of what would be an alarm, and may be a season that is not known yet."""
MOST_DOUBT: Final = 8.0
"""In variances of the noise: a band is no wider, however little is known of a date."""
SUSPECT: Final = 0.5
SEEN: Final = 0.5
"""The part of the dates of a level that have a value, if it is to be normal: what is not seen holds nowhere."""
SHORT: Final = 2
"""Values that a shock may last."""


def assess(
    series: Series, settings: DriftSettings | None = None, *, calendar: CompanyCalendar | None = None
) -> Assessment:
    """Assess a series as a live system would have done on each of its dates."""
    settings = settings or DriftSettings()
    if not len(series):
        return nothing_known(series, within=WITHIN[series.grain])
    # Squares of values at the ends of what a number can be are infinite, or none: nothing is said of such.
    with np.errstate(all="ignore"):
        walk = _Walk(series, settings, calendar=calendar or CompanyCalendar())
        walk.run()
        return walk.assessment()


class _Walk(Learning):
    """A walk over a series: the episodes so far, and what is said of each place."""

    def __init__(self, series: Series, settings: DriftSettings, *, calendar: CompanyCalendar) -> None:
        super().__init__(series, settings, calendar=calendar)
        self.episodes: list[Episode] = []
        self.expected, self.width, self.scores = (np.full(self.count, np.nan) for _ in range(3))
        self.states = [State.LEARNING] * self.count
        self.smallest = SmallestChange(rise=None, fall=None, within=WITHIN[series.grain])

    def run(self) -> None:
        """Go from episode to episode, and to the places from which on an incident is known."""
        while self.next < self.count:
            self.used &= ~self.incidents()
            until = min([known for known, _ in self.excluded if known > self.next], default=self.count)
            charts = self.looked_at()
            alarm = self._first_alarm(charts, until=until)
            if alarm is not None and (self._is_a_season(charts, alarm) or self._is_older(charts, alarm)):
                self._write(charts, last=alarm)
                continue
            end = until if alarm is None else alarm + 1
            self._write(charts, last=end)
            last = end - 1 if alarm is None else self._episode(leading(charts, alarm), alarm=alarm)
            if self.next >= self.count:
                self._smallest_change(charts[0], last=last)

    def _first_alarm(self, charts: Sequence[Chart], *, until: int) -> int | None:
        score = farthest(charts)
        wanted = {"up": score >= 1, "down": score <= -1, "both": np.abs(score) >= 1}[self.settings.bad]
        for alarm in (self.next + np.flatnonzero((wanted & self.present)[self.next : until])).tolist():
            fitted, measured, seen = leading(charts, alarm)
            onset = int(seen.onset[alarm])
            if abs(seen.shewhart[alarm]) >= 1:
                return int(alarm)
            standard = self.standard(fitted, measured, onset=onset)
            if not may_be_season(fitted.frame, standard, used=self.used, onset=onset, alarm=alarm):
                return int(alarm)
            seen.cusum[alarm] = np.copysign(HELD, seen.cusum[alarm])
        return None

    def _is_a_season(self, charts: Sequence[Chart], alarm: int) -> bool:
        """Whether an alarm is none if what was set aside on the same days of earlier years, or quarters, is learned
        from as a season that comes back; if so it is from now on.
        """
        used, seasons, able = self.used, self.seasons, self.present & ~self.incidents()
        for season in self.memory.seasons(alarm, upward=bool(farthest(charts)[alarm] > 0), able=able):
            if any(np.array_equal(season.share, known) for known in seasons):
                continue
            self.used, self.seasons = used.copy(), [*seasons, season.share]
            for first, last in season.spans:
                self.used[first:last] = able[first:last]
            if self._is_calm(alarm):
                return True
        self.used, self.seasons = used, seasons
        return False

    def _is_older(self, charts: Sequence[Chart], alarm: int) -> bool:
        """Whether an alarm is none if the level changed in a first year already; if so that is known from now on."""
        fitted, measured, _ = charts[0]
        onset = int(leading(charts, alarm).seen.onset[alarm])
        standard = self.standard(fitted, measured, onset=onset)
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
        return bool(abs(farthest(self.looked_at())[place]) < 1)

    def _write(self, charts: Sequence[Chart], *, last: int) -> None:
        """Say of each place from the next one on what its own block knew of it."""
        fitted, measured, _ = charts[0]
        design = fitted.frame.design
        score = farthest(charts)
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

    def _episode(self, chart: Chart, *, alarm: int) -> int:
        """From an alarm to its end: what is expected is frozen as it was before the onset, which is returned."""
        fitted, measured, seen = chart
        design = fitted.frame.design
        shock = abs(seen.shewhart[alarm]) > abs(seen.cusum[alarm])
        onset = alarm if shock else self._onset(fitted, measured, alarm=alarm, first=int(seen.onset[alarm]))
        sign = float(np.sign(chart.score[alarm]))
        block = int(design.block[onset])
        places = np.arange(onset, self.count)
        expected = fitted.ahead(block, places)
        # What went on for a quarter in a first year may have been the season, which only learning from it can tell.
        unseen = design.season is not None and not design.decided[block]
        since, level = onset, self._level(fitted, measured, onset=onset, alarm=alarm, upward=sign > 0, shock=shock)
        rule = Rule.SHEWHART if shock else Rule.CUSUM
        score = float(chart.score[alarm])
        alerts = [self._alert(alarm, onset=onset, score=score, rule=rule, expected=expected)]
        self.states[alarm] = State.DRIFTING
        for place in range(alarm + 1, self.count):
            here = place - onset
            self.expected[place], self.width[place] = expected[here], self.width[alarm]
            self.states[place] = State.DRIFTING
            if self.present[place]:
                level.sees_next()
            self.scores[place] = score * level.left
            if level.is_over:
                back = self._back(place, level.back)
                if back - onset > SHORT:
                    began = min(onset, self._onset(fitted, measured, alarm=back - 1, first=onset))
                    self.memory.sees(began, back, upward=sign > 0, unseen=unseen)
                self._ended(alerts, Recovery.BACK, place=place, begin=back)
                if not (unseen and back - onset > self.half_year // 2):
                    self.used[onset:back] = False
                self.shocks[onset:back] = shock and back - onset <= SHORT  # the next that is like it is none
                self.states[place] = State.RECOVERED
                return onset
            # Its last quarter is the level from now on; how it came there is no part of what is normal.
            settled = since if unseen else max(since, place - self.half_year // 2)
            held = self.present[settled : place + 1].mean() >= SEEN
            if place - since >= self.year and level.returning == 0 and held:
                self._ended(alerts, Recovery.NEW_NORMAL, place=place, begin=place + 1)
                self.used[onset:settled] = False
                self.normal[settled : place + 1] = True
                self.steps.append(settled)
                self.states[place] = State.STEADY
                return onset
            worse = self._back(place, level.farther) if level.is_farther else place
            if worse < place and not self._is_yearly(expected[: here + 1], since=since, worse=worse, place=place):
                score *= level.tell()
                usual = expected[worse - onset :]
                alerts.append(self._alert(place, onset=worse, score=score, rule=rule, expected=usual))
                self.scores[place] = score
                since = worse
        self.used[onset:] = False
        self.episodes.append(Episode(alerts=tuple(alerts)))
        self.begin = self.next = self.count
        return onset

    def _is_yearly(self, expected: Floats, *, since: int, worse: int, place: int) -> bool:
        """Whether it is by the season that values up to a place are farther out than those since an earlier one."""
        end = place + 1
        expected, dates, grain = expected[since - end :], self.series.dates[:end], self.series.grain
        return is_yearly(
            dates, self.values[:end], present=self.present[:end], grain=grain, expected=expected, late=worse
        )

    def _level(self, fitted: Fit, measured: Noise, *, onset: int, alarm: int, upward: bool, shock: bool) -> Level:
        """Of the values from an onset on, as it is known at the alarm."""
        design = fitted.frame.design
        block = int(design.block[onset])
        places = onset + np.flatnonzero(self.present[onset:])
        unit = float(measured.deviation[block] * measured.ratio[block])
        wider = measured.classes[block, design.volatility[places]]
        seen, expected = self.values[places], fitted.ahead(block, places)
        beyond = (seen - expected) * (1 if upward else -1) > BAND * self.width[alarm]
        if self.chance is None:
            family, weight = NORMAL, wider**-2.0
            seen, expected = (seen - expected) / max(unit, np.finfo(np.float64).tiny), np.zeros(len(places))
        else:
            family, spread = self.chance.family, self.spread[places]
            weight = self.chance.variance_at(onset) / (unit * wider * spread) ** 2
            seen, expected = (column * spread + self.centre for column in (seen, expected))
            seen = np.clip(seen, family.least, family.most)
            expected = np.clip(expected, *self.chance.bounds_at(onset))
        return Level(
            values=Values(seen=seen, expected=expected, weight=weight, beyond=beyond),
            family=family,
            upward=upward,
            known=int(self.present[onset : alarm + 1].sum()),
            limit=limit_of(values_per_year=self.per_year),
            shock=shock,
        )

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
        over = np.zeros(self.count, dtype=np.bool_)
        over[onset : place + 1] = self.present[onset : place + 1]
        usual = np.full(self.count, np.nan)
        usual[onset : place + 1] = expected[: place + 1 - onset]
        width = np.where(np.isnan(self.width), self.width[place], self.width)
        both = means(self.series, self._band(usual, width), over=over, transform=self.scale.transform)
        assert both is not None, "an alarm is raised by a value"
        dates = self.series.dates
        return Alert(
            detected_on=dates[place].item(),
            onset=dates[onset].item(),
            direction=Direction.UP if score > 0 else Direction.DOWN,
            score=round(score, 4),
            rule=rule,
            value=both.seen,
            expected=both.expected,
        )

    def _band(self, expected: Floats, width: Floats) -> Band:
        """In the unit of the series."""
        middle, deviation = expected * self.spread + self.centre, width * self.spread
        return Band(*(self.scale.back(middle + edge * deviation) for edge in (0.0, -BAND, BAND)))

    def _smallest_change(self, chart: Chart, *, last: int) -> None:
        """The one that is probably found soon enough after a place, as a part of what is expected there."""
        fitted, measured, _ = chart
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
                limits=self.limits_at(int(fitted.frame.design.blocks[block])),
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
        band = self._band(self.expected, self.width)
        return Assessment(
            series=self.series,
            state=self.states[-1],
            expected=band.expected,
            low=cut(band.low, self.series, kind=self.settings.kind),
            high=cut(band.high, self.series, kind=self.settings.kind),
            scores=self.scores,
            states=self.states,
            episodes=self.episodes,
            transform=self.scale.transform,
            smallest_change=self.smallest.rise,
            smallest_fall=self.smallest.fall,
            within=self.smallest.within,
        )
