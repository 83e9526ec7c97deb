"""The scale on which a series is compared: log for what changes in percent, logit for shares, or as it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from shared.drift.expected import Counts
from shared.drift.series import DriftSettings, Floats, Grain, Kind, Series, Transform

MEAN_TO_DEVIATION: Final = 1.2533
"""Of normal values the standard deviation over the mean absolute one."""
LITTLE: Final = 0.25
"""A standard deviation of logarithms up to which their scale does no harm to values that are not made for it."""
FLOOR: Final = 0.5
"""Of the least value of the reference: what is lower, or not above zero, counts as that on a log scale."""


@dataclass(frozen=True, kw_only=True)
class Scale:
    """A transform, kept from the first reference on, and the values between which it is taken."""

    transform: Transform
    least: float = -np.inf
    most: float = np.inf

    def to(self, values: Floats) -> Floats:
        """Values on the scale."""
        within = np.clip(values, self.least, self.most)
        if self.transform == "log":
            return np.asarray(np.log(within))
        return np.asarray(np.log(within / (1 - within))) if self.transform == "logit" else within

    def back(self, scaled: Floats) -> Floats:
        """Values from the scale."""
        if self.transform == "log":
            return np.asarray(np.exp(scaled))
        return np.asarray(1 / (1 + np.exp(-scaled))) if self.transform == "logit" else scaled


def scale_of(series: Series, settings: DriftSettings, *, first: int) -> Scale:
    """The scale of a series, by its first values."""
    places = np.flatnonzero(~np.isnan(series.values))[:first]
    known = series.values[places]
    weekday = (series.dates[places].astype(np.int64) + 3) % 7
    alike = weekday if series.grain is Grain.DAY else np.zeros_like(weekday)
    transform = settings.transform if settings.transform != "auto" else _chosen(known, settings, alike=alike)
    if transform == "log":
        positive = known[known > 0]
        return Scale(transform=transform, least=FLOOR * float(positive.min()) if positive.size else 1e-12)
    if transform == "logit":
        inside = known[(known > 0) & (known < 1)]
        edge = FLOOR * float(np.minimum(inside, 1 - inside).min()) if inside.size else 1e-6
        return Scale(transform=transform, least=edge, most=1 - edge)
    return Scale(transform="none")


def cut(edge: Floats, series: Series, *, kind: Kind) -> Floats:
    """An edge of a band as far as values can lie: a share is at most 1, and what was never negative is not so now."""
    known = np.where(np.isnan(series.values), 0.0, series.values)
    lowest = np.minimum.accumulate(np.concatenate([[0.0], known]))[:-1]  # of the values before each
    inside = np.where(lowest < 0, edge, np.maximum(edge, 0.0))
    return np.minimum(inside, 1.0) if kind == "shares" else inside


def _chosen(known: Floats, settings: DriftSettings, *, alike: Counts) -> Transform:
    """The scale of values; of each the number of those that it is like but for chance: of its weekday."""
    if not known.size or known.min() <= 0 or settings.kind == "counts":
        return "none"
    if settings.kind == "shares" or known.max() <= 1:
        return "logit" if known.max() < 1 else "none"
    # Box and Cox 1964: how likely the values are on each scale. Where they vary little the two are hardly apart.
    spread, spread_of_logs = _spread(known, alike), _spread(np.log(known), alike)
    if spread == 0 or spread_of_logs == 0:
        return "none"
    as_they_are = -len(known) * np.log(spread)
    as_logs = -len(known) * np.log(spread_of_logs) - np.log(known).sum()
    return "log" if as_logs > as_they_are or spread_of_logs < LITTLE else "none"


def _spread(values: Floats, alike: Counts) -> float:
    """The standard deviation of values around those that they are like, by the mean of absolute differences: on one
    scale a holiday is an outlier and on the other the end of a quarter, and neither alone shall decide.
    """
    apart = np.zeros(len(values))
    for number in np.unique(alike):
        same = alike == number
        apart[same] = np.abs(values[same] - np.median(values[same]))
    return float(MEAN_TO_DEVIATION * apart.mean())
