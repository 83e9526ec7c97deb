"""What drove a change: which segments, along which dimension (product, territory, plan, manager), by how much.

A ratio of sums (discount of list price, cost of sales) is the mean of its segments' rates, weighted with their shares
of the denominator. Between a reference span and the span since the onset the contribution of a segment is

    rate:  mean share * change of its rate
    mix:   change of its share * (its mean rate - the whole's mean rate)

and the contributions sum to the change of the whole, exactly (the midpoint form, as of Marshall and Edgeworth, has no
rest). A value that is a sum per date (deals, disputes) has one denominator for all: each segment contributes what it
changed by. A small segment that surely changed stands before a large one that always varies: segments are ordered by
how much of their contribution is beyond their own noise.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shared.drift.series import Floats

SURELY = 3.0
"""Standard errors of a segment's contribution that are taken for its noise."""
TOP = 5
PRIOR = 4


class NotComparableError(ValueError):
    """Spans or sums of which no change can be told; the message says why."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Segments:
    """The sums of one dimension: a row for each segment, a column for each date (or week, or month).

    `denominators` is None for a value that is a sum; its change is then one of the mean per date.
    """

    names: Sequence[str]
    numerators: Floats
    denominators: Floats | None = None

    def __post_init__(self) -> None:
        columns = [self.numerators] if self.denominators is None else [self.numerators, self.denominators]
        if any(each.ndim != 2 or each.shape[0] != len(self.names) for each in columns):
            raise NotComparableError("sums have a row for each segment and a column for each date")
        if any(not np.all(np.isfinite(each)) for each in columns) or len({each.shape for each in columns}) > 1:
            raise NotComparableError("sums are finite, and numerators have their denominators beside them")


def segments_of(rows: Mapping[str, tuple[ArrayLike, ArrayLike] | ArrayLike], *, ratio: bool) -> Segments:
    """The segments of a dimension from rows by name: numerators and denominators of a ratio, or values."""
    if not ratio:
        return Segments(names=list(rows), numerators=np.array(list(rows.values()), dtype=np.float64))
    pairs = np.array(list(rows.values()), dtype=np.float64)
    return Segments(names=list(rows), numerators=pairs[:, 0], denominators=pairs[:, 1])


@dataclass(frozen=True, kw_only=True)
class Driver:
    """A segment's part of the change, in the unit of the KPI: `rate` and `mix` sum to `contribution`.

    `before` and `after` are its own values (None where it had no denominator), `share_before` and `share_after` its
    shares of the denominator. `surely` is what is left of the contribution beyond its noise, 0 where nothing is.
    """

    dimension: str
    segment: str
    contribution: float
    rate: float
    mix: float
    surely: float
    before: float | None
    after: float | None
    share_before: float
    share_after: float


@dataclass(frozen=True, kw_only=True)
class DrivenBy:
    """What drove a change along one dimension: its segments, first those that did it most surely.

    `explains` says how far the change lies in some segments more than in others: standard deviations above what an even
    change of all of them would show. Near 0, or below, the change is everywhere alike along this dimension.
    """

    dimension: str
    explains: float
    drivers: tuple[Driver, ...]


@dataclass(frozen=True, kw_only=True)
class Change:
    """The change of a KPI between two spans, and what drove it: the dimension that explains it best comes first."""

    before: float
    after: float
    dimensions: tuple[DrivenBy, ...]

    @property
    def delta(self) -> float:
        """After less before, in the unit of the KPI."""
        return self.after - self.before

    def top(self, *, other_than: Container[str] = ()) -> tuple[Driver, ...]:
        """The first drivers of the dimension that explains the change best; where it is one of some, then also those of
        the first that is none of them.
        """
        first = self.dimensions[:1]
        others = [each for each in self.dimensions if each.dimension not in other_than][:1]
        told = dict.fromkeys([*first, *others])
        return tuple(driver for each in told for driver in each.drivers[:TOP])


def drivers(
    dimensions: Mapping[str, Segments],
    *,
    reference: NDArray[np.bool_],
    since: NDArray[np.bool_],
    upward: bool | None = None,
) -> Change:
    """What drove the change from the dates of `reference` to those of `since` (masks over the columns).

    `upward` is the direction of the alert; without it segments are ordered by what they did in that of the change.
    Every dimension divides the same whole, so that each has the same change.

    Raises:
        NotComparableError: an empty span, one without a denominator, spans that overlap, or dimensions of two wholes.
    """
    if not dimensions:
        raise NotComparableError("a change is driven along one dimension at least")
    if not reference.any() or not since.any() or (reference & since).any():
        raise NotComparableError("the reference and the span since the onset have dates, and none in common")
    found = [
        _driven_by(name, segments, spans=(_span(segments, reference), _span(segments, since)), upward=upward)
        for name, segments in dimensions.items()
    ]
    wholes = [whole for whole, _ in found]
    if not np.allclose(wholes, wholes[0]):
        raise NotComparableError("the dimensions do not divide the same whole")
    ordered = sorted((driven for _, driven in found), key=lambda driven: -driven.explains)
    return Change(before=wholes[0][0], after=wholes[0][1], dimensions=tuple(ordered))


@dataclass(frozen=True, kw_only=True, eq=False)
class _Span:
    """The sums of a dimension on the dates of a span: a row for each segment."""

    above: Floats
    below: Floats
    additive: bool

    @property
    def dates(self) -> int:
        return int(self.above.shape[1])

    @cached_property
    def total(self) -> float:
        """The whole's denominator; of sums per date the dates."""
        return float(self.dates if self.additive else self.below.sum())

    @cached_property
    def rates(self) -> Floats:
        """NaN where a segment has no denominator."""
        return _ratio(self.above.sum(axis=1), self.below.sum(axis=1))

    @cached_property
    def shares(self) -> Floats:
        """Of the denominator: all of it, for sums per date."""
        return np.asarray(self.below.sum(axis=1) / self.total)

    def by_rate(self) -> Floats:
        """Per segment the sum of squares by which its numerators vary about its rate."""
        residuals = self.above - np.nan_to_num(self.rates)[:, None] * self.below
        return np.asarray((residuals**2).sum(axis=1))

    def by_share(self) -> Floats:
        """Per segment the sum of squares by which its shares of the denominator vary about their mean."""
        if self.additive:
            return np.zeros(len(self.above))
        shares = _ratio(self.below, np.broadcast_to(self.below.sum(axis=0), self.below.shape))
        return np.asarray(np.nansum((shares - self.shares[:, None]) ** 2, axis=1))


def _span(segments: Segments, dates: NDArray[np.bool_]) -> _Span:
    above, below = segments.numerators[:, dates], segments.denominators
    additive = below is None
    return _Span(above=above, below=np.ones_like(above) if below is None else below[:, dates], additive=additive)


def _driven_by(
    dimension: str, segments: Segments, *, spans: tuple[_Span, _Span], upward: bool | None
) -> tuple[tuple[float, float], DrivenBy]:
    """Of one dimension the whole's value before and after, and its segments."""
    before, after = spans
    if not before.total or not after.total:
        raise NotComparableError(f"{dimension}: a span without a denominator has no ratio")
    start, end = (float(span.above.sum() / span.total) for span in spans)
    moved = after.shares - before.shares
    contribution = (
        after.above.sum(axis=1) / after.total - before.above.sum(axis=1) / before.total - (start + end) / 2 * moved
    )
    both = np.isfinite(before.rates) & np.isfinite(after.rates)
    rate = np.where(both, (before.shares + after.shares) / 2 * (after.rates - before.rates), 0.0)
    # A segment that came or went is a matter of the mix; one that never had a denominator has nothing but its rate.
    rate = np.where(both | (moved != 0), rate, contribution)
    size = _sizes(*spans)
    noise = _noise(*spans, size=size, whole=(start + end) / 2)
    surely = np.sign(contribution) * np.maximum(np.abs(contribution) - SURELY * noise, 0.0)
    # In the direction of the alert first; where nothing is left beyond the noise, by how many times the noise it is.
    direction = 1.0 if (end >= start if upward is None else upward) else -1.0
    # Below this nothing varies, and sums of floats leave a trace only.
    trace = 1e-9 * max(abs(start), abs(end), 1e-300)
    times = contribution / np.maximum(noise, trace)
    drivers = tuple(
        Driver(
            dimension=dimension,
            segment=segments.names[at],
            contribution=float(contribution[at]),
            rate=float(rate[at]),
            mix=float(contribution[at] - rate[at]),
            surely=float(surely[at]),
            before=_known(before.rates[at]),
            after=_known(after.rates[at]),
            share_before=float(before.shares[at]),
            share_after=float(after.shares[at]),
        )
        for at in np.lexsort((-direction * times, -direction * surely))
    )
    explains = _unevenness(contribution - (end - start) * size, noise, trace=trace)
    return (start, end), DrivenBy(dimension=dimension, explains=explains, drivers=drivers)


def _sizes(before: _Span, after: _Span) -> Floats:
    """How large segments are, in all 1: by denominator, and of sums per date by the sums themselves."""
    of = [np.abs((span.above if span.additive else span.below).sum(axis=1)) / span.total for span in (before, after)]
    weights = np.asarray(of[0] + of[1])
    return weights / weights.sum() if weights.any() else np.full(len(weights), 1 / len(weights))


def _noise(before: _Span, after: _Span, *, size: Floats, whole: float) -> Floats:
    """The standard error of each segment's contribution, from how its rate and its share vary among a span's dates.

    What few dates say of a segment is drawn towards what its size lets expect, as if that had been seen on `PRIOR`
    dates more.
    """
    freedom = max(1, before.dates + after.dates - 2)
    rates = np.where(np.isfinite(before.rates), before.rates, after.rates)
    aside = np.nan_to_num((rates + np.where(np.isfinite(after.rates), after.rates, rates)) / 2 - whole)
    # One variance of a date, pooled over both spans, makes that of a sum and of a mean over each span's dates.
    of_sums = before.dates / before.total**2 + after.dates / after.total**2
    of_means = 1 / before.dates + 1 / after.dates
    squares = (before.by_rate() + after.by_rate()) * of_sums
    squares += (before.by_share() + after.by_share()) * of_means * aside**2
    return np.asarray(np.sqrt((squares + PRIOR * squares.sum() * size / freedom) / (freedom + PRIOR)))


def _unevenness(differences: Floats, noise: Floats, *, trace: float) -> float:
    """How far contributions differ from an even change: Cochran's Q, in standard deviations above its mean."""
    others = len(differences) - 1
    if others < 1 or np.any(noise <= trace):
        return 0.0
    return float((((differences / noise) ** 2).sum() - others) / (2 * others) ** 0.5)


def _ratio(above: Floats, below: Floats) -> Floats:
    """NaN where there is no denominator."""
    return np.divide(above, below, out=np.full_like(above, np.nan), where=below != 0)


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
