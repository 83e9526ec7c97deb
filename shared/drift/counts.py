"""CUSUM charts of small numbers: counts (disputes per 100 statements) and shares of few trials (won of closed deals).

Of a count x whose law before the change is known, and a change of its rate (Poisson) or odds (binomial) by a ratio R,
the log likelihood ratio divided by ln R is x less an *allowance*, so that both laws have one chart, in events:

    up:    S = max(0, S + x - allowance(R)),    down:    S = max(0, S + allowance(1/R) - x),    alarm at S >= limit

    allowance, Poisson:   expected * (R - 1) / ln R                   Lucas 1985, Counted data CUSUM's
    allowance, binomial:  trials * ln(1 - share + R * share) / ln R   Reynolds and Stoumbos 1999; Steiner 2000, odds

The allowance follows each observation's exposure, so that weeks with few deals weigh less; run lengths are those of
observations whose exposures are drawn from the ones given. They come from the Markov chain of Brook and Evans (1972).
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import ceil, inf, log, pi, sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shared.drift.series import Floats

STATES = 240
"""Of the Markov chain. With allowances on its grid it is exact; otherwise run lengths are right to about 1 in 200."""
MOST_KINDS = 60
"""Of observations in a run length, by exposure: more are represented by their quantiles."""
FINEST = 60
"""The denominator up to which allowances are taken for exact multiples of the grid, as those of textbooks are."""
DEFAULT_RATIO = 1.5
WIDENED, MOST_EVENTS = 1.3, 1e6
LEAST_FOR_DISPERSION = 3
LONGEST = 1e9
"""A run length beyond which a limit is not solved for: no series is watched for as many observations."""


class CountsRefusedError(ValueError):
    """Numbers that no chart of counts can be made of; the message says which."""


@dataclass(frozen=True, kw_only=True)
class Poisson:
    """Counts without an upper bound. `expected` is the mean of each, in events: rate times exposure."""

    expected: Floats

    def __post_init__(self) -> None:
        if not np.all(np.isfinite(self.expected)) or np.any(self.expected < 0) or not np.any(self.expected > 0):
            raise CountsRefusedError("expected counts are finite and not negative, and one is above zero")

    def allowance(self, ratio: float) -> Floats:
        """What is taken from each count, in events, to detect that the rate is `ratio` times the expected one."""
        return self.expected * (ratio - 1) / log(ratio)

    def mean(self) -> Floats:
        """Of each count, in events."""
        return self.expected

    def variance(self) -> Floats:
        """Of each count."""
        return self.expected

    def per(self, dispersion: float) -> Poisson:
        """With as much information as overdispersed counts have: fewer events."""
        return Poisson(expected=self.expected / dispersion)

    def kinds(self, rows: NDArray[np.intp]) -> Poisson:
        """Some of the observations."""
        return Poisson(expected=self.expected[rows])

    def probabilities(self, ratio: float, most: int) -> Floats:
        """Of 0 to `most` events when the rate is `ratio` times the expected: shape (observations, most + 1)."""
        mean = np.maximum(self.expected * ratio, 1e-300)[:, None]
        events = np.arange(most + 1)
        return np.asarray(np.exp(events * np.log(mean) - mean - _log_factorials(most)[events]))


@dataclass(frozen=True, kw_only=True)
class Binomial:
    """Events among trials. `trials` of each observation, and the `share` of them that are events before a change."""

    trials: Floats
    share: Floats

    def __post_init__(self) -> None:
        if self.trials.shape != self.share.shape:
            raise CountsRefusedError("trials and shares have one shape")
        if not np.all(np.isfinite(self.trials)) or np.any(self.trials < 0) or not np.any(self.trials > 0):
            raise CountsRefusedError("trials are finite and not negative, and one is above zero")
        if not np.all((self.share > 0) & (self.share < 1)):
            raise CountsRefusedError("the share that is expected lies between 0 and 1, and is neither")

    def allowance(self, ratio: float) -> Floats:
        """What is taken from each count, in events, to detect that the odds are `ratio` times the expected ones."""
        return np.asarray(self.trials * np.log1p((ratio - 1) * self.share) / log(ratio))

    def mean(self) -> Floats:
        """Of each count, in events."""
        return self.trials * self.share

    def variance(self) -> Floats:
        """Of each count."""
        return self.trials * self.share * (1 - self.share)

    def per(self, dispersion: float) -> Binomial:
        """With as much information as overdispersed counts have: fewer trials."""
        return Binomial(trials=self.trials / dispersion, share=self.share)

    def kinds(self, rows: NDArray[np.intp]) -> Binomial:
        """Some of the observations."""
        return Binomial(trials=self.trials[rows], share=self.share[rows])

    def probabilities(self, ratio: float, most: int) -> Floats:
        """Of 0 to `most` events when the odds are `ratio` times the expected: shape (observations, most + 1).

        Trials that are no whole number are those of overdispersed counts, and rounded.
        """
        trials = np.rint(self.trials).astype(np.int64)[:, None]
        share = (ratio * self.share / (1 + (ratio - 1) * self.share))[:, None]
        events = np.arange(most + 1)
        factorials = _log_factorials(max(most, int(trials.max())))
        chosen = factorials[trials] - factorials[events] - factorials[np.maximum(trials - events, 0)]
        logs = chosen + events * np.log(share) + (trials - events) * np.log1p(-share)
        return np.where(events <= trials, np.exp(np.where(events <= trials, logs, 0.0)), 0.0)


Law = Poisson | Binomial


def poisson(expected: ArrayLike) -> Poisson:
    """The law of counts with these means, one for each observation."""
    return Poisson(expected=np.atleast_1d(np.asarray(expected, dtype=np.float64)))


def binomial(trials: ArrayLike, share: ArrayLike) -> Binomial:
    """The law of events among trials; one share for all observations, or one for each."""
    every = np.atleast_1d(np.asarray(trials, dtype=np.float64))
    return Binomial(trials=every, share=np.broadcast_to(np.asarray(share, dtype=np.float64), every.shape).copy())


@dataclass(frozen=True, kw_only=True)
class CountChart:
    """A two-sided chart: what ratio it looks for, its limits in events, and how long it runs without a change."""

    ratio: float
    upper: float
    lower: float
    dispersion: float
    run_length: float


@dataclass(frozen=True, kw_only=True)
class CountStatistic:
    """The two sums of a chart, one value for each observation, as shares of their limits: an alarm at 1 and above."""

    up: Floats
    down: Floats

    @property
    def score(self) -> Floats:
        """The larger of the two, negative where it is the lower one."""
        return np.where(self.down > self.up, -self.down, self.up)


def chart_of_counts(
    law: Law, *, run_length: float, ratio: float = DEFAULT_RATIO, dispersion: float = 1.0
) -> CountChart:
    """The chart that looks for a rate or odds `ratio` times as high, or as low, and without a change gives an alarm
    once in `run_length` observations (at least: events are whole, so that not every run length exists).

    `dispersion` is that of `dispersion_of`. Both sides get the same share of the false alarms; the run length of
    both together is the harmonic sum of Kemp (1961).
    """
    if not 1 < ratio < inf:
        raise CountsRefusedError("the ratio to be detected is above 1")
    if not 1 < run_length <= LONGEST / 2:
        raise CountsRefusedError(f"the run length without a change lies between 1 and {LONGEST / 2:g} observations")
    if dispersion < 1:
        raise CountsRefusedError("a dispersion is 1 or more")
    informed = law.per(dispersion)
    upper, long_up = _limit(informed, ratio=ratio, run_length=2 * run_length)
    lower, long_down = _limit(informed, ratio=1 / ratio, run_length=2 * run_length)
    together = 1 / (1 / long_up + 1 / long_down)
    return CountChart(ratio=ratio, upper=upper, lower=lower, dispersion=dispersion, run_length=together)


def statistic_of_counts(counts: ArrayLike, law: Law, *, chart: CountChart) -> CountStatistic:
    """The chart's sums over the counts, in the order of the observations of the law. They go on after an alarm."""
    events = np.asarray(counts, dtype=np.float64)
    if events.shape != law.mean().shape:
        raise CountsRefusedError(f"{events.size} counts, and a law of {law.mean().size} observations")
    if not np.all(np.isfinite(events)) or np.any(events < 0):
        raise CountsRefusedError("counts are finite and not negative")
    up = cusum((events - law.allowance(chart.ratio)) / chart.dispersion)
    down = cusum((law.allowance(1 / chart.ratio) - events) / chart.dispersion)
    return CountStatistic(up=up / chart.upper, down=down / chart.lower)


def cusum(increments: Floats) -> Floats:
    """The sum that never falls below zero, after each increment."""
    total = np.concatenate([[0.0], np.cumsum(increments)])
    return np.asarray((total - np.minimum.accumulate(total))[1:])


def run_length_of_counts(law: Law, *, chart: CountChart, changed: float = 1.0) -> float:
    """How many observations until an alarm, on average from zero, once the rate or odds are `changed` times the
    expected; of both sides together.
    """
    informed = law.per(chart.dispersion)
    up = one_sided_run_length(informed, ratio=chart.ratio, limit=chart.upper, changed=changed)
    down = one_sided_run_length(informed, ratio=1 / chart.ratio, limit=chart.lower, changed=changed)
    return 1 / (1 / up + 1 / down)


def detectable_ratio(law: Law, *, chart: CountChart, within: float) -> float:
    """The smallest rise of the rate or odds, as a ratio, that the chart finds within so many observations on average;
    infinity where not even a hundredfold rise is.
    """
    low, high = 1.0, 100.0
    if run_length_of_counts(law, chart=chart, changed=high) > within:
        return inf
    while high / low > 1.005:
        middle = (low * high) ** 0.5
        found = run_length_of_counts(law, chart=chart, changed=middle) <= within
        low, high = (low, middle) if found else (middle, high)
    return high


def one_sided_run_length(
    law: Law, *, ratio: float, limit: float, changed: float = 1.0, head_start: float = 0.0
) -> float:
    """The average run length of one side: upward for a `ratio` above 1, downward below. `head_start` in events."""
    kinds = _kinds(law, ratio)
    per_event = _per_event(kinds.allowance(ratio), limit)
    chain = _Chain(law=kinds, ratio=ratio, cells=max(1, ceil(limit * per_event - 1e-9)), per_event=per_event)
    return chain.length(changed, start=round(head_start * per_event))


def dispersion_of(counts: ArrayLike, law: Law) -> float:
    """How much more counts vary than their law says, as a ratio of variances, at least 1 (Laney 2002, p' charts).

    From the moving range of z values, so that a slow change of the level is not taken for dispersion; observations
    without exposure are left out.
    """
    events, variance = np.asarray(counts, dtype=np.float64), law.variance()
    known = variance > 0
    z = (events[known] - law.mean()[known]) / np.sqrt(variance[known])
    if z.size < LEAST_FOR_DISPERSION:
        return 1.0
    # The mean of |difference| of two standard normal values is 2 / sqrt(pi), the 1.128 of control charts.
    sigma = float(np.mean(np.abs(np.diff(z)))) / (2 / sqrt(pi))
    return max(1.0, sigma**2)


def _limit(law: Law, *, ratio: float, run_length: float) -> tuple[float, float]:
    """The least limit of one side whose run length is not below, and that run length."""
    kinds = _kinds(law, ratio)
    high = 1.0
    while one_sided_run_length(kinds, ratio=ratio, limit=high) < run_length:
        high *= WIDENED
        if high > MOST_EVENTS:
            raise CountsRefusedError("no limit has so long a run: the expected counts are too large for this chart")
    per_event = _per_event(kinds.allowance(ratio), high)
    least, most = 0, ceil(high * per_event)
    while most - least > 1:
        middle = (least + most) // 2
        enough = _Chain(law=kinds, ratio=ratio, cells=middle, per_event=per_event).length() >= run_length
        least, most = (least, middle) if enough else (middle, most)
    return most / per_event, _Chain(law=kinds, ratio=ratio, cells=most, per_event=per_event).length()


def _kinds(law: Law, ratio: float) -> Law:
    """The observations that run lengths look at: all, or where they are many those at even steps of their exposure."""
    order = np.argsort(law.allowance(ratio), kind="stable")
    if order.size > MOST_KINDS:
        order = order[np.linspace(0, order.size - 1, MOST_KINDS).round().astype(np.intp)]
    return law.kinds(order)


def _per_event(allowance: Floats, limit: float) -> int:
    """How many cells of the grid an event has: about `STATES` up to the limit, and so that allowances fall on the grid
    where they can.
    """
    fractions = [Fraction(float(each)).limit_denominator(FINEST) for each in allowance]
    exact = all(abs(float(near) - each) < 1e-9 for near, each in zip(fractions, allowance, strict=True))
    common = int(np.lcm.reduce([near.denominator for near in fractions])) if exact else 1
    common = common if common <= FINEST else 1
    return common * max(1, ceil(STATES / limit / common))


@dataclass(frozen=True, kw_only=True)
class _Chain:
    """The Markov chain of one side: the sum stands on one of `cells` steps below the limit, `per_event` to an event."""

    law: Law
    ratio: float
    cells: int
    per_event: int

    def length(self, changed: float = 1.0, *, start: int = 0) -> float:
        """The mean number of observations from a step of the sum until it reaches the limit, at most `LONGEST`."""
        moves = self._moves(changed)
        rows = np.arange(self.cells)
        to = rows[None, :] - rows[:, None] + self.cells - 1
        steps = moves[to]
        # From step i everything that falls i steps or more stops at zero.
        steps[:, 0] = np.cumsum(moves)[to[:, 0]]
        times = np.linalg.solve(np.eye(self.cells) - steps, np.ones(self.cells))
        length = float(times[min(start, self.cells - 1)])
        return min(length, LONGEST) if length > 0 else LONGEST

    def _moves(self, changed: float) -> Floats:
        """The probability of each move from -(cells - 1) to cells - 1 steps; what falls further is in the first, what
        rises further, in none.
        """
        upward = self.ratio > 1
        allowance = self.law.allowance(self.ratio)
        # A fall of a sum that goes down is as far as the limit at most, so that events beyond the last one are alike.
        most = ceil(self.cells / self.per_event + float(allowance.max())) + 1
        chances = self.law.probabilities(changed, most) / allowance.size
        exact = (np.arange(most + 1)[None, :] - allowance[:, None]) * (1 if upward else -1) * self.per_event
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
