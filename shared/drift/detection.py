"""Whether a series drifts: a walk over its dates that looks at no later one."""

from __future__ import annotations

from typing import Final

import numpy as np

from shared.drift.series import (
    Alert,
    Assessment,
    Direction,
    DriftSettings,
    Episode,
    Floats,
    Grain,
    Recovery,
    Rule,
    Series,
    State,
    Transform,
)

LEAST_REFERENCE: Final = {Grain.DAY: 40, Grain.WEEK: 13, Grain.MONTH: 12, Grain.QUARTER: 8}
"""Values that have to be known before one is judged."""
POINTS_PER_YEAR: Final = {Grain.DAY: 260, Grain.WEEK: 52, Grain.MONTH: 12, Grain.QUARTER: 4}
WITHIN: Final = {Grain.DAY: 20, Grain.WEEK: 6, Grain.MONTH: 3, Grain.QUARTER: 2}
SLACK: Final = 0.5
CLEARED: Final = 0.7
IN_BAND: Final = 1.96


def assess(series: Series, settings: DriftSettings | None = None) -> Assessment:
    """Assess a series as a live system would have done on each of its dates."""
    settings = settings or DriftSettings()
    transform = _transform(series, settings)
    seen = _transformed(series.values, transform)
    seen = (
        seen
        if settings.minimum_observations <= 0 or series.observations is None
        else np.where(series.observations < settings.minimum_observations, np.nan, seen)
    )
    used = ~np.isnan(seen)
    for span in settings.excluded:
        first, last = np.datetime64(span.first, "D"), np.datetime64(span.last, "D")
        used &= ~((series.dates >= first) & (series.dates <= last))
    expected, spread = np.full(len(series), np.nan), np.full(len(series), np.nan)
    scores, states = np.full(len(series), np.nan), [State.LEARNING] * len(series)
    limit = _limit(settings, series.grain)
    reference: list[float] = []
    waiting: list[float] = []
    sums, begins = {Direction.UP: 0.0, Direction.DOWN: 0.0}, {Direction.UP: 0, Direction.DOWN: 0}
    episodes: list[Episode] = []
    drifting: Direction | None = None
    for place, value in enumerate(seen):
        if len(reference) < LEAST_REFERENCE[series.grain]:
            reference += [value] if used[place] else []
            continue
        expected[place] = np.mean(reference)
        spread[place] = np.std(reference, ddof=1) * np.sqrt(1 + 1 / len(reference))
        states[place] = states[place - 1] if states[place - 1] is not State.LEARNING else State.STEADY
        scores[place] = scores[place - 1]
        if np.isnan(value) or spread[place] == 0:
            continue
        z = (value - expected[place]) / spread[place]
        for direction, sign in ((Direction.UP, 1.0), (Direction.DOWN, -1.0)):
            sums[direction] = min(max(0.0, sums[direction] + sign * z - SLACK), 2 * limit)
            begins[direction] = place if sums[direction] == 0 else begins[direction]
        leading = max(sums, key=lambda direction: sums[direction])
        scores[place] = (1 if leading is Direction.UP else -1) * sums[leading] / limit
        waiting += [value] if used[place] else []
        if sums[leading] == 0 or abs(scores[place]) < 0.5:
            reference, waiting = reference + waiting, []
        if drifting is None:
            bad = settings.bad in (leading.value, "both")
            if abs(scores[place]) >= 1 and bad:
                drifting = leading
                onset = min(begins[leading] + 1, place)
                alert = Alert(
                    detected_on=series.dates[place].item(),
                    onset=series.dates[onset].item(),
                    direction=leading,
                    score=float(scores[place]),
                    rule=Rule.CUSUM,
                    value=float(_back(np.nanmean(seen[onset : place + 1], keepdims=True), transform)[0]),
                    expected=float(_back(expected[place], transform)),
                )
                episodes.append(Episode(alerts=(alert,)))
                states[place] = State.DRIFTING
            else:
                states[place] = State.SUSPECT if abs(scores[place]) >= 0.5 else State.STEADY
        elif abs(scores[place]) < CLEARED and abs(z) < IN_BAND:
            episodes[-1] = Episode(
                alerts=episodes[-1].alerts, recovered_on=series.dates[place].item(), recovery=Recovery.BACK
            )
            drifting, waiting, states[place] = None, [], State.RECOVERED
    within = WITHIN[series.grain]
    change = None
    if len(series) and not np.isnan(expected[-1]) and spread[-1] > 0:
        centre = _back(expected[-1], transform)
        moved = _back(expected[-1] + (limit / within + SLACK) * spread[-1], transform)
        change = abs(float((moved - centre) / centre)) if centre else None
    return Assessment(
        series=series,
        state=states[-1] if states else State.LEARNING,
        expected=_back(expected, transform),
        low=_back(expected - IN_BAND * spread, transform),
        high=_back(expected + IN_BAND * spread, transform),
        scores=scores,
        states=states,
        episodes=episodes,
        transform=transform,
        smallest_change=change,
        within=within,
    )


def _limit(settings: DriftSettings, grain: Grain) -> float:
    """The limit of a two-sided CUSUM (k = 0.5) of the wanted run length, by Siegmund's approximation."""
    wanted = 2 * POINTS_PER_YEAR[grain] * settings.watched / settings.false_alarms_per_year
    low, high = 0.0, 50.0
    for _ in range(60):
        middle = (low + high) / 2
        reach = middle + 1.166
        run = (np.exp(2 * SLACK * reach) - 2 * SLACK * reach - 1) / (2 * SLACK**2)
        low, high = (middle, high) if run < wanted else (low, middle)
    return high


def _transform(series: Series, settings: DriftSettings) -> Transform:
    if settings.transform != "auto":
        return settings.transform
    first = series.values[~np.isnan(series.values)][: LEAST_REFERENCE[series.grain]]
    if settings.kind == "shares" or (first.size and first.max() < 1 and first.min() > 0):
        return "logit"
    return "log" if first.size and first.min() > 0 else "none"


def _transformed(values: Floats, transform: Transform) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        if transform == "log":
            moved = np.log(values)
        elif transform == "logit":
            moved = np.log(values) - np.log1p(-values)
        else:
            moved = values
    return np.where(np.isfinite(moved), moved, np.nan)


def _back(values: Floats, transform: Transform) -> Floats:
    if transform == "none":
        return values
    back: Floats = np.exp(values) if transform == "log" else 1 / (1 + np.exp(-values))
    return back
