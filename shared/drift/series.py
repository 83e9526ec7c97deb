"""A dated series of a KPI, and what is set about watching it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any, Final, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float64]
Days: TypeAlias = npt.NDArray[np.datetime64]
Column: TypeAlias = Sequence[float] | npt.NDArray[Any]


class Grain(StrEnum):
    """How far the dates of a series lie apart."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"


LARGEST: Final = 1e100
"""Beyond it a value is as good as infinite: its square is no number."""
_LONGEST_GAP: Final = {Grain.DAY: 4, Grain.WEEK: 11, Grain.MONTH: 46}
"""The most days between most neighbours of a series of a grain: a day may have only one weekday out of two."""


class UnusableSeriesError(ValueError):
    """A series that cannot be assessed: of columns of different lengths, or of dates out of order."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Series:
    """Values by date, ascending and each date once; a value that is missing is NaN, and so is one that is not finite.

    A ratio of sums has its `numerators` and `denominators` beside its values; `observations` says how many things
    (deals, people) a value was made of, where that is known. Values of whole weeks, months or quarters are dated by
    their first day, and `ends` has the last one, on which a value is known.
    """

    grain: Grain
    dates: Days
    values: Floats
    numerators: Floats | None = None
    denominators: Floats | None = None
    observations: Floats | None = None
    ends: Days | None = None

    def __post_init__(self) -> None:
        """Refuse what is no series.

        Raises:
            UnusableSeriesError: columns of different lengths, or dates that do not ascend.
        """
        columns = (self.values, self.numerators, self.denominators, self.observations, self.ends)
        if any(column is not None and len(column) != len(self.dates) for column in columns):
            raise UnusableSeriesError("the columns of a series have different lengths")
        later = self.dates[1:] > self.dates[:-1]
        if np.isnat(self.dates).any() or not later.all():
            place = int(np.argmin(later)) + 1 if later.size else 0
            raise UnusableSeriesError(f"the dates of a series must ascend, each once: see {self.dates[place]}")

    def __len__(self) -> int:
        return len(self.dates)

    def until(self, day: date) -> Series:
        """The part of the series that was known at the end of a day."""
        known = int(np.searchsorted(self._known, np.datetime64(day, "D"), side="right"))

        def part(column: Any) -> Any:
            return None if column is None else column[:known]

        return Series(
            grain=self.grain,
            dates=self.dates[:known],
            values=self.values[:known],
            numerators=part(self.numerators),
            denominators=part(self.denominators),
            observations=part(self.observations),
            ends=part(self.ends),
        )

    def known_on(self, day: date) -> date:
        """The day on which the value of a date is known: the last of its span, or the date itself."""
        found: date = self._known[np.searchsorted(self.dates, np.datetime64(day, "D"))].item()
        return found

    @property
    def _known(self) -> Days:
        return self.dates if self.ends is None else self.ends


def series_of(
    dates: Sequence[date] | Days,
    values: Column,
    *,
    grain: Grain | None = None,
    observations: Column | None = None,
) -> Series:
    """A series of values as they are; its grain is that of its dates where it is not named.

    Raises:
        UnusableSeriesError: see `Series`.
    """
    days = np.asarray(dates, dtype="datetime64[D]")
    return Series(
        grain=grain or grain_of(days),
        dates=days,
        values=_finite(values),
        observations=None if observations is None else _finite(observations),
    )


def series_of_ratios(
    dates: Sequence[date] | Days,
    numerators: Column,
    *,
    denominators: Column,
    grain: Grain | None = None,
    observations: Column | None = None,
) -> Series:
    """A series of ratios of sums; where a denominator is zero the value is missing.

    Raises:
        UnusableSeriesError: see `Series`.
    """
    days = np.asarray(dates, dtype="datetime64[D]")
    above, below = _finite(numerators), _finite(denominators)
    if above.shape != below.shape:
        raise UnusableSeriesError("the columns of a series have different lengths")
    values = np.divide(above, below, out=np.full_like(above, np.nan), where=below != 0)
    return Series(
        grain=grain or grain_of(days),
        dates=days,
        values=values,
        numerators=above,
        denominators=below,
        observations=None if observations is None else _finite(observations),
    )


def grain_of(dates: Days) -> Grain:
    """The grain that fits most distances between neighbouring dates; of fewer than two dates a day."""
    if len(dates) < 2:
        return Grain.DAY
    gap = float(np.median(np.diff(dates).astype(np.int64)))
    return next((grain for grain, longest in _LONGEST_GAP.items() if gap <= longest), Grain.QUARTER)


def _finite(column: Column) -> Floats:
    values = np.asarray(column, dtype=np.float64)
    return np.where(np.abs(values) <= LARGEST, values, np.nan)


Transform = Literal["auto", "none", "log", "logit"]
"""On which scale changes are compared: log for what changes in percent, logit for shares. `auto` decides by the
values of the first reference, and keeps to it."""
Kind = Literal["auto", "continuous", "counts", "shares"]
"""What the values are: counts are whole numbers of events, shares lie between 0 and 1."""
Bad = Literal["up", "down", "both"]
"""In which direction a change is an alarm."""


@dataclass(frozen=True, kw_only=True)
class Excluded:
    """Days from the first to the last that are no part of what is normal: an acknowledged incident.

    `known_on` is the last day that was known when somebody said so, None if that was known from the beginning: what is
    told of days up to it was told without it, and stays as it was told.
    """

    first: date
    last: date
    known_on: date | None = None


@dataclass(frozen=True, kw_only=True)
class DriftSettings:
    """How a series is watched."""

    transform: Transform = "auto"
    kind: Kind = "auto"
    tolerance: float = 0.0
    """The standard deviation that values are taken to have at least, on the scale of the transform."""
    bad: Bad = "both"
    false_alarms_per_year: float = 0.2
    """How many false alarms a year are accepted, over all series that are watched and all rules together."""
    judged_since: Sequence[date] = ()
    """From when on each of the series is judged that share the false alarms, this one among them; empty: it alone."""
    minimum_observations: float = 0.0
    """A value that was made of fewer observations is not judged; without observations beside the values all are."""
    excluded: Sequence[Excluded] = field(default=())


class Direction(StrEnum):
    """Where a series went."""

    UP = "up"
    DOWN = "down"


class State(StrEnum):
    """What a series is known to do on a date."""

    LEARNING = "learning"
    """Too little is known to judge."""
    STEADY = "steady"
    SUSPECT = "suspect"
    """More than half way to an alarm."""
    DRIFTING = "drifting"
    """In an episode."""
    RECOVERED = "recovered"
    """An episode has just ended."""


class Rule(StrEnum):
    """By which rule an episode was found."""

    CUSUM = "cusum"
    """A change of the level that lasts."""
    SHEWHART = "shewhart"
    """A shock: one value far away from what was expected."""
    DISTRIBUTION = "distribution"
    """Values of many that are spread otherwise than at the same phase before."""


class Recovery(StrEnum):
    """Why an episode ended."""

    BACK = "back"
    """The values are again where they were expected."""
    NEW_NORMAL = "new_normal"
    """The level has held for a year, and is what is expected from now on."""


@dataclass(frozen=True, kw_only=True)
class Alert:
    """One alarm of an episode: the first, or one because it became clearly worse. A live system raises it when it knows
    the value of `detected_on`.
    """

    detected_on: date
    onset: date
    """When the change began, as was estimated on the day of the alarm."""
    direction: Direction
    score: float
    """Statistic over limit, with the sign of the direction: at least 1, or at most -1."""
    rule: Rule
    value: float
    """What was seen since the onset, and what was expected of the same dates: means in the unit of the series."""
    expected: float


@dataclass(frozen=True, kw_only=True)
class Episode:
    """A time of drift: its alerts, the first of them first, and its end where it has come."""

    alerts: tuple[Alert, ...]
    recovered_on: date | None = None
    recovery: Recovery | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Assessment:
    """A series with what was expected on each date, known only what lay before it; columns of the series' length."""

    series: Series
    state: State
    """On the last date."""
    expected: Floats
    """NaN while learning; so are the band and the score."""
    low: Floats
    high: Floats
    """The band in which 19 of 20 single values lie."""
    scores: Floats
    """Statistic over limit, negative downward: 1 is an alarm."""
    states: Sequence[State]
    episodes: Sequence[Episode]
    transform: Transform
    """Of none, log and logit the one that was taken."""
    smallest_change: float | None
    """The smallest lasting rise of the level, as a part of the expected value (0.05 is 5 percent), that is found within
    `within` points half of the times; None while learning."""
    smallest_fall: float | None
    """As `smallest_change`, of a fall; None too where not even a fall to none is found so soon."""
    within: int
    quantiles: Mapping[float, tuple[float, float]] = field(default_factory=dict)
    """Of values of many in an episode that goes on: by share the quantiles that were expected, and that were seen."""

    @property
    def alerts(self) -> list[Alert]:
        """The alerts of all episodes, in the order in which they were raised."""
        return [alert for episode in self.episodes for alert in episode.alerts]


def nothing_known(series: Series, *, within: int) -> Assessment:
    """The assessment of a series of which nothing can be said yet."""
    nothing = np.full(len(series), np.nan)
    return Assessment(
        series=series,
        state=State.LEARNING,
        expected=nothing,
        low=nothing,
        high=nothing,
        scores=nothing,
        states=[State.LEARNING] * len(series),
        episodes=[],
        transform="none",
        smallest_change=None,
        smallest_fall=None,
        within=within,
    )
