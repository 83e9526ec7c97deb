"""Whether values of many (attainment of participants, discounts of deals) are spread as they were at the same phase.

Differences are judged by permutation: the labels *reference* and *now* are dealt out again, which asks nothing of the
shape of the values and holds for few of them. The population stability index does not: of 50 participants against 50
it exceeds its limit of 0.1 nearly always, without any difference. Below `LEAST` values nothing is judged, but reported.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shared.drift.series import Floats

LEAST = 20
"""Values on each side, from which on a difference is judged."""
QUANTILES = (0.1, 0.5, 0.9)
ATTAINMENT_BANDS = (0.5, 0.8, 1.0, 1.2)
"""Edges of the bands of attainment: below 50 %, to 80, to 100, to 120, above. One on an edge is in the upper band."""
PERMUTATIONS = 999
RESAMPLES = 999


class ValuesRefusedError(ValueError):
    """Values that cannot be compared; the message says which."""


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What differs between the reference and now.

    `higher` is the probability that a value of now is above one of the reference, ties half (0.5: no difference), and
    `furthest` the greatest distance of the two distribution functions. The p values are by permutation, of Mann-Whitney
    (a shift) and Kolmogorov-Smirnov (any difference), and None where one side has less than `LEAST` values.
    `quantiles` has, by share, what p10, p50 and p90 differ by; `detectable` the smallest shift, up or down, that these
    numbers of values would show in 80 of 100 cases.
    """

    reference: int
    now: int
    higher: float
    furthest: float
    shift_p: float | None
    any_p: float | None
    quantiles: dict[float, float]
    detectable: float | None

    @property
    def is_judged(self) -> bool:
        """Whether there were enough values."""
        return self.shift_p is not None


def compare(reference: ArrayLike, now: ArrayLike, *, seed: int, permutations: int = PERMUTATIONS) -> Comparison:
    """Values of the reference and of now, at the same phase. The same seed gives the same p values."""
    before, after = _values(reference, "reference"), _values(now, "now")
    judged = min(before.size, after.size) >= LEAST
    pooled = np.sort(np.concatenate([before, after]))
    # Of each value the place of its last equal, and its rank, with ties in the middle.
    ranks = (np.searchsorted(pooled, pooled, "left") + np.searchsorted(pooled, pooled, "right") + 1) / 2
    last = np.append(pooled[1:] != pooled[:-1], True)
    is_now = np.zeros(pooled.size, dtype=bool)
    is_now[_places(after, pooled)] = True
    higher, furthest = _shift(is_now[None, :], ranks)[0], _furthest(is_now[None, :], last)[0]
    shift_p = any_p = None
    if judged:
        dealt = np.random.default_rng(seed).permuted(np.tile(is_now, (permutations, 1)), axis=1)
        shift_p = _share_as_far(np.abs(_shift(dealt, ranks) - 0.5), abs(higher - 0.5))
        any_p = _share_as_far(_furthest(dealt, last), furthest)
    differences = np.quantile(after, QUANTILES) - np.quantile(before, QUANTILES)
    return Comparison(
        reference=before.size,
        now=after.size,
        higher=float(higher),
        furthest=float(furthest),
        shift_p=shift_p,
        any_p=any_p,
        quantiles=dict(zip(QUANTILES, map(float, differences), strict=True)),
        detectable=smallest_shift(before, after.size) if judged else None,
    )


def power_of_shift(reference: ArrayLike, now: int, *, shift: float, level: float = 0.05) -> float:
    """The probability that `now` values like the reference, moved by `shift`, are told from it (Noether 1987)."""
    before = _values(reference, "reference")
    differences = before[:, None] + shift - before[None, :]
    higher = float(np.mean(differences > 0) + np.mean(differences == 0) / 2)
    normal = NormalDist()
    distance = abs(higher - 0.5) / _spread_of_higher(before.size, now)
    critical = normal.inv_cdf(1 - level / 2)
    return normal.cdf(distance - critical) + normal.cdf(-distance - critical)


def smallest_shift(reference: ArrayLike, now: int, *, level: float = 0.05, power: float = 0.8) -> float:
    """How far `now` values like the reference must be moved to be told from it with this power (Noether 1987)."""
    before, normal = _values(reference, "reference"), NormalDist()
    needed = (normal.inv_cdf(1 - level / 2) + normal.inv_cdf(power)) * _spread_of_higher(before.size, now)
    # Moved by the quantile of pairwise differences, so large a share of pairs has the moved value above the other.
    differences = (before[None, :] - before[:, None]).ravel()
    return float(np.quantile(differences, min(1.0, 0.5 + needed)))


@dataclass(frozen=True, kw_only=True)
class BandShares:
    """The shares of values in each band, lowest first, and the p value by permutation of their chi-squared distance
    (None below `LEAST` values).
    """

    reference: tuple[float, ...]
    now: tuple[float, ...]
    p: float | None


def compare_bands(
    reference: ArrayLike,
    now: ArrayLike,
    *,
    seed: int,
    edges: Sequence[float] = ATTAINMENT_BANDS,
    permutations: int = PERMUTATIONS,
) -> BandShares:
    """Whether other shares of values than before lie in the bands. By permutation: bands may hold one value or none."""
    before, after = _values(reference, "reference"), _values(now, "now")
    bands = np.searchsorted(np.asarray(edges), np.concatenate([before, after]), "right")
    is_now = np.arange(bands.size) >= before.size
    members = np.eye(len(edges) + 1)[bands]
    counts = members.T @ is_now, members.T @ ~is_now
    p = None
    if min(before.size, after.size) >= LEAST:
        expected = members.sum(axis=0) * after.size / bands.size
        dealt = np.random.default_rng(seed).permuted(np.tile(is_now, (permutations, 1)), axis=1)
        # With both totals fixed, chi-squared of the whole table is a multiple of this.
        weights = np.divide(1.0, expected, out=np.zeros_like(expected), where=expected > 0)
        distances = ((dealt @ members - expected) ** 2) @ weights
        p = _share_as_far(distances, float(((counts[0] - expected) ** 2) @ weights))
    return BandShares(
        reference=tuple(map(float, counts[1] / before.size)), now=tuple(map(float, counts[0] / after.size)), p=p
    )


def false_discovery_rates(p_values: Sequence[float]) -> list[float]:
    """Of each p value the least false discovery rate at which it counts as found (Benjamini and Hochberg 1995)."""
    p = np.asarray(p_values, dtype=np.float64)
    if p.size == 0:
        return []
    order = np.argsort(p, kind="stable")[::-1]
    scaled = np.minimum.accumulate(p[order] * p.size / np.arange(p.size, 0, -1))
    rates = np.empty_like(p)
    rates[order] = np.minimum(scaled, 1.0)
    return [float(rate) for rate in rates]


def persists(found: Sequence[bool], *, least: int = 2, of: int = 3) -> list[bool]:
    """For each look whether at least so many of the last looks found something, itself among them."""
    return [bool(each) and sum(found[max(0, at - of + 1) : at + 1]) >= least for at, each in enumerate(found)]


def gini(values: ArrayLike) -> float:
    """How unequal values are: 0 where all are alike, near 1 where one has everything. 0 of values that are all zero."""
    ordered = np.sort(_values(values, "values"))
    if ordered[0] < 0:
        raise ValuesRefusedError("concentration is one of amounts that are not negative")
    total = ordered.sum()
    ranks = np.arange(1, ordered.size + 1)
    return float((2 * ranks - ordered.size - 1) @ ordered / (ordered.size * total)) if total > 0 else 0.0


def top_share(values: ArrayLike, part: float = 0.1) -> float:
    """What share of the total the highest `part` of the values have, at least one of them. 0 of a total of zero."""
    ordered = np.sort(_values(values, "values"))[::-1]
    if ordered[-1] < 0:
        raise ValuesRefusedError("concentration is one of amounts that are not negative")
    total = ordered.sum()
    return float(ordered[: max(1, round(part * ordered.size))].sum() / total) if total > 0 else 0.0


@dataclass(frozen=True, kw_only=True)
class Interval:
    """A statistic and where it may lie; `low` and `high` are None where there are less than `LEAST` values."""

    value: float
    low: float | None
    high: float | None


def bootstrap(values: ArrayLike, statistic: Callable[[Floats], float], *, seed: int, level: float = 0.95) -> Interval:
    """A statistic of the values with its percentile interval over values drawn again (Efron 1979)."""
    given = _values(values, "values")
    value = float(statistic(given))
    if given.size < LEAST:
        return Interval(value=value, low=None, high=None)
    rows = np.random.default_rng(seed).integers(0, given.size, (RESAMPLES, given.size))
    drawn = [statistic(given[row]) for row in rows]
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    return Interval(value=value, low=float(low), high=float(high))


def _values(values: ArrayLike, what: str) -> Floats:
    found = np.asarray(values, dtype=np.float64).ravel()
    if found.size == 0:
        raise ValuesRefusedError(f"{what}: no values")
    if not np.all(np.isfinite(found)):
        raise ValuesRefusedError(f"{what}: a value is no number")
    return found


def _places(values: Floats, pooled: Floats) -> NDArray[np.intp]:
    """Where values stand among all, each on a place of its own."""
    ordered = np.sort(values)
    first = np.searchsorted(pooled, ordered, "left")
    # Equal values stand on neighbouring places: the nth of them n places on.
    repeated = np.arange(ordered.size) - np.searchsorted(ordered, ordered, "left")
    return np.asarray(first + repeated, dtype=np.intp)


def _shift(is_now: NDArray[np.bool_], ranks: Floats) -> Floats:
    """For each dealing the probability that a value of now is above one of the reference: Mann-Whitney's U / nm."""
    now = int(is_now[0].sum())
    before = is_now.shape[1] - now
    return np.asarray((is_now @ ranks - now * (now + 1) / 2) / (now * before))


def _furthest(is_now: NDArray[np.bool_], last: NDArray[np.bool_]) -> Floats:
    """For each dealing the greatest distance of the two distribution functions: Kolmogorov-Smirnov's D."""
    now = int(is_now[0].sum())
    steps = np.where(is_now, 1 / now, -1 / (is_now.shape[1] - now))
    return np.asarray(np.abs(np.cumsum(steps, axis=1)[:, last]).max(axis=1))


def _share_as_far(dealt: Floats, seen: float) -> float:
    """The p value: the share of dealings that are as far, the one seen among them (Phipson and Smyth 2010)."""
    return float((1 + np.count_nonzero(dealt >= seen - 1e-12)) / (1 + dealt.size))


def _spread_of_higher(reference: int, now: int) -> float:
    """The standard deviation of the probability that a value is above another, without a difference."""
    return float(((reference + now + 1) / (12 * reference * now)) ** 0.5)
