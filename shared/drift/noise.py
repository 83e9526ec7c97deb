"""The noise of a series, measured at each block on how far values before it were from what had been expected of them.

So it has in it what the model misses, and not only what is left over by a fit to the same values.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Final

import numpy as np

from shared.drift.expected import Flags
from shared.drift.fits import Fit, Frame, fit
from shared.drift.scales import MEAN_TO_DEVIATION
from shared.drift.series import Floats

CLIPPED: Final = 3.0
"""Standard deviations beyond which a difference counts as no more: outliers are no noise."""
LEAST_FOR_SHOCKS: Final = 30
"""Values of which the farthest says something of how far one can be."""
CLASSES: Final = 6
CLASS_PRIOR: Final = 4.0
"""As many values of a volatility class are assumed to be like the others."""
RECENT: Final = 65
RECENT_WEIGHT: Final = 0.95
LONGEST_LAG: Final = 64
FIRST_RATIO, FIRST_RATIO_VALUES = 1.4, 20.0
"""The ratio of variances that is assumed at first, and how many values it weighs as."""
DOUBT: Final = 0.5
"""Standard errors by which a correlation of neighbours is taken as higher than it is measured."""
SURE: Final = 1.5
"""Standard errors from which a correlation beyond what it explains is believed."""
MOST_RATIO: Final = 40.0
FIRST_ROUGHNESS, FIRST_ROUGHNESS_VALUES = 2.0, 10.0
"""As `FIRST_RATIO`, of the roughness: that of independent values."""
LEAST_ROUGHNESS: Final = FIRST_ROUGHNESS / MOST_RATIO
BEYOND_CHANCE: Final = 0.1
"""The least part of a variance that is taken to be more than chance: counts are never surely as even as dice."""


OUTLIER: Final = 4.0
"""Standard deviations beyond which a value is learned from as if it were no farther out."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Noise:
    """At each block, from the values before it."""

    deviation: Floats
    """(blocks,): the standard deviation of one value."""
    ratio: Floats
    """(blocks,): the root of the long-run variance over that of one value; 1 without autocorrelation."""
    classes: Floats
    """(blocks, classes): how much wider each volatility class is."""
    freedom: Floats
    """(blocks,): as many values it was measured on."""
    farthest: Floats
    """(blocks,): the farthest of one value, in its standard deviations."""
    least: Floats
    """(blocks,): the deviation that is known to be there by chance alone."""
    roughness: Floats
    """(blocks,): the mean square of the difference of neighbours, over the variance: 2 without autocorrelation."""

    def beside(self, other: Noise, values: float) -> Noise:
        """This one, of which another one was known before, which makes up for what it lacks of so many values."""
        weight = np.minimum(other.freedom, np.maximum(values - self.freedom, 0.0))
        freedom = self.freedom + weight
        variance = (self.freedom * self.deviation**2 + weight * other.deviation**2) / freedom
        return replace(self, deviation=np.sqrt(variance), freedom=freedom)

    def until(self, block: int, other: Noise) -> Noise:
        """This one before a block, and another one from it on."""
        return Noise(
            **{
                each.name: np.concatenate([getattr(self, each.name)[:block], getattr(other, each.name)[block:]])
                for each in fields(self)
            }
        )


def noise(fit: Fit, differences: Floats, *, used: Flags, shocks: Flags, leverage: Floats, least: Floats) -> Noise:
    """Measure the noise on differences from what was expected, each with the leverage of its expectation; `shocks` are
    places that are not learned from, and all the same known to have been as far out as they were; `least` is of each
    place the deviation that is known to be there at least.
    """
    frame, volatility, block = fit.frame, fit.frame.design.volatility, fit.frame.design.block
    weights = used / (1 + leverage)
    standard = np.where(used, differences, 0.0) * np.sqrt(weights)
    known = np.maximum(np.cumsum(weights), 1e-9)
    # The mean of absolute differences is the first measure, which outliers move little.
    clipped = standard
    for _ in range(2):
        rough = MEAN_TO_DEVIATION * np.cumsum(np.abs(clipped) * weights) / known
        clipped = np.clip(standard, -CLIPPED * rough, CLIPPED * rough)
    classes = _classes(fit, clipped, weights=weights)
    clipped = clipped / classes[block, volatility]
    squares = np.cumsum(clipped**2 * weights)
    variance = squares / known
    lately = (squares - _ago(squares)) / np.maximum(known - _ago(known), 1e-9)
    places = np.flatnonzero(used)
    ratio = np.ones(len(used))
    ratio[places] = _long_run(clipped[places], weights[places])
    roughness = np.full(len(used), FIRST_ROUGHNESS)
    roughness[places] = _roughness(clipped[places], weights[places])
    latest = np.maximum.accumulate(np.where(used, np.arange(len(used)), 0))
    last = np.maximum(frame.design.blocks - 1, 0)
    deviation = np.maximum(np.sqrt(np.maximum(variance, RECENT_WEIGHT * lately)), least)
    far = (
        np.abs(np.where(used | shocks, differences, 0.0))
        / np.sqrt(1 + leverage)
        / classes[block, volatility]
        / np.maximum(deviation, np.finfo(np.float64).tiny)
    )
    # What is due to chance alone is known without measuring: only what is beyond it was measured (Satterthwaite 1946).
    beyond = 1 - (least / np.maximum(deviation, np.finfo(np.float64).tiny)) ** 2
    freedom = known
    if frame.design.by_last_year:
        # As many as there are differences, though each weighs half: so many of equal weight say as much (Kish 1965).
        freedom = known**2 / np.maximum(np.cumsum(weights**2), np.finfo(np.float64).tiny)
    freedom = freedom / np.maximum(beyond, BEYOND_CHANCE) ** 2
    started = frame.learned[block] >= LEAST_FOR_SHOCKS
    return Noise(
        deviation=deviation[last],
        ratio=np.sqrt(ratio[latest][last]),
        classes=classes,
        freedom=np.maximum(freedom[last], 3.0),
        farthest=np.maximum.accumulate(np.where(started, far, 0.0))[last],
        least=least[last],
        roughness=roughness[latest][last],
    )


def without_outliers(fit: Fit, measured: Noise, *, values: Floats) -> Floats:
    """Values to learn from: none farther out than an outlier from what its own block expected of it."""
    design = fit.frame.design
    block = design.block
    unit = measured.deviation[block] * measured.classes[block, design.volatility]
    reach = OUTLIER * unit * np.sqrt(1 + measured.ratio[block] ** 2 * fit.own_leverage)
    reach = np.where(fit.frame.learned[block] >= FIRST_RATIO_VALUES, reach, np.inf)
    expected = fit.expected(block, slice(None))
    return np.clip(values, expected - reach, expected + reach)


@dataclass(frozen=True, kw_only=True, eq=False)
class Learned:
    """Values, and of each place what `noise` asks about it."""

    values: Floats
    used: Flags
    shocks: Flags
    least: Floats


def measure(models: Frame, values: Floats, *, about: Learned) -> tuple[Fit, Floats, Noise]:
    """Models fitted to some values, the difference of each value from what its own block expects, and the noise."""
    fitted = fit(models, values, used=about.used)
    own = about.values - fitted.expected(models.design.block, slice(None))
    leverage = fitted.own_leverage
    measured = noise(fitted, own, used=about.used, shocks=about.shocks, leverage=leverage, least=about.least)
    for block in models.design.settled:
        # What was not known of the season in a first year is no noise once it is known.
        first = models.design.blocks[block]
        apart, known = own.copy(), leverage.copy()
        freedom = max(1 - models.rows.shape[1] / max(float(models.learned[block]), 1.0), 0.5)
        apart[:first] = (about.values - fitted.expected(block, slice(None)))[:first] / np.sqrt(freedom)
        known[:first] = 0.0
        anew = noise(fitted, apart, used=about.used, shocks=about.shocks, leverage=known, least=about.least)
        measured = measured.until(block, anew)
    return fitted, own, measured


def _ago(column: Floats) -> Floats:
    return np.concatenate([np.zeros(min(RECENT, len(column))), column[:-RECENT]])


def _classes(fit: Fit, standard: Floats, *, weights: Floats) -> Floats:
    """How much wider each class is than the ordinary one; none is narrower.

    By single values, or by the sums of neighbours of a class where that is more: an end of a quarter that is higher
    than others is so on all of its days.
    """
    volatility = fit.frame.design.volatility
    starts = np.flatnonzero(np.diff(volatility, prepend=volatility[0] - 1))
    ends = np.append(starts[1:], len(volatility)) - 1
    sums, counts = np.zeros(len(standard)), np.zeros(len(standard))
    sums[ends] = np.add.reduceat(standard * np.sqrt(weights), starts)
    counts[ends] = np.add.reduceat(weights, starts)
    alone = _wider(fit, standard**2 * weights, counts=weights)
    result: Floats = np.sqrt(np.maximum(alone, _wider(fit, sums**2, counts=counts)))
    return result


def _wider(fit: Fit, squares: Floats, *, counts: Floats) -> Floats:
    """The variance of each class over that of the ordinary one, by squares of so many values; at least 1."""
    member = (fit.frame.design.volatility[:, None] == np.arange(CLASSES)).astype(np.float64)
    count, square = fit.frame.before(member * counts[:, None]), fit.frame.before(member * squares[:, None])
    ordinary = np.where(count[:, 0] > 5, square[:, 0] / np.maximum(count[:, 0], 1e-9), 0.0)
    whole = square.sum(axis=1) / np.maximum(count.sum(axis=1), 1e-9)
    variance = np.maximum(np.where(ordinary > 0, ordinary, whole), np.finfo(np.float64).tiny)
    wider = (square / variance[:, None] + CLASS_PRIOR) / (count + CLASS_PRIOR)
    wider[:, 0] = 1.0
    return np.maximum(wider, 1.0)


def _long_run(standard: Floats, weights: Floats) -> Floats:
    """The long-run variance over the variance, at each place from what lay up to it.

    What the correlation of neighbours explains (as of an autoregression of order 1), and beyond it the correlations at
    lags of 2 to 3, 4 to 7, 8 to 15 and so on as long as they are surely there: a level that wanders over weeks.
    """
    weighted = standard * np.sqrt(weights)
    squares = np.maximum(np.cumsum(weighted**2), np.finfo(np.float64).tiny)
    values = np.maximum(np.cumsum(weights), 1.0)

    def correlations(lags: range) -> Floats:
        products = np.zeros(len(weighted))
        for lag in lags:
            products[lag:] += weighted[lag:] * weighted[: len(weighted) - lag]
        result: Floats = np.cumsum(products) / squares + len(lags) / values  # estimated ones are too low by 1/n
        return result

    one = correlations(range(1, 2))
    one = np.clip(one + DOUBT / np.sqrt(values), 0.0, 0.9)
    ratio = (1 + one) / (1 - one)
    going, first = np.ones(len(weighted), dtype=np.bool_), 2
    while first <= min(LONGEST_LAG, len(weighted) // 4):
        lags = range(first, 2 * first)
        beyond = correlations(lags) - one**first * (1 - one**first) / (1 - one)
        going &= (beyond > SURE * np.sqrt(first / values)) & (values > 4 * first)
        ratio = ratio + np.where(going, 2 * beyond, 0.0)
        first *= 2
    ratio = (ratio * values + FIRST_RATIO * FIRST_RATIO_VALUES) / (values + FIRST_RATIO_VALUES)
    return np.clip(ratio, 1.0, MOST_RATIO)


def _roughness(standard: Floats, weights: Floats) -> Floats:
    """The mean square of the difference of neighbours over the variance, at each place from what lay up to it."""
    weighted = standard * np.sqrt(weights)
    squares = np.maximum(np.cumsum(weighted**2), np.finfo(np.float64).tiny)
    steps = np.cumsum(np.diff(weighted, prepend=0.0) ** 2)
    values = np.cumsum(weights)
    result = (steps / squares * values + FIRST_ROUGHNESS * FIRST_ROUGHNESS_VALUES) / (values + FIRST_ROUGHNESS_VALUES)
    return np.maximum(result, LEAST_ROUGHNESS)
