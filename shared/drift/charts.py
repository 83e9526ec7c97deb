"""The statistics over a fitted series: a CUSUM of each possible onset, and a Shewhart chart of single values.

A CUSUM is the greatest, over all onsets, of the sum of standardised differences since the onset less a slack for each
(Page 1954). Here the differences since an onset are those from the model that was fitted before it: what a drift did
to the values since is not in what is expected of them. The sum is measured in the noise of its values and the
uncertainty of that model together, and the noise is the long-run one, so that values that resemble the one before do
not look like a drift. Limits are the exact ones of independent values (`run_lengths`), raised by Student's t for a
noise that was measured on few.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from shared.drift.fits import Fit
from shared.drift.noise import CLIPPED, Noise
from shared.drift.normal import student
from shared.drift.run_lengths import arl_of_budget, cusum_limit, shewhart_limit
from shared.drift.series import DriftSettings, Floats, Grain

SLACK: Final = {Grain.DAY: 0.33, Grain.WEEK: 0.5, Grain.MONTH: 0.5, Grain.QUARTER: 0.5}
"""Half the change that is found soonest, in standard deviations of one value: of days a smaller one, as many come."""
SHOCKS: Final = 0.1
"""The part of the accepted false alarms that single values may have."""
BEYOND: Final = 2.0
"""A shock is farther out than whatever was seen before, by this factor: noise is seldom normal in its tails."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Of a series: the limit of the CUSUM with its slack, and of a single value, for a noise that is well known."""

    slack: float
    cusum: float
    shewhart: float

    def raised(self, freedom: float) -> float:
        """The limit of the CUSUM for a noise that was measured on so many values.

        The sum that reaches it first has the length limit / slack, and is 2 root(limit slack) standard deviations out:
        that is put where Student's t is exceeded as seldom.
        """
        return (student(2 * float(np.sqrt(self.cusum * self.slack)), freedom) / 2) ** 2 / self.slack


def limits_of(settings: DriftSettings, grain: Grain, *, values_per_year: float) -> Limits:
    """The limits that give the accepted false alarms."""
    arl = arl_of_budget(settings.false_alarms_per_year, values_per_year=values_per_year, series=settings.watched)
    return Limits(
        slack=SLACK[grain],
        cusum=cusum_limit(arl / (1 - SHOCKS), slack=SLACK[grain]),
        shewhart=shewhart_limit(arl / SHOCKS),
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Scores:
    """Of each place, seen with nothing that came later: statistics over their limits, with a sign."""

    cusum: Floats
    onset: np.ndarray
    """Of each place the onset of which the CUSUM is greatest."""
    shewhart: Floats


def scores(fit: Fit, noise: Noise, *, values: Floats, limits: Limits, learned: int, begin: int, own: Floats) -> Scores:
    """Score each place by the sums that begin at `begin` or later, at models that were fitted to `learned` values.

    `own` are the differences of each place from what the model of its own block expects.
    """
    frame = fit.frame
    design = frame.design
    count, window = len(values), frame.places.shape[1]
    size = np.diff(np.append(design.blocks, count))
    able = np.flatnonzero((frame.learned >= learned) & (design.blocks + size > begin))
    cusum, onset = np.zeros(count), np.arange(count)
    if not able.size:
        return Scores(cusum=cusum, onset=onset, shewhart=np.zeros(count))
    places, here = frame.places[able], frame.here[able]
    unit = (noise.deviation * noise.ratio)[able][:, None] * noise.classes[able][:, design.volatility][
        np.arange(len(able))[:, None], places
    ]
    unit = np.maximum(unit, np.finfo(np.float64).tiny)
    expected = np.einsum("bwe,be->bw", frame.rows[places], fit.effects[able])
    apart = np.where(here, (values[places] - expected) / unit, 0.0)
    standard = np.clip(apart / np.sqrt(1 + fit.leverage[able]), -CLIPPED, CLIPPED)
    sums, length = np.cumsum(standard, axis=1), np.cumsum(here, axis=1)
    limit = np.array([limits.raised(freedom) for freedom in noise.freedom[able]])[:, None]
    root = np.sqrt(fit.inflation[able])
    best, since = np.zeros_like(sums), np.zeros(sums.shape, dtype=np.int64)
    for first in range(int(size[able].max())):
        sum_before = sums[:, first - 1, None] if first else 0.0
        length_before = length[:, first - 1, None] if first else 0
        total = (sums - sum_before) / root
        score = (np.abs(total) - limits.slack * (length - length_before)) / limit
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


def _shocks(fit: Fit, noise: Noise, *, limits: Limits, own: Floats, able: np.ndarray) -> Floats:
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
        limit = max(student(limits.shewhart, noise.freedom[block]), BEYOND * noise.farthest[block])
        shewhart[first:last] = np.where(fit.frame.here[block, : last - first], own[first:last] / unit / limit, 0.0)
    return shewhart
