"""What is known of the noise of counts and shares before it is measured: that of chance."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, log2, sqrt
from typing import Final

import numpy as np

from shared.drift.counts import Binomial, Law, Poisson
from shared.drift.families import BINOMIAL, POISSON, Family
from shared.drift.normal import quantile
from shared.drift.series import DriftSettings, Floats, Series

FEW: Final = 10.0
"""Events on a date below which a single date says nothing: one event more is no shock."""
WIDEST: Final = 10.0
"""How many times fewer or more trials than usual a date is taken to have at most."""
RAREST: Final = 0.02
"""Events on a date: what is rarer is taken as that."""
LEAST_OF_DATE: Final = 0.1
"""Of the events that are usual, those that a date is taken to have at least."""
CONTRADICTED: Final = 0.01
"""The chance of counts to vary as little as values that are taken for no counts."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Chance:
    """Of each place what chance alone does to its value, with the usual number of trials, or the usual exposure."""

    spread: Floats
    """The standard deviation of each, relative to the usual one."""
    least: Floats
    """The standard deviation, as is known up to each place."""
    rate: Floats
    """Events in an exposure of 1, or of a trial, as is known up to each place."""
    mean: Floats
    """Events, as is known up to each place."""
    trials: int
    """The usual number of trials; 0 of events without a bound."""
    few: bool
    """Whether the first values were made of few events."""

    @property
    def family(self) -> Family:
        """How events scatter that are bounded by trials, and others."""
        return BINOMIAL if self.trials else POISSON

    def variance_at(self, place: int) -> float:
        """Of the value of one trial, or of an exposure of 1."""
        return float(self.family.variance(self.rate[place]))

    def bounds_at(self, place: int) -> tuple[float, float]:
        """Between which the expected values of some dates lie: no date has nearly no events, or nearly all."""
        rate = float(self.rate[place])
        return LEAST_OF_DATE * rate, 1 - LEAST_OF_DATE * (1 - rate) if self.trials else inf

    def law_at(self, place: int) -> Law | None:
        """Of the events of one date as it is known up to a place, about, where they are few."""
        events = float(self.mean[place])
        rarer = min(events, self.trials - events) if self.trials else events
        if rarer >= FEW:
            return None
        # By doublings, so that few charts are solved.
        about = 2.0 ** round(log2(max(rarer, RAREST)))
        if not self.trials:
            return Poisson(expected=about)
        trials = 2 ** round(log2(self.trials))
        share = min(about / trials, 0.5)
        return Binomial(trials=trials, share=share if rarer == events else 1 - share)


def chance_of(series: Series, settings: DriftSettings, *, first: int) -> Chance | None:
    """Of whole numbers of events, by date or per exposure, and of shares of whole numbers of trials; None of other
    values.
    """
    exposure, events = series.denominators, series.numerators
    if exposure is not None and events is not None and settings.kind != "continuous":
        known = ~(np.isnan(exposure) | np.isnan(events))
        if settings.kind != "auto" or are_shares(series):
            events, exposure = (np.where(known, column, 0.0) for column in (events, exposure))
            return _of_events(events, exposure, bounded=settings.kind != "counts", first=first)
    known = ~np.isnan(series.values)
    beginning = series.values[known][:first]
    if settings.kind == "counts" or (settings.kind == "auto" and are_counts(beginning)):
        return _of_events(np.where(known, series.values, 0.0), known.astype(np.float64), bounded=False, first=first)
    return None


def are_shares(series: Series) -> bool:
    """Whether the values of a series are shares of whole numbers of trials."""
    if series.numerators is None or series.denominators is None:
        return False
    known = ~(np.isnan(series.denominators) | np.isnan(series.numerators))
    events, trials = series.numerators[known], series.denominators[known]
    return _whole(trials) and _whole(events) and bool((events <= trials).all())


def are_counts(values: Floats) -> bool:
    """Whether values are few events, as far as can be seen: whole numbers that vary as counts do. Scores from 3 to 5
    are whole numbers too, and vary less.
    """
    if not _whole(values) or values.mean() >= FEW:
        return False
    freedom = len(values) - 1
    if not freedom or not values.any():
        return True
    # Of counts it is distributed as chi-squared (Fisher 1925), of which the quantile is by Wilson and Hilferty 1931.
    dispersion = float(((values - values.mean()) ** 2).sum() / values.mean())
    part = 2 / (9 * freedom)
    return dispersion > freedom * max(1 - part + quantile(CONTRADICTED) * sqrt(part), 0.0) ** 3


def _of_events(events: Floats, exposure: Floats, *, bounded: bool, first: int) -> Chance:
    """Of events among trials where they are bounded, and otherwise of events in an exposure, such as dates."""
    usual = float(np.median(exposure[exposure > 0][:first])) if exposure.any() else 1.0
    rate = (np.cumsum(events) + 0.5) / np.maximum(np.cumsum(exposure) + bounded, 1e-9)
    trials = max(round(usual), 1) if bounded else 0
    variance = np.maximum((BINOMIAL if bounded else POISSON).variance(rate), 0.0)
    mean = rate * (trials or usual)
    return Chance(
        spread=np.sqrt(np.clip(usual / np.maximum(exposure, 1e-9), 1 / WIDEST, WIDEST)),
        least=np.sqrt(variance / usual),
        rate=rate,
        mean=mean,
        trials=trials,
        few=float(mean[min(first, len(mean)) - 1]) < FEW,
    )


def _whole(values: Floats) -> bool:
    return bool(values.size) and bool((values == np.round(values)).all()) and bool((values >= 0).all())
