"""Whether values of many (attainment of participants, discounts of deals) are spread as they were at the same phase.

Differences are judged by permutation: the labels *reference* and *now* are dealt out again, which asks nothing of the
shape of the values and holds for few of them. The population stability index does not: of 50 participants against 50
it exceeds its limit of 0.1 nearly always, without any difference. Below `LEAST` values nothing is judged, but reported.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shared.drift.series import Floats

LEAST = 20
"""Values on each side, from which on a difference is judged."""
QUANTILES = (0.1, 0.5, 0.9)
PERMUTATIONS = 999
MOST_IN_PAIRS = 400
"""Values whose pairs are looked at: more are represented by their quantiles."""
COMMON, FIRST_DEALT, MOST_AT_ONCE = 10, 40, 1000
"""Dealings as far as what was seen, from which on it is known to be common; and how many are dealt at once."""


class ValuesRefusedError(ValueError):
    """Values that cannot be compared; the message says which."""


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What differs between the reference and now.

    `higher` is the probability that a value of now is above one of the reference, ties half (0.5: no difference),
    `apart` how far that is from 0.5, in the standard deviations that chance gives it, and `furthest` the greatest
    distance of the two distribution functions. The p values are by permutation, of Mann-Whitney (a shift) and
    Kolmogorov-Smirnov (any difference), and None where one side has less than `LEAST` values. `quantiles` has, by
    share, what p10, p50 and p90 differ by.
    """

    reference: int
    now: int
    higher: float
    apart: float
    furthest: float
    shift_p: float | None
    any_p: float | None
    quantiles: dict[float, float]


def compare(
    reference: ArrayLike, now: ArrayLike, *, seed: int, permutations: int = PERMUTATIONS, dispersion: float = 1.0
) -> Comparison:
    """Values of the reference and of now, at the same phase. The same seed gives the same p values.

    `dispersion` is by how much more the values of one time differ as a whole from those of another than chance
    explains, as a ratio of variances: differences count for as much less (Laney 2002). It is dealt at most so often,
    and no longer than it takes to see that a difference is none (Besag and Clifford 1991).
    """
    before, after = _values(reference, "reference"), _values(now, "now")
    pooled = np.sort(np.concatenate([before, after]))
    # Of each value the place of its last equal, and its rank, with ties in the middle.
    ranks = (np.searchsorted(pooled, pooled, "left") + np.searchsorted(pooled, pooled, "right") + 1) / 2
    last = np.append(pooled[1:] != pooled[:-1], True)
    is_now = np.zeros(pooled.size, dtype=bool)
    is_now[_places(after, pooled)] = True
    higher, furthest = _shift(is_now[None, :], ranks)[0], _furthest(is_now[None, :], last)[0]
    # Of U / nm with ties (Mann and Whitney 1947): the variance of the ranks over the sizes of both.
    spread = float(np.sqrt(ranks.var(ddof=1) * pooled.size / (before.size * after.size) / pooled.size**2))
    shift_p = any_p = None
    if min(before.size, after.size) >= LEAST:
        seen = np.array([abs(higher - 0.5), furthest]) / np.sqrt(dispersion)
        shift_p, any_p = _dealt(is_now, ranks, last=last, seen=seen, seed=seed, permutations=permutations)
    differences = np.quantile(after, QUANTILES) - np.quantile(before, QUANTILES)
    return Comparison(
        reference=before.size,
        now=after.size,
        higher=float(higher),
        apart=float((higher - 0.5) / spread) if spread > 0 else 0.0,
        furthest=float(furthest),
        shift_p=shift_p,
        any_p=any_p,
        quantiles=dict(zip(QUANTILES, map(float, differences), strict=True)),
    )


def _dealt(
    is_now: NDArray[np.bool_], ranks: Floats, *, last: NDArray[np.bool_], seen: Floats, seed: int, permutations: int
) -> tuple[float, float]:
    """The p values of a shift and of any difference: the share of dealings that are as far as what was seen, itself
    among them (Phipson and Smyth 2010), or of those up to the one that shows it to be common.
    """
    rng = np.random.default_rng(seed)
    as_far = np.zeros((0, 2), dtype=bool)
    while len(as_far) < permutations and as_far.sum(axis=0).min() < COMMON:
        some = min(max(len(as_far), FIRST_DEALT), permutations - len(as_far), MOST_AT_ONCE)
        dealt = rng.permuted(np.tile(is_now, (some, 1)), axis=1)
        distances = np.stack([np.abs(_shift(dealt, ranks) - 0.5), _furthest(dealt, last)], axis=1)
        as_far = np.concatenate([as_far, distances >= seen - 1e-12])
    shift_p, any_p = (_share(as_far[:, column]) for column in (0, 1))
    return shift_p, any_p


def _share(as_far: NDArray[np.bool_]) -> float:
    common = np.flatnonzero(as_far)
    if len(common) >= COMMON:
        return COMMON / float(common[COMMON - 1] + 1)
    return (1 + len(common)) / (1 + len(as_far))


def smallest_shift(
    reference: ArrayLike, now: int, *, level: float = 0.05, power: float = 0.8, dispersion: float = 1.0
) -> float:
    """How far `now` values like the reference must be moved to be told from it with this power (Noether 1987)."""
    before, normal = _values(reference, "reference"), NormalDist()
    needed = (
        (normal.inv_cdf(1 - level / 2) + normal.inv_cdf(power)) * _spread_of_higher(before.size, now) * dispersion**0.5
    )
    # Moved by the quantile of pairwise differences, so large a share of pairs has the moved value above the other.
    few = before if before.size <= MOST_IN_PAIRS else np.quantile(before, np.linspace(0, 1, MOST_IN_PAIRS))
    differences = (few[None, :] - few[:, None]).ravel()
    return float(np.quantile(differences, min(1.0, 0.5 + needed)))


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


def _spread_of_higher(reference: int, now: int) -> float:
    """The standard deviation of the probability that a value is above another, without a difference."""
    return float(((reference + now + 1) / (12 * reference * now)) ** 0.5)
