"""What evaluation says of a subject to those who act on it: whether something is wrong, since when and how much.

All of it is a function of the facts as they are known now. A correction may move an episode, or take it back.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final, Literal, NamedTuple, TypeAlias

from services.alerts.kpis.columns import PERSONAL
from shared.contracts.alerts import Direction

Detector: TypeAlias = Literal["threshold", "drift", "prometheus"]
"""`prometheus` are alerts of Prometheus that Alertmanager hands back."""
Rule: TypeAlias = Literal["threshold", "cusum", "shewhart", "distribution", "prometheus"]


QUANTILE: Final = "quantile"
"""The dimension of drivers that are no segments: by how much the low, the middle and the high of many values moved."""


class Subject(NamedTuple):
    """What is watched, and by what. Empty: `currency` of the whole company, `dimension` and `segment` of all."""

    kpi: str
    currency: str = ""
    dimension: str = ""
    segment: str = ""
    detector: Detector = "threshold"


@dataclass(frozen=True, slots=True, kw_only=True)
class Driver:
    """A segment that a change comes from: by how much it moved the KPI, in the KPI's unit, and its share of the whole
    change.
    """

    dimension: str
    segment: str
    contribution: float
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """A time in which something was wrong with a subject. Dates are business dates, values in the unit of the KPI.

    `detected_on` is the first date on which it could be told without looking ahead, `onset` the estimated beginning,
    `recovered_on` None while it lasts. `score` is the statistic over its limit: at least 1 in an alarm. `value` and
    `expected` are those of `detected_on`; of a threshold, `expected` is the threshold.
    """

    detected_on: date
    onset: date
    direction: Direction
    score: float
    rule: Rule
    value: Decimal
    expected: Decimal | None
    recovered_on: date | None = None
    recovered_value: Decimal | None = None
    drivers: tuple[Driver, ...] = ()

    def overlaps(self, other: Episode) -> bool:
        """Whether both lasted on a date, each from its onset on."""
        last = date.max
        return self.onset <= (other.recovered_on or last) and other.onset <= (self.recovered_on or last)

    def drivers_for(self, *, reads_pay: bool) -> tuple[Driver, ...]:
        """What drove it, along the dimension that explains it best of those that somebody may read of: whoever may not
        read what is near to somebody's pay is told of no persons.
        """
        shown = [each for each in self.drivers if reads_pay or each.dimension not in PERSONAL]
        return tuple(each for each in shown if each.dimension == shown[0].dimension)

    @property
    def deviation(self) -> Decimal | None:
        """How far the value was from what was expected on `detected_on`, in the unit of the KPI."""
        return None if self.expected is None else abs(self.value - self.expected)


class Incident(NamedTuple):
    """A time that is no part of what is normal, because somebody has explained it: its first and last business date, no
    last one while it lasts, and the business date as of which somebody did.
    """

    first: date
    last: date | None
    known_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What is found of a subject as of a business date: all its episodes, the oldest first; the last may go on.

    `known` is false where too little is known to say anything of now: what is found of earlier dates counts all the
    same.
    `value` and `expected` are those of now; `score` is the statistic over its limit now, at least 1 in an alarm.
    """

    subject: Subject
    as_of: date
    known: bool
    value: Decimal | None
    expected: Decimal | None
    score: float | None = None
    episodes: tuple[Episode, ...] = ()

    @property
    def current(self) -> Episode | None:
        """The episode that goes on; None where nothing is wrong."""
        last = self.episodes[-1] if self.episodes else None
        return last if last is not None and last.recovered_on is None else None

    @property
    def holds(self) -> bool:
        """Whether alerts of which nothing is found are held as they are: silence is neither trouble nor its end."""
        return not self.known and self.current is None
