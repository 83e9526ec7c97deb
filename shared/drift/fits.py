"""Models fitted at each block of a design, to what lay before it, and how uncertain each then is of what comes.

A sum of what values differ from their expectation by has two parts of variance: the noise of each value, and what all
share, that the expectation itself is uncertain. With a short reference the second is the larger one.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from shared.calendars import CompanyCalendar
from shared.drift.expected import FREE, MODELS, Counts, Design, Flags, design
from shared.drift.series import Floats, Grain


@dataclass(frozen=True, kw_only=True)
class Known:
    """Of a series what its fits depend on beside its values, so that series of the same dates share them."""

    dates: bytes
    """int64 days."""
    grain: Grain
    calendar: CompanyCalendar
    present: bytes
    """Of each place whether there is a value to judge."""
    used: bytes
    """Of each place whether its value is learned from."""
    steps: tuple[int, ...]
    """Places from which on the level is another one, by a new normal."""
    seasons: tuple[bytes, ...]
    """Of each season that came back, how much of each place lies in it."""
    spread: bytes
    """Of each place the standard deviation of its noise relative to that of the others."""
    window: int
    """How many places from a block on its model is held against."""
    by_last_year: bool = False
    """See `design`."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Model:
    """A model at each block. Covariances are in variances of the noise; columns are places from the block on.

    The second and third are worked out of those blocks that somebody asks about.
    """

    covariance: Floats
    """(blocks, effects, effects)."""
    volume: Floats
    """(blocks,): twice the logarithm of what a model loses in evidence for the effects that it has."""
    leverage: Floats
    """(blocks, window): the variance of the expected value."""
    inflation: Floats
    """(blocks, window): the variance of a sum of standardised differences from the block's start on, per value."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Frame:
    """The design of a series with its models, before any value is looked at."""

    design: Design
    rows: Floats
    """Of the design and the steps, each divided by the spread of its place."""
    models: tuple[Model, ...]
    places: Counts
    """(blocks, window): the place of each column; past the end the last one."""
    here: Flags
    """(blocks, window): whether there is a value to judge."""
    learned: Counts
    """(blocks,): how many values lay before."""

    def before(self, column: Floats) -> Floats:
        """Of each block the sum of a column over the places before it."""
        sums = np.add.reduceat(column, self.design.blocks, axis=0)
        result: Floats = np.cumsum(sums, axis=0) - sums
        return result

    def uncertainty(self, best: Counts) -> tuple[Floats, Floats]:
        """Leverage and inflation of each block's best model."""
        for number, model in enumerate(self.models):
            blocks = np.flatnonzero((best == number) & np.isnan(model.inflation[:, 0]))
            for some in np.array_split(blocks, max(1, len(blocks) // BLOCKS_AT_ONCE)):
                self._work_out(model, some)
        blocks = np.arange(len(best))
        leverage, inflation = (
            np.stack([getattr(model, name) for model in self.models])[best, blocks]
            for name in ("leverage", "inflation")
        )
        return leverage, inflation

    def _work_out(self, model: Model, blocks: Counts) -> None:
        covariance, ahead, here = model.covariance[blocks], self.rows[self.places[blocks]], self.here[blocks]
        leverage = np.maximum(np.einsum("bwe,bwe->bw", ahead @ covariance, ahead), 0)
        weights = here / np.sqrt(1 + leverage)
        summed = np.cumsum(ahead * weights[:, :, None], axis=1)
        shared = np.einsum("bwe,bwe->bw", summed @ covariance, summed)
        own = np.cumsum(weights**2, axis=1)
        model.leverage[blocks] = leverage
        model.inflation[blocks] = np.where(own > 0, (own + shared) / np.maximum(np.cumsum(here, axis=1), 1), 1.0)


BLOCKS_AT_ONCE = 32
"""Bounds the memory, however long a series is."""


@lru_cache(maxsize=8)
def frame(known: Known) -> Frame:
    """The models of a series at each of its blocks."""
    plan = design(known.dates, known.grain, calendar=known.calendar, by_last_year=known.by_last_year)
    count = len(plan.rows)
    present, used = np.frombuffer(known.present, dtype=np.bool_), np.frombuffer(known.used, dtype=np.bool_)
    steps = np.arange(count)[:, None] >= np.array(known.steps, dtype=np.int64)
    seasons = [np.frombuffer(season, dtype=np.float64)[:, None] for season in known.seasons]
    rows = np.concatenate([plan.rows, *seasons, steps], axis=1) / np.frombuffer(known.spread, dtype=np.float64)[:, None]
    places = plan.blocks[:, None] + np.arange(known.window)
    here = places < count
    places = np.minimum(places, count - 1)
    here &= present[places]
    learned = rows * used[:, None]
    ends = [*plan.blocks[1:], count]
    sums = np.stack(
        [learned[first:last].T @ learned[first:last] for first, last in zip(plan.blocks, ends, strict=True)]
    )
    gram = np.cumsum(sums, axis=0) - sums
    values = np.add.reduceat(used.astype(np.int64), plan.blocks)
    free = np.full((len(plan.blocks), len(known.seasons) + len(known.steps)), FREE)
    return Frame(
        design=plan,
        rows=rows,
        models=_models(gram, np.concatenate([plan.widths, free], axis=1), plan=plan, shape=places.shape),
        places=places,
        here=here,
        learned=np.cumsum(values) - values,
    )


def _models(gram: Floats, widths: Floats, *, plan: Design, shape: tuple[int, ...]) -> tuple[Model, ...]:
    precision = gram.copy()
    effects = np.arange(gram.shape[1])
    precision[:, effects, effects] += widths**-2
    covariance = np.asarray(np.linalg.inv(precision), dtype=np.float64)
    volume = np.linalg.slogdet(precision)[1] + 2 * np.log(widths).sum(axis=1)
    models = []
    for dropped in plan.dropped:
        without = np.flatnonzero(dropped)
        least, given = covariance, volume
        if without.size:
            # The others given that these are none: their covariance, and the volume, by the Schur complement.
            own = covariance[:, without[:, None], without]
            across = covariance[:, :, without]
            least = covariance - across @ np.linalg.solve(own, across.transpose(0, 2, 1))
            given = volume + np.linalg.slogdet(own)[1] - 2 * np.log(widths[:, without]).sum(axis=1)
        models.append(
            Model(covariance=least, volume=given, leverage=np.full(shape, np.nan), inflation=np.full(shape, np.nan))
        )
    return tuple(models)


@dataclass(frozen=True, kw_only=True, eq=False)
class Fit:
    """At each block the model of most evidence, fitted to the values before it."""

    frame: Frame
    effects: Floats
    """(blocks, effects)."""
    best: Counts
    """(blocks,): the number of the model."""
    leverage: Floats
    inflation: Floats
    """(blocks, window): see `Model`."""
    has_season: Flags
    """(blocks,)."""
    deviation: Floats
    """(blocks,): the standard deviation of what is left over of the values before."""
    least: Floats
    most: Floats
    """(blocks,): of the values before."""

    @property
    def own_leverage(self) -> Floats:
        """Of each place as its own block has it."""
        design = self.frame.design
        result: Floats = self.leverage[design.block, np.arange(len(design.block)) - design.blocks[design.block]]
        return result

    def supported(self, expected: Floats, *, block: int | Counts, places: slice | Counts) -> Floats:
        """What is expected of places, beyond all values before only as far as is sure: where a trend and an end of a
        period meet for the first time, none of them is known to go on.
        """
        level = self.frame.rows[:, 0][places]  # 1 over the spread of each place
        most, least = self.most[block] * level, self.least[block] * level
        beyond = (expected > most) | (expected < least)
        if not beyond.any():
            return expected
        whose = np.broadcast_to(block, expected.shape)[beyond]
        rows = self.frame.rows[np.arange(len(self.frame.rows))[places][beyond]]
        covariance = np.stack([self.frame.models[self.best[one]].covariance[one] for one in whose.tolist()])
        leverage = np.einsum("ne,nef,nf->n", rows, covariance, rows, optimize=True)
        doubt = np.zeros(expected.shape)
        doubt[beyond] = DOUBT * self.deviation[whose] * np.sqrt(np.maximum(leverage, 0.0))
        below = np.where(expected > most, np.maximum(most, expected - doubt), expected)
        return np.where(below < least, np.minimum(least, below + doubt), below)

    def expected(self, block: int | Counts, places: slice | Counts) -> Floats:
        """What the model of a block expects at some places, or of each place its own block."""
        rows, effects = self.frame.rows[places], self.effects[block]
        result: Floats = rows @ effects if effects.ndim == 1 else np.einsum("ne,ne->n", rows, effects)
        return self.supported(result, block=block, places=places)

    def ahead(self, block: int, places: Counts) -> Floats:
        """What the model of a block expects at some places, however far ahead: its trend goes on for a quarter and no
        longer, which is half of what the model is held against.
        """
        frame = self.frame
        last = min(int(frame.design.blocks[block]) + frame.places.shape[1] // 2, len(frame.rows) - 1)
        # The first effect is the level: 1 over the spread of each place.
        apart = (frame.design.rows[np.minimum(places, last)] - frame.design.rows[places]) * frame.rows[places, :1]
        grows = np.flatnonzero(frame.design.grows)
        result: Floats = self.expected(block, places) + apart[:, grows] @ self.effects[block, grows]
        return result


DOUBT = 4.0
"""Standard errors by which what is expected beyond all values before is taken as less far out."""
TEMPER = 1.5
"""How much less values say than independent ones: evidence of correlated ones is discounted by it."""


def fit(frame: Frame, values: Floats, *, used: Flags) -> Fit:
    """Fit models to values, which are around zero, and 0 where they are missing."""
    learned = np.where(used, values, 0.0)
    moments = frame.before(frame.rows * learned[:, None])
    squares = frame.before(learned**2)
    fitted = [np.einsum("bij,bj->bi", model.covariance, moments) for model in frame.models]
    evidence = np.stack(
        [
            -0.5 * model.volume - 0.5 / TEMPER * frame.learned * np.log(_unexplained(squares, moments, effects=effects))
            for model, effects in zip(frame.models, fitted, strict=True)
        ]
    )
    evidence[1:, ~frame.design.decided] = -np.inf
    best = np.argmax(evidence, axis=0)
    leverage, inflation = frame.uncertainty(best)
    effects = np.stack(fitted)[best, np.arange(len(best))]
    has_season = ~np.isin(best, [number for number, without in enumerate(MODELS) if "season" in without])
    left = _unexplained(squares, moments, effects=effects)
    known = values / frame.rows[:, 0]
    before = frame.design.blocks - 1
    most = np.maximum.accumulate(np.where(used, known, -np.inf))[before]
    least = np.minimum.accumulate(np.where(used, known, np.inf))[before]
    most[0], least[0] = np.inf, -np.inf
    return Fit(
        frame=frame,
        effects=effects,
        best=best,
        leverage=leverage,
        inflation=inflation,
        has_season=has_season,
        deviation=np.sqrt(left / np.maximum(frame.learned, 1)),
        least=np.where(np.isfinite(least), least, -np.inf),
        most=np.where(np.isfinite(most), most, np.inf),
    )


def _unexplained(squares: Floats, moments: Floats, *, effects: Floats) -> Floats:
    explained = np.einsum("bi,bi->b", moments, effects)
    result: Floats = np.maximum(squares - explained, 1e-9 * squares + np.finfo(np.float64).tiny)
    return result
