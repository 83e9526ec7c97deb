"""Exact run lengths of control charts on independent standard normal values, and the limits that give a wanted one.

An average run length (ARL) is how many values a chart sees until it signals: of the ARL without a change (ARL0) follow
the false alarms, of that after a change the delay. `shift` is the change of the mean in standard deviations. The
integral equations (Page 1954; Lucas and Crosier 1982 for CUSUM, Crowder 1987 for EWMA) are solved at Gauss-Legendre
nodes (Nyström), where the kernels are smooth: to more digits than tables print.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from math import ceil, log, sqrt
from typing import Final

import numpy as np

from shared.drift.normal import below, density, quantile
from shared.drift.series import Floats

_NODES_PER_SD: Final = 4
"""Nodes for each standard deviation of a kernel; Gauss-Legendre needs about pi for spectral convergence."""
_FEWEST_NODES: Final = 24
_LEAST_LIMIT, _GREATEST_LIMIT = 0.0, 100.0
_RELATIVE: Final = 1e-10


def cusum_arl(limit: float, *, slack: float, shift: float = 0.0) -> float:
    """The ARL of an upper one-sided CUSUM from zero: S' = max(0, S + x - slack), a signal at S' > limit."""
    nodes, weights = _gauss_legendre(0.0, limit, spread=1.0)
    # From where a sum stands: it falls to zero (an atom), or moves to a node. The atom is the first unknown.
    places = np.concatenate([[0.0], nodes])
    step = slack - shift - places[:, None]
    moves = np.concatenate([below(step), weights * density(nodes + step)], axis=1)
    return float(np.linalg.solve(np.eye(len(places)) - moves, np.ones(len(places)))[0])


def two_sided_cusum_arl(limit: float, *, slack: float, shift: float = 0.0) -> float:
    """The ARL of an upper and a lower CUSUM together; their rates of signals add up (Kemp 1961)."""
    up, down = (cusum_arl(limit, slack=slack, shift=sign * shift) for sign in (1, -1))
    return 1 / (1 / up + 1 / down)


def ewma_arl(limit: float, *, weight: float, shift: float = 0.0) -> float:
    """The ARL of a two-sided EWMA from zero, Z' = (1 - weight) Z + weight x, which signals beyond `limit` of its
    standard deviations in the long run.
    """
    reach = limit * sqrt(weight / (2 - weight))
    nodes, weights = _gauss_legendre(-reach, reach, spread=weight)

    def moves(places: Floats) -> Floats:
        return weights * density((nodes - (1 - weight) * places[:, None]) / weight - shift) / weight

    at_nodes = np.linalg.solve(np.eye(len(nodes)) - moves(nodes), np.ones(len(nodes)))
    return float(1 + (moves(np.zeros(1)) @ at_nodes)[0])


def shewhart_arl(limit: float, *, shift: float = 0.0) -> float:
    """The ARL of a two-sided Shewhart chart, which signals at one value beyond `limit` standard deviations."""
    return float(1 / below(np.array([shift - limit, -shift - limit])).sum())


@lru_cache(maxsize=4096)
def cusum_limit(arl: float, *, slack: float) -> float:
    """The limit of a two-sided CUSUM of which the ARL0 is `arl` values.

    Raises:
        ValueError: no chart has so short or so long a run.
    """

    def missing(limit: float) -> float:
        return log(two_sided_cusum_arl(limit, slack=slack)) - log(arl)

    low = _LEAST_LIMIT + 1e-6
    if missing(low) > 0:
        raise ValueError(f"a CUSUM with slack {slack} runs longer than {arl} values, whatever its limit")
    # Siegmund's approximation (1985) is near: the run length grows like exp(2 slack limit).
    high = max(1.0, (log(max(arl, 2.0)) + 3) / (2 * slack))
    if high > _GREATEST_LIMIT:
        raise ValueError(f"no limit of a CUSUM with slack {slack} is known for {arl} values")
    return _root(missing, low=low, high=high)


@lru_cache(maxsize=1024)
def shewhart_limit(arl: float) -> float:
    """The limit of a two-sided Shewhart chart of which the ARL0 is `arl` values, more than one."""
    return -quantile(0.5 / arl)


def arl_of_budget(false_alarms_per_year: float, *, values_per_year: float, series: int = 1) -> float:
    """The ARL0 that each series may have at least, so that all together give so many false alarms in a year.

    Raises:
        ValueError: no number of false alarms above zero, or no series.
    """
    if false_alarms_per_year <= 0 or series < 1 or values_per_year <= 0:
        raise ValueError("false alarms a year, values a year and the number of series must be more than zero")
    return max(series * values_per_year / false_alarms_per_year, _SHORTEST_RUN)


_SHORTEST_RUN: Final = 10.0
"""Whoever accepts more false alarms than that is not helped by a limit."""


def _gauss_legendre(low: float, high: float, *, spread: float) -> tuple[Floats, Floats]:
    """Nodes and weights on an interval, as many as a kernel of that standard deviation needs."""
    count = max(_FEWEST_NODES, ceil(_NODES_PER_SD * (high - low) / spread))
    nodes, weights = _standard_nodes(count)
    half = (high - low) / 2
    return low + half * (nodes + 1), half * weights


@lru_cache(maxsize=256)
def _standard_nodes(count: int) -> tuple[Floats, Floats]:
    nodes, weights = np.polynomial.legendre.leggauss(count)
    return nodes, weights


def _root(function: Callable[[float], float], *, low: float, high: float) -> float:
    """Where an ascending function, nearly a straight line, is zero: false position, halved where an end stays."""
    at_low, at_high = function(low), function(high)
    while high - low > _RELATIVE * high:
        middle = low - at_low * (high - low) / (at_high - at_low)
        found = function(middle)
        if abs(found) < _RELATIVE:
            return middle
        if found < 0:
            low, at_low, at_high = middle, found, at_high / 2
        else:
            high, at_high, at_low = middle, found, at_low / 2
    return (low + high) / 2
