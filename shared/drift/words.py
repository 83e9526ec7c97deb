"""A series in words: figures as people write them, and what is to be said of it in one sentence."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from math import floor, isfinite, log10
from typing import Final, Literal

import numpy as np
from babel.dates import format_date

from shared.drift.detection import HELD
from shared.drift.expected import Flags
from shared.drift.means import Band, means
from shared.drift.scales import Scale
from shared.drift.series import Assessment, Episode, Floats, Grain, Recovery, Series, State, Transform

Unit = Literal["ratio", "days", "number", "money", "seconds", "records"]
_NAMED: Final = ("days", "seconds", "records")
POINTS: Final = {
    Grain.DAY: "business days",
    Grain.WEEK: "weeks",
    Grain.MONTH: "months",
    Grain.QUARTER: "quarters",
}
"""What people call the values of a series of a grain."""
MAY_BE_SEASON: Final = "may be a season: the same time of the year before is not known"
ALIKE: Final = 0.25
"""A rise and a fall that differ by less are told as one change, the larger."""
MOST_TOLD, ANY = 10.0, 0.0005
"""Parts of what is expected: a change is told up to the one, and below the other it is any."""
NOTHING: Final = 1e-4
"""Of how far two figures are apart, what is not told of one of them."""
WITH_WEEKENDS: Final = 0.1
"""The part of dates from which on weekends are no exception."""


@dataclass(frozen=True, kw_only=True)
class Naming:
    """What people call a series, and in what its values are: of money, whole units of the currency."""

    title: str
    unit: Unit = "number"
    currency: str = ""

    def figure(self, value: float, *, beside: float | None = None) -> str:
        """A value as people write it, with two digits at least and as many as tell it from another one: `24%`,
        `1,240,000 EUR`; of a value that stands alone three, and whole percents always.
        """
        scale = 100.0 if self.unit == "ratio" else 1.0
        apart = abs(value - beside) * scale if beside is not None else 0.0
        step = _power(abs(value) * scale / (10 if apart else 100))
        if apart:
            # What is nothing beside the other one is none, and not its last digits.
            step = max(min(step, _power(apart / 4)), _power(apart) * NOTHING)
        if self.unit == "ratio":
            step = min(step, 1.0)
        if value * scale == round(value * scale):
            step = max(step, 1.0)  # five records are 5, and no 5.0
        number = round(value * scale / step) * step + 0.0
        text = f"{number:,.{max(0, -round(log10(step)))}f}" if number else "0"
        if self.unit == "ratio":
            return f"{text}%"
        after = self.currency if self.unit == "money" else self.unit if self.unit in _NAMED else ""
        return f"{text} {after}".rstrip()


@dataclass(frozen=True, kw_only=True)
class Change:
    """What was seen in an episode from its onset on, and what was expected of the same dates."""

    onset: date
    value: float
    expected: float


def change(assessment: Assessment, episode: Episode) -> Change:
    """What was seen in an episode since it began, up to its end or to now."""
    series, alert = assessment.series, episode.alerts[0]
    inside = series.dates >= np.datetime64(alert.onset, "D")
    if episode.recovered_on is not None:
        inside &= series.dates < np.datetime64(episode.recovered_on, "D")
    band = Band(expected=assessment.expected, low=assessment.low, high=assessment.high)
    both = means(series, band, over=inside, transform=assessment.transform)
    if both is None:
        return Change(onset=alert.onset, value=alert.value, expected=alert.expected)
    return Change(onset=alert.onset, value=both.seen, expected=both.expected)


def headline(assessment: Assessment, naming: Naming) -> str:
    """What is to be said of a series now, in one sentence."""
    title, days = naming.title, assessment.series.dates
    last = days[-1].item() if len(days) else None
    episode = assessment.episodes[-1] if assessment.episodes else None
    if assessment.state is State.LEARNING or last is None:
        return f"{title}: too little is known yet to say what is normal"
    if episode is not None and episode.recovered_on is None:
        seen = change(assessment, episode)
        value, expected = (
            naming.figure(one, beside=other)
            for one, other in ((seen.value, seen.expected), (seen.expected, seen.value))
        )
        since = day_in_words(seen.onset, grain=assessment.series.grain, beside=last)
        return f"{title}: {value} since {since}, expected {expected}{_quantiles(assessment, naming)}"
    if episode is not None and assessment.state is State.RECOVERED:
        assert episode.recovered_on is not None
        since = found_in_words(episode.recovered_on, assessment.series, beside=last)
        normal = "a new normal" if episode.recovery is Recovery.NEW_NORMAL else "as expected again"
        return f"{title}: {normal} since {since}"
    if assessment.state is State.SUSPECT:
        higher = assessment.scores[-1] > 0
        if may_be_season(assessment)[-1]:
            when = "higher" if higher else "lower"
            return f"{title}: {when} than expected, which {MAY_BE_SEASON}"
        return f"{title}: perhaps {'higher' if higher else 'lower'} than expected, not yet an alarm"
    return f"{title}: as expected"


def may_be_season(assessment: Assessment) -> Flags:
    """Of each value whether what would be an alarm there may be a season, so that nobody is told of it."""
    return np.isclose(np.abs(assessment.scores), HELD, rtol=0, atol=1e-9)


def _quantiles(assessment: Assessment, naming: Naming) -> str:
    """What became of the quantiles of values of many: the middle may stay while the ends move."""
    said = ""
    for part, (expected, seen) in sorted(assessment.quantiles.items()):
        value, usual = naming.figure(seen, beside=expected), naming.figure(expected, beside=seen)
        said += f"; p{part * 100:.0f} {value}, expected {usual}"
    return said


def smallest_change(assessment: Assessment) -> str | None:
    """What change would be found, as a sentence; None while learning, and where so little is expected that a change
    is no part of it.
    """
    rise, fall = assessment.smallest_change, assessment.smallest_fall
    known = [part for part in (rise, fall) if part is not None and isfinite(part)]
    if not known:
        return None
    if max(known) > MOST_TOLD:
        return None
    within = f"within {assessment.within} {_points(assessment.series)} half of the times"
    if len(known) == 2 and max(known) < ANY:
        return f"Any lasting change is found {within}."
    if len(known) == 2 and max(known) - min(known) < ALIKE * max(known):
        return f"A lasting change by {_percent(max(known))} or more of what is expected is found {within}."
    up = "" if rise is None else f"rise by {_percent(rise)}"
    down = "fall to none later" if fall is None else f"fall by {_percent(fall)}"
    if fall is None:
        return f"A lasting {up} or more of what is expected is found {within}, and a {down}."
    return (
        f"A lasting {' or a '.join(part for part in (up, down) if part)} or more of what is expected is found {within}."
    )


def _percent(part: float) -> str:
    return f"{part:.0%}" if part >= 0.01 else f"{part:.1%}"


def _points(series: Series) -> str:
    """What people call the values of a series: of days business days, unless there are weekends among them."""
    weekends = series.grain is Grain.DAY and bool((~np.is_busday(series.dates)).mean() > WITH_WEEKENDS)
    return "days" if weekends else POINTS[series.grain]


def day_in_words(day: date, *, grain: Grain = Grain.DAY, beside: date | None = None) -> str:
    """A date as people write it: `3 March 2026`, without the year beside another date of it, the month of a longer
    grain.
    """
    form = "MMMM" if grain in (Grain.MONTH, Grain.QUARTER) else "d MMMM"
    if beside is None or beside.year != day.year:
        form += " yyyy"
    return format_date(day, form, locale="en")


def found_in_words(day: date, series: Series, *, beside: date | None = None) -> str:
    """When the value of a date showed something: on the day on which it was known, as people write it."""
    grain = series.grain if series.ends is None else Grain.DAY
    return day_in_words(series.known_on(day), grain=grain, beside=beside)


def told(episode: Episode, series: Series) -> str:
    """When a change began, when that was found, and when that it had become clearly worse."""
    first, *later = (found_in_words(alert.detected_on, series) for alert in episode.alerts)
    began = day_in_words(episode.alerts[0].onset, grain=series.grain)
    return f"began about {began}, found {first}" + "".join(f", clearly worse {day}" for day in later)


def _power(value: float) -> float:
    """The power of ten at or below a value; 1 of nothing."""
    return 10.0 ** floor(log10(value)) if value > 0 and isfinite(value) else 1.0


def on_scale(values: Floats, transform: Transform) -> Floats:
    """Values on the scale on which changes are compared; what has no place on it, such as the logarithm of zero, is
    NaN.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        moved = Scale(transform=transform).to(values)
    return np.where(np.isfinite(moved), moved, np.nan)


def from_scale(scaled: Floats, transform: Transform) -> Floats:
    """Values of a scale, back in the unit of the series."""
    return Scale(transform=transform).back(scaled)
