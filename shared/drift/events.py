"""What is known of the noise of counts and shares before it is measured: that of chance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from shared.drift.series import DriftSettings, Floats, Series

FEW: Final = 10.0
"""Events on a date below which a single date says nothing: one event more is no shock."""
WIDEST: Final = 10.0
"""How many times fewer or more trials than usual a date is taken to have at most."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Chance:
    """Of each place what chance alone does to its value."""

    spread: Floats
    """The standard deviation of each, relative to the one of the usual number of trials."""
    least: Floats
    """The standard deviation of a value of the usual number of trials, as is known up to each place."""
    few: bool
    """Whether the first values were made of few events."""


def chance_of(series: Series, settings: DriftSettings, *, first: int) -> Chance | None:
    """Of whole numbers of events, and of shares of whole numbers of trials; None of other values."""
    trials, events = series.denominators, series.numerators
    if trials is not None and events is not None and settings.kind in ("auto", "shares"):
        known = ~(np.isnan(trials) | np.isnan(events))
        if settings.kind == "shares" or (_whole(trials[known]) and _whole(events[known]) and _within(events, trials)):
            return _of_shares(np.where(known, events, 0.0), np.where(known, trials, 0.0), first=first)
    known = ~np.isnan(series.values)
    beginning = series.values[known][:first]
    if settings.kind in ("auto", "counts") and beginning.size and _whole(beginning) and 0 <= beginning.mean() < FEW:
        return _of_counts(np.where(known, series.values, 0.0), known.astype(np.float64), first=first)
    return None


def _of_shares(events: Floats, trials: Floats, *, first: int) -> Chance:
    usual = float(np.median(trials[trials > 0][:first])) if trials.any() else 1.0
    share = (np.cumsum(events) + 0.5) / (np.cumsum(trials) + 1.0)
    spread = np.sqrt(np.clip(usual / np.maximum(trials, 1e-9), 1 / WIDEST, WIDEST))
    few = float(share[min(first, len(share) - 1)]) * usual < FEW
    return Chance(spread=spread, least=np.sqrt(np.maximum(share * (1 - share), 0.0) / usual), few=few)


def _of_counts(events: Floats, dates: Floats, *, first: int) -> Chance:
    mean = (np.cumsum(events) + 0.5) / np.maximum(np.cumsum(dates), 1.0)
    return Chance(spread=np.ones(len(events)), least=np.sqrt(mean), few=float(events[:first].mean()) < FEW)


def _whole(values: Floats) -> bool:
    return bool(values.size) and bool((values == np.round(values)).all()) and bool((values >= 0).all())


def _within(events: Floats, trials: Floats) -> bool:
    known = ~(np.isnan(trials) | np.isnan(events))
    return bool((events[known] <= trials[known]).all())
