"""The statistics over a fitted series: a CUSUM of each possible onset, and a Shewhart chart of single values.

A CUSUM is the greatest, over all onsets, of the sum of standardised differences since the onset less a slack for each
(Page 1954). Here the differences since an onset are those from the model that was fitted before it: what a drift did
to the values since is not in what is expected of them. The sum is measured in the noise of its values and the
uncertainty of that model together, and the noise is the long-run one, so that values that resemble the one before do
not look like a drift. Limits are the exact ones of independent values (`run_lengths`), raised by Student's t for a
noise that was measured on few.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np

from shared.drift.counts import LONGEST, Law, chart_of_counts
from shared.drift.expected import Flags
from shared.drift.fits import Fit
from shared.drift.noise import CLIPPED, Noise
from shared.drift.normal import student
from shared.drift.run_lengths import arl_of_budget, cusum_limit, shewhart_limit
from shared.drift.series import DriftSettings, Floats, Grain, Series

SLACK: Final = {Grain.DAY: 0.33, Grain.WEEK: 0.5, Grain.MONTH: 0.5, Grain.QUARTER: 0.5}
"""Half the change that is found soonest, in standard deviations of one value: of days a smaller one, as many come."""
CLIPPED_OF_FEW: Final = 6.0
"""As `CLIPPED`, of few events and in what chance does: two of a rare event on one date are no outlier."""
PER_YEAR: Final = {Grain.DAY: 261, Grain.WEEK: 52, Grain.MONTH: 12, Grain.QUARTER: 4}
MOST_RATIO: Final = 2.0
"""Of the rates of few events, the largest that is looked for."""
SAME_SPREAD: Final = 5.0
"""As many pairs of neighbours are taken to differ as they did before: the spread is as it was until values show it."""
SHOCKS: Final = 0.1
"""The part of the accepted false alarms that single values may have."""
LAST_YEAR: Final = 0.3
"""The part that the comparison with the year before may have, while there is one."""
BEYOND: Final = 2.0
"""A shock is farther out than whatever was seen before, by this factor: noise is seldom normal in its tails."""
TAIL: Final = 6.0
"""The index of usual tails: of many times as many values the farthest is farther by the root of so many times."""


@dataclass(frozen=True, kw_only=True)
class Side:
    """One side of a CUSUM, upward or downward, in standard deviations of one value: its slack, and its limit for a
    noise that is well known.
    """

    slack: float
    limit: float

    def raised(self, freedom: float) -> float:
        """The limit for a noise that was measured on so many values.

        The sum that reaches it first has the length limit / slack, and is 2 root(limit slack) standard deviations out:
        that is put where Student's t is exceeded as seldom.
        """
        return (student(2 * float(np.sqrt(self.limit * self.slack)), freedom) / 2) ** 2 / self.slack


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Of a series: both sides of its CUSUM, and the limit of a single value for a noise that is well known."""

    up: Side
    down: Side
    shewhart: float
    run_length: float
    """As many values come on average until one is beyond that by chance."""
    clipped: float
    """Standard deviations of chance beyond which a value counts as no farther in a sum."""


def limits_of(
    settings: DriftSettings,
    grain: Grain,
    *,
    values_per_year: float,
    watched: int = 1,
    law: Law | None = None,
    part: float = 1 - SHOCKS,
) -> Limits:
    """The limits that give the accepted false alarms while so many series are watched, `part` of them by sums; of few
    events by their own law, of others by the normal one.

    They are those of charts with two sides, whose rates of signals add up (Kemp 1961). Where only one side is bad the
    other one raises no alarm: the charts may then signal twice as often.
    """
    accepted = settings.false_alarms_per_year * (1 if settings.bad == "both" else 2)
    arl = arl_of_budget(accepted, values_per_year=values_per_year, series=watched)
    slack, run_length = SLACK[grain], arl / part
    if law is None:
        up = down = Side(slack=slack, limit=cusum_limit(run_length, slack=slack))
    else:
        # By steps: few charts are solved however many series there are, and when one more is watched.
        steps = 2.0 ** round(float(np.log2(run_length)))
        up, down = _sides_of_few(law, slack=slack, run_length=steps)
    return Limits(
        up=up,
        down=down,
        shewhart=shewhart_limit(arl / SHOCKS),
        run_length=arl / SHOCKS,
        clipped=0.0 if law is None else CLIPPED_OF_FEW,
    )


@lru_cache(maxsize=1024)
def _sides_of_few(law: Law, *, slack: float, run_length: float) -> tuple[Side, Side]:
    """The exact charts of a ratio of rates that is as large as the usual change is beside chance, and no larger than
    that of a half and of twice as many: of rare events a smaller change is a large one.
    """
    deviation = float(np.sqrt(law.variance))
    ratio = min(1 + 2 * slack / deviation, MOST_RATIO)
    chart = chart_of_counts(law, run_length=min(run_length, LONGEST / 4), ratio=ratio)
    up, down = law.allowance(ratio) - law.mean, law.mean - law.allowance(1 / ratio)
    return (
        Side(slack=up / deviation, limit=chart.upper / deviation),
        Side(slack=down / deviation, limit=chart.lower / deviation),
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Scores:
    """Of each place, seen with nothing that came later: statistics over their limits, with a sign."""

    cusum: Floats
    onset: np.ndarray
    """Of each place the onset of which the CUSUM is greatest."""
    shewhart: Floats


def scores(
    fit: Fit, noise: Noise, *, values: Floats, limits: Sequence[Limits], judges: Flags, begin: int, own: Floats
) -> Scores:
    """Score each place by the sums that begin at `begin` or later, in the blocks that may judge.

    `limits` are those of each block; `own` are the differences of each place from what the model of its own block
    expects.
    """
    frame = fit.frame
    design = frame.design
    count, window = len(values), frame.places.shape[1]
    size = np.diff(np.append(design.blocks, count))
    able = np.flatnonzero(judges & (design.blocks + size > begin))
    cusum, onset = np.zeros(count), np.arange(count)
    if not able.size:
        return Scores(cusum=cusum, onset=onset, shewhart=np.zeros(count))
    places, here = frame.places[able], frame.here[able]
    unit = (noise.deviation * noise.ratio)[able][:, None] * noise.classes[able][:, design.volatility][
        np.arange(len(able))[:, None], places
    ]
    unit = np.maximum(unit, np.finfo(np.float64).tiny)
    expected = np.einsum("bwe,be->bw", frame.rows[places], fit.effects[able])
    expected = fit.supported(expected, block=able[:, None], places=places)
    apart = np.where(here, (values[places] - expected) / unit, 0.0)
    of_chance = (noise.least / np.maximum(noise.deviation, np.finfo(np.float64).tiny))[able]
    clipped = np.maximum(of_chance * [limits[block].clipped for block in able.tolist()], CLIPPED)[:, None]
    standard = np.clip(apart / np.sqrt(1 + fit.leverage[able]), -clipped, clipped)
    sums, length = np.cumsum(standard, axis=1), np.cumsum(here, axis=1)
    # Of neighbours the differences, over what they were before: a spread that grew is no change of the level. That of
    # few events grows with it.
    pairs = np.pad(here[:, 1:] & here[:, :-1], ((0, 0), (1, 0)))
    pairs &= np.array([limits[block].clipped == 0 for block in able.tolist()])[:, None]
    usual = (noise.roughness / noise.ratio**2)[able][:, None]
    steps = np.cumsum(np.where(pairs, np.diff(standard, prepend=0.0) ** 2, 0.0) / usual, axis=1)
    paired = np.cumsum(pairs, axis=1)
    sides = [(limits[block].down, limits[block].up) for block in able.tolist()]
    slacks = np.array([[side.slack for side in both] for both in sides])
    raised = np.array(
        [[side.raised(freedom) for side in both] for both, freedom in zip(sides, noise.freedom[able], strict=True)]
    )
    root = np.sqrt(fit.inflation[able])
    best, since = np.zeros_like(sums), np.zeros(sums.shape, dtype=np.int64)
    for first in range(int(size[able].max())):
        sum_before = sums[:, first - 1, None] if first else 0.0
        length_before = length[:, first - 1, None] if first else 0
        wider = (SAME_SPREAD + steps - steps[:, first, None]) / (SAME_SPREAD + paired - paired[:, first, None])
        total = (sums - sum_before) / (root * np.sqrt(np.maximum(wider, 1.0)))
        is_up = total > 0
        slack, limit = (np.where(is_up, column[:, 1:], column[:, :1]) for column in (slacks, raised))
        score = (np.abs(total) - slack * (length - length_before)) / limit
        score[:, :first] = 0.0
        start = design.blocks[able] + first
        score[(first >= size[able]) | (start < begin)] = 0.0
        better = score > np.abs(best)
        best, since = np.where(better, np.copysign(score, total), best), np.where(better, start[:, None], since)
    for row, block in enumerate(design.blocks[able]):
        end = min(block + window, count)
        better = np.abs(best[row, : end - block]) > np.abs(cusum[block:end])
        cusum[block:end][better] = best[row, : end - block][better]
        onset[block:end][better] = since[row, : end - block][better]
    shewhart = _shocks(fit, noise, limits=limits, own=own, able=able)
    shewhart[:begin] = 0.0
    return Scores(cusum=cusum, onset=onset, shewhart=shewhart)


def _shocks(fit: Fit, noise: Noise, *, limits: Sequence[Limits], own: Floats, able: np.ndarray) -> Floats:
    """How far each single value of some blocks is out, over the limit; of others 0."""
    design = fit.frame.design
    count = len(own)
    shewhart = np.zeros(count)
    ends = np.append(design.blocks, count)[1:]
    for block in able:
        first, last = design.blocks[block], ends[block]
        if noise.farthest[block] == 0:
            continue
        leverage = noise.ratio[block] ** 2 * fit.leverage[block, : last - first]
        unit = noise.deviation[block] * noise.classes[block][design.volatility[first:last]] * np.sqrt(1 + leverage)
        beyond = max(BEYOND, float(limits[block].run_length / fit.frame.learned[block]) ** (1 / TAIL))
        limit = max(student(limits[block].shewhart, noise.freedom[block]), beyond * noise.farthest[block])
        shewhart[first:last] = np.where(fit.frame.here[block, : last - first], own[first:last] / unit / limit, 0.0)
    return shewhart


def values_per_year(series: Series, *, learned: int) -> float:
    """As many as the first values come with: daily ones with or without weekends, and not fewer for a long gap."""
    if series.grain is not Grain.DAY:
        return PER_YEAR[series.grain]
    first = series.dates[:learned]
    days = float((first[-1] - first[0]).astype(np.int64)) + 1
    return (
        PER_YEAR[Grain.DAY]
        if len(first) < 14
        else float(np.clip(365.25 * len(first) / days, PER_YEAR[Grain.WEEK], 365.25))
    )
