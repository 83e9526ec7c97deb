"""CUSUM charts of small numbers: counts (disputes per 100 statements) and shares of few trials (won of closed deals).

Of a count x whose law before the change is known, and a change of its rate (Poisson) or odds (binomial) by a ratio R,
the log likelihood ratio divided by ln R is x less an *allowance*, so that both laws have one chart, in events:

    up:    S = max(0, S + x - allowance(R)),    down:    S = max(0, S + allowance(1/R) - x),    alarm at S >= limit

    allowance, Poisson:   expected * (R - 1) / ln R                   Lucas 1985, Counted data CUSUM's
    allowance, binomial:  trials * ln(1 - share + R * share) / ln R   Reynolds and Stoumbos 1999; Steiner 2000, odds

Run lengths come from the Markov chain of Brook and Evans (1972).
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import ceil, inf, isfinite, log, log1p
from typing import Final, TypeAlias

import numpy as np

from shared.drift.series import Floats

STATES: Final = 240
"""Of the Markov chain. With allowances on its grid it is exact; otherwise run lengths are right to about 1 in 200."""
FEWER_STATES: Final = 80
"""With which limits are solved for: run lengths are right to about 1 in 20, in a twentieth of the time."""
FINEST: Final = 60
"""The denominator up to which allowances are taken for exact multiples of the grid, as those of textbooks are."""
WIDENED, MOST_EVENTS = 1.3, 1e6
LONGEST: Final = 1e9
"""A run length beyond which a limit is not solved for: no series is watched for as many observations."""


class CountsRefusedError(ValueError):
    """Numbers that no chart of counts can be made of; the message says which."""


@dataclass(frozen=True, kw_only=True)
class Poisson:
    """Of a count without an upper bound; `expected` is its mean, in events."""

    expected: float

    def __post_init__(self) -> None:
        if not (isfinite(self.expected) and self.expected > 0):
            raise CountsRefusedError("the count that is expected is finite and above zero")

    def allowance(self, ratio: float) -> float:
        """What is taken from each count, in events, to detect that the rate is `ratio` times the expected one."""
        return self.expected * (ratio - 1) / log(ratio)

    @property
    def mean(self) -> float:
        """Of a count, in events."""
        return self.expected

    @property
    def variance(self) -> float:
        """Of a count."""
        return self.expected

    def probabilities(self, ratio: float, most: int) -> Floats:
        """Of 0 to `most` events when the rate is `ratio` times the expected."""
        mean, events = max(self.expected * ratio, 1e-300), np.arange(most + 1)
        return np.asarray(np.exp(events * log(mean) - mean - _log_factorials(most)))


@dataclass(frozen=True, kw_only=True)
class Binomial:
    """Of the events among `trials`, and the `share` of them that are events before a change."""

    trials: int
    share: float

    def __post_init__(self) -> None:
        if self.trials < 1:
            raise CountsRefusedError("there is a trial at least")
        if not 0 < self.share < 1:
            raise CountsRefusedError("the share that is expected lies between 0 and 1, and is neither")

    def allowance(self, ratio: float) -> float:
        """What is taken from each count, in events, to detect that the odds are `ratio` times the expected ones."""
        return self.trials * log1p((ratio - 1) * self.share) / log(ratio)

    @property
    def mean(self) -> float:
        """Of a count, in events."""
        return self.trials * self.share

    @property
    def variance(self) -> float:
        """Of a count."""
        return self.trials * self.share * (1 - self.share)

    def probabilities(self, ratio: float, most: int) -> Floats:
        """Of 0 to `most` events when the odds are `ratio` times the expected."""
        share = ratio * self.share / (1 + (ratio - 1) * self.share)
        events = np.arange(min(most, self.trials) + 1)
        factorials = _log_factorials(self.trials)
        chosen = factorials[self.trials] - factorials[events] - factorials[self.trials - events]
        found = np.zeros(most + 1)
        found[: len(events)] = np.exp(chosen + events * log(share) + (self.trials - events) * log1p(-share))
        return found


Law: TypeAlias = Poisson | Binomial


@dataclass(frozen=True, kw_only=True)
class CountChart:
    """A two-sided chart: what ratio it looks for, its limits in events, and how long it runs without a change."""

    ratio: float
    upper: float
    lower: float
    run_length: float


def chart_of_counts(law: Law, *, run_length: float, ratio: float) -> CountChart:
    """The chart that looks for a rate or odds `ratio` times as high, or as low, and without a change gives an alarm
    once in `run_length` observations (at least: events are whole, so that not every run length exists).

    Both sides get the same share of the false alarms; the run length of both together is the harmonic sum of Kemp
    (1961).
    """
    if not 1 < ratio < inf:
        raise CountsRefusedError("the ratio to be detected is above 1")
    if not 1 < run_length <= LONGEST / 2:
        raise CountsRefusedError(f"the run length without a change lies between 1 and {LONGEST / 2:g} observations")
    upper, long_up = _limit(law, ratio=ratio, run_length=2 * run_length)
    lower, long_down = _limit(law, ratio=1 / ratio, run_length=2 * run_length)
    return CountChart(ratio=ratio, upper=upper, lower=lower, run_length=1 / (1 / long_up + 1 / long_down))


def run_length_of_counts(law: Law, *, chart: CountChart, changed: float = 1.0) -> float:
    """How many observations until an alarm, on average from zero, once the rate or odds are `changed` times the
    expected; of both sides together.
    """
    up = one_sided_run_length(law, ratio=chart.ratio, limit=chart.upper, changed=changed)
    down = one_sided_run_length(law, ratio=1 / chart.ratio, limit=chart.lower, changed=changed)
    return 1 / (1 / up + 1 / down)


def one_sided_run_length(
    law: Law, *, ratio: float, limit: float, changed: float = 1.0, head_start: float = 0.0
) -> float:
    """The average run length of one side: upward for a `ratio` above 1, downward below. `head_start` in events."""
    chain = _Chain.of(law, ratio=ratio, limit=limit, states=STATES)
    return chain.length(changed, start=round(head_start * chain.per_event))


def _limit(law: Law, *, ratio: float, run_length: float) -> tuple[float, float]:
    """The least limit of one side whose run length is not below, and that run length."""

    def length(cells: int) -> float:
        return _Chain(law=law, ratio=ratio, cells=cells, per_event=per_event).length()

    high = 1.0
    while _Chain.of(law, ratio=ratio, limit=high, states=FEWER_STATES).length() < run_length:
        high *= WIDENED
        if high > MOST_EVENTS:
            raise CountsRefusedError("no limit has so long a run: the expected counts are too large for this chart")
    per_event = _per_event(law.allowance(ratio), high, states=FEWER_STATES)
    least, most = 0, ceil(high * per_event)
    while most - least > 1:
        middle = (least + most) // 2
        least, most = (least, middle) if length(middle) >= run_length else (middle, most)
    return most / per_event, length(most)


def _per_event(allowance: float, limit: float, *, states: int) -> int:
    """How many cells of the grid an event has: about so many states up to the limit, and so that the allowance falls on
    the grid where it can.
    """
    fraction = Fraction(allowance).limit_denominator(FINEST)
    common = fraction.denominator if abs(float(fraction) - allowance) < 1e-9 else 1
    return common * max(1, ceil(states / limit / common))


@dataclass(frozen=True, kw_only=True)
class _Chain:
    """The Markov chain of one side: the sum stands on one of `cells` steps below the limit, `per_event` to an event."""

    law: Law
    ratio: float
    cells: int
    per_event: int

    @classmethod
    def of(cls, law: Law, *, ratio: float, limit: float, states: int) -> _Chain:
        """The chain of a limit, with about so many steps."""
        per_event = _per_event(law.allowance(ratio), limit, states=states)
        return cls(law=law, ratio=ratio, cells=max(1, ceil(limit * per_event - 1e-9)), per_event=per_event)

    def length(self, changed: float = 1.0, *, start: int = 0) -> float:
        """The mean number of observations from a step of the sum until it reaches the limit, at most `LONGEST`."""
        moves = self._moves(changed)
        rows = np.arange(self.cells)
        to = rows[None, :] - rows[:, None] + self.cells - 1
        steps = moves[to]
        # From step i everything that falls i steps or more stops at zero.
        steps[:, 0] = np.cumsum(moves)[to[:, 0]]
        try:
            times = np.linalg.solve(np.eye(self.cells) - steps, np.ones(self.cells))
        except np.linalg.LinAlgError:
            return LONGEST  # an alarm is less probable than a float can say
        length = float(times[min(start, self.cells - 1)])
        return min(length, LONGEST) if length > 0 else LONGEST

    def _moves(self, changed: float) -> Floats:
        """The probability of each move from -(cells - 1) to cells - 1 steps; what falls further is in the first, what
        rises further, in none.
        """
        upward = self.ratio > 1
        allowance = self.law.allowance(self.ratio)
        # A fall of a sum that goes down is as far as the limit at most, so that events beyond the last one are alike.
        most = ceil(self.cells / self.per_event + allowance) + 1
        chances = self.law.probabilities(changed, most)
        exact = (np.arange(most + 1) - allowance) * (1 if upward else -1) * self.per_event
        exact = np.where(np.abs(exact - np.rint(exact)) < 1e-6, np.rint(exact), exact)
        below = np.floor(exact)
        # A move between two steps is divided among them, so that its mean stays.
        parts = ((below, chances * (1 - (exact - below))), (below + 1, chances * (exact - below)))
        moves = np.zeros(2 * self.cells - 1)
        for step, chance in parts:
            inside = step < self.cells
            place = np.maximum(step[inside], -(self.cells - 1)).astype(np.intp) + self.cells - 1
            np.add.at(moves, place, chance[inside])
        if not upward:
            moves[0] += max(0.0, 1 - float(chances.sum()))
        return moves


def _log_factorials(most: int) -> Floats:
    """ln n! of 0 to `most`."""
    return np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, most + 1)))])
