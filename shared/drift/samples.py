"""Whether values of many (attainment of participants, discounts of deals) are spread as at the same phase before.

The values of each month are compared with those of the months that have the same place in past quarters (of weeks
alike), by permutation. What months differ by as a whole is no drift: how much that is, the comparisons so far show. All
series that are judged on one date share the false discovery rate, and a difference counts once it is seen on two of
three dates.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from math import sqrt
from typing import Final, TypeVar

import numpy as np

from shared.drift.charts import PER_YEAR
from shared.drift.distributions import (
    LEAST,
    QUANTILES,
    Comparison,
    compare,
    false_discovery_rates,
    smallest_shift,
)
from shared.drift.means import BAND
from shared.drift.normal import quantile
from shared.drift.series import (
    Alert,
    Assessment,
    Bad,
    Direction,
    Episode,
    Excluded,
    Floats,
    Grain,
    Recovery,
    Rule,
    Series,
    State,
    nothing_known,
)

FALSE_DISCOVERIES: Final = 0.05
"""Of the differences that are found on a date, the part that may be none."""
LOOKS: Final = 3
"""Dates of which two have to show a difference."""
REFERENCE_YEARS: Final = 2
LEAST_ALIKE: Final = 2
"""Times of the same phase that have to be known."""
LEAST_COMPARED: Final = 4
"""Comparisons before one is judged: they show how much times differ as a whole."""
FIRST_DISPERSION, FIRST_WEIGHT = 2.0, 4.0
"""By how much more times differ than chance explains is assumed at first, as a ratio of variances, and as how many
comparisons that weighs."""
FARTHEST: Final = 3.0
"""Standard deviations beyond which a comparison counts as no farther in that."""
SUSPECT: Final = 0.5
OVER: Final = 0.5
"""The score below which an episode is over."""

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, kw_only=True, eq=False)
class Samples:
    """The values of many by time; `phases` are equal where times have the same place in a period. `part` is the
    quantile that is told of them, `seed` what makes permutations those of this series.
    """

    grain: Grain
    dates: Sequence[date]
    ends: Sequence[date]
    """The last day of each time, on which its values are known."""
    phases: Sequence[int]
    values: Sequence[Floats]
    part: float = 0.5
    bad: Bad = "both"
    least: int = LEAST
    excluded: Sequence[Excluded] = ()
    seed: int = 0

    def series(self) -> Series:
        """The quantile of each time, blank where there are too few values."""
        told = [float(np.quantile(each, self.part)) if len(each) >= self.least else np.nan for each in self.values]
        return Series(
            grain=self.grain,
            dates=np.array(self.dates, dtype="datetime64[D]"),
            ends=np.array(self.ends, dtype="datetime64[D]"),
            values=np.array(told, dtype=np.float64),
            observations=np.array([len(each) for each in self.values], dtype=np.float64),
        )


def assess_samples(many: Mapping[Key, Samples]) -> dict[Key, Assessment]:
    """Assess the samples of series that are judged together, as a live system would have done on each date."""
    walks = {key: _Walk(samples) for key, samples in many.items()}
    looks: dict[tuple[Grain, date], list[tuple[_Walk, int]]] = defaultdict(list)
    for walk in walks.values():
        for place, day in enumerate(walk.samples.dates):
            looks[walk.samples.grain, day].append((walk, place))
    for at in sorted(looks):
        compared = [(walk, place, walk.look(place, together=len(looks[at]))) for walk, place in looks[at]]
        judged = [(walk, place, found) for walk, place, found in compared if found is not None]
        rates = false_discovery_rates([found.p for _, _, found in judged])
        for (walk, place, found), rate in zip(judged, rates, strict=True):
            walk.judge(place, found, rate=rate)
        for walk, _, unknown in compared:
            if unknown is None:
                walk.skip()
    return {key: walk.assessment() for key, walk in walks.items()}


@dataclass(frozen=True, kw_only=True)
class _Look:
    """What a comparison found: its p value, and what it was with."""

    p: float
    upward: bool
    reference: Floats
    now: Floats
    dispersion: float
    together: int


@dataclass
class _Walk:
    """One series on its way through its dates."""

    samples: Samples
    usable: list[bool] = field(default_factory=list)
    """Of each time so far whether it is part of what is normal."""
    begin: int = 0
    """From where on it is: where a new normal began."""
    apart: list[float] = field(default_factory=list)
    """How far each comparison was out, in standard deviations of chance."""
    scores: list[float] = field(default_factory=list)
    """Of each look, before it persists."""
    states: list[State] = field(default_factory=list)
    told: list[tuple[float, float, float, float]] = field(default_factory=list)
    """Expected, low, high and score."""
    episodes: list[Episode] = field(default_factory=list)
    onset: int | None = None
    latest: _Look | None = None
    """The last that could be judged."""
    quantiles: dict[int, list[tuple[float, ...]]] = field(default_factory=dict)
    """Of each time p10, p50 and p90 of its reference and of its own."""

    def look(self, place: int, *, together: int) -> _Look | None:
        """Compare the values of a time with those of its phase before; None where too little is known."""
        samples = self.samples
        self.usable.append(True)
        back = max(self.begin, place - REFERENCE_YEARS * PER_YEAR[samples.grain])
        alike = [
            at
            for at in range(back, place)
            if samples.phases[at] == samples.phases[place] and self._is_normal(at, place) and len(samples.values[at])
        ]
        now = samples.values[place]
        before = np.concatenate([samples.values[at] for at in alike]) if alike else np.empty(0)
        if len(now) < max(samples.least, LEAST) or len(before) < LEAST:
            return None
        dispersion = self._dispersion()
        found = _compared(
            before.tobytes(),
            now.tobytes(),
            seed=samples.seed + place,
            dispersion=dispersion,
            permutations=_permutations(together),
        )
        if self.onset is None and self._is_normal(place, place):
            self.apart.append(found.apart)
        if len(alike) < LEAST_ALIKE or len(self.apart) <= LEAST_COMPARED:
            return None
        assert found.shift_p is not None
        assert found.any_p is not None
        upward = found.higher >= 0.5
        if found.any_p < found.shift_p:
            upward = max(found.quantiles.values(), key=abs) >= 0
        # The better of two tests.
        p = min(1.0, 2 * min(found.shift_p, found.any_p))
        return _Look(p=p, upward=upward, reference=before, now=now, dispersion=dispersion, together=together)

    def _is_normal(self, at: int, place: int) -> bool:
        """Whether a time is part of what is normal, as is known at another one."""
        day, now = self.samples.dates[at], self.samples.ends[place]
        explained = any(
            each.first <= day <= each.last and (each.known_on is None or each.known_on < now)
            for each in self.samples.excluded
        )
        return self.usable[at] and not explained

    def judge(self, place: int, found: _Look, *, rate: float) -> None:
        """Say of a time what the comparison found at its false discovery rate."""
        score = -quantile(max(rate, 1e-300) / 2) / -quantile(FALSE_DISCOVERIES / 2) if rate < 1 else 0.0
        self.scores.append(score if found.upward else -score)
        persistent = self._persistent()
        part, size = self.samples.part, len(found.now)
        reach = BAND * sqrt(found.dispersion * part * (1 - part) / size)
        expected, low, high = np.quantile(found.reference, np.clip([part, part - reach, part + reach], 0, 1))
        self.told.append((float(expected), float(low), float(high), persistent))
        self.latest = found
        self.quantiles[place] = [
            tuple(float(each) for each in np.quantile(values, QUANTILES)) for values in (found.reference, found.now)
        ]
        if self.onset is not None:
            self._goes_on(place, persistent)
        elif self._is_alarm(persistent):
            self._begins(place, persistent)
        else:
            recent = self.episodes and self.states[-LOOKS:].count(State.DRIFTING)
            calm = State.RECOVERED if recent else State.STEADY
            self.states.append(State.SUSPECT if abs(persistent) >= SUSPECT else calm)

    def skip(self) -> None:
        """Say nothing of a time of which too little is known."""
        self.scores.append(0.0)
        self.told.append((np.nan, np.nan, np.nan, np.nan))
        self.states.append(State.LEARNING if self.onset is None else State.DRIFTING)

    def assessment(self) -> Assessment:
        """All that was found."""
        series, smallest = self.samples.series(), self._smallest()
        if not self.states:
            return nothing_known(series, within=LOOKS)
        expected, low, high, scores = np.array(self.told, dtype=np.float64).T
        return Assessment(
            series=series,
            state=self.states[-1],
            expected=expected,
            low=low,
            high=high,
            scores=scores,
            states=self.states,
            episodes=self.episodes,
            transform="none",
            smallest_change=smallest,
            smallest_fall=smallest,
            within=LOOKS,
            quantiles=self._moved(),
        )

    def _smallest(self) -> float | None:
        """The shift, as a part of what is expected, that one comparison finds half of the times; so do two of three."""
        found = self.latest
        if found is None or not (expected := float(np.quantile(found.reference, self.samples.part))):
            return None
        level = FALSE_DISCOVERIES / (2 * found.together)  # of two tests
        shift = smallest_shift(found.reference, len(found.now), level=level, power=0.5, dispersion=found.dispersion)
        return abs(shift / expected)

    def _moved(self) -> dict[float, tuple[float, float]]:
        """By share the quantiles that are expected, and those that were seen since the onset of what goes on."""
        since = [self.quantiles[at] for at in sorted(self.quantiles) if self.onset is not None and at >= self.onset]
        if not since:
            return {}
        expected, seen = np.mean(np.array(since), axis=0)
        return {part: (float(before), float(now)) for part, before, now in zip(QUANTILES, expected, seen, strict=True)}

    def _dispersion(self) -> float:
        squares = np.minimum(np.square(self.apart), FARTHEST**2).sum()
        weight = len(self.apart) + FIRST_WEIGHT
        return max(float(squares + FIRST_WEIGHT * FIRST_DISPERSION) / weight, 1.0)

    def _persistent(self) -> float:
        """The score that two of the last looks have reached, in the same direction."""
        ordered = sorted(self.scores[-LOOKS:])
        if len(ordered) < 2:
            return 0.0
        up, down = max(ordered[-2], 0.0), min(ordered[1], 0.0)
        return up if up >= -down else down

    def _is_alarm(self, score: float) -> bool:
        return {"up": score >= 1, "down": score <= -1, "both": abs(score) >= 1}[self.samples.bad]

    def _begins(self, place: int, score: float) -> None:
        sign = 1 if score > 0 else -1
        self.onset = next(at for at in range(max(place - LOOKS + 1, 0), place + 1) if sign * self.scores[at] >= 1)
        for at in range(self.onset, place + 1):
            self.usable[at] = False
        alert = Alert(
            detected_on=self.samples.dates[place],
            onset=self.samples.dates[self.onset],
            direction=Direction.UP if sign > 0 else Direction.DOWN,
            score=round(score, 4),
            rule=Rule.DISTRIBUTION,
            value=float(np.quantile(np.concatenate(self.samples.values[self.onset : place + 1]), self.samples.part)),
            expected=float(np.nanmean([each[0] for each in self.told[self.onset : place + 1]])),
        )
        self.episodes.append(Episode(alerts=(alert,)))
        self.states.append(State.DRIFTING)

    def _goes_on(self, place: int, score: float) -> None:
        assert self.onset is not None
        [alert] = self.episodes[-1].alerts
        sign = 1 if alert.direction is Direction.UP else -1
        if sign * score < OVER:
            self._ends(place, Recovery.BACK)
        elif place - self.onset >= PER_YEAR[self.samples.grain]:
            # Its own values are what is normal from now on.
            self.begin = self.onset
            self.usable[self.onset :] = [True] * len(self.usable[self.onset :])
            self._ends(place, Recovery.NEW_NORMAL)
        else:
            self.usable[place] = False
            self.states.append(State.DRIFTING)

    def _ends(self, place: int, recovery: Recovery) -> None:
        self.episodes[-1] = Episode(
            alerts=self.episodes[-1].alerts, recovered_on=self.samples.dates[place], recovery=recovery
        )
        self.onset = None
        self.states.append(State.RECOVERED if recovery is Recovery.BACK else State.STEADY)


def _permutations(together: int) -> int:
    """As many as it takes for one of all series to be found: half of its false discoveries belong to each test."""
    return max(999, int(4 * together / FALSE_DISCOVERIES))


@lru_cache(maxsize=8192)
def _compared(before: bytes, now: bytes, *, seed: int, dispersion: float, permutations: int) -> Comparison:
    """A comparison, which is the same at each evaluation while nothing is corrected."""
    return compare(
        np.frombuffer(before), np.frombuffer(now), seed=seed, dispersion=dispersion, permutations=permutations
    )
