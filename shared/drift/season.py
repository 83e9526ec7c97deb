"""Whether a change in a first year, when no season is known yet, may be the season.

A step and a yearly wave both move the values; a step at once, and a wave slowly. The likelihood of all values so far
under each says which it is, each with a prior for its size (Bayes factor).
"""

from __future__ import annotations

from typing import Final

import numpy as np

from shared.drift.expected import Flags
from shared.drift.fits import Frame
from shared.drift.series import Floats

STEP: Final = 2.0
"""The width of the prior of a step, in long-run standard deviations of the noise."""
MARGIN: Final = 3.5
"""By how much the logarithm of the evidence for a step has to be greater."""


def may_be_season(frame: Frame, values: Floats, *, used: Flags, onset: int, alarm: int) -> bool:
    """Whether what changed at an onset and is an alarm now is explained as well by a season; `values` in long-run
    standard deviations of their noise.
    """
    design = frame.design
    block = int(design.block[alarm])
    if design.season is None or design.decided[design.block[onset]]:
        return False
    places = np.flatnonzero(used[: alarm + 1])
    rows, seen = frame.rows[places], values[places]
    steps = rows.shape[1] - design.rows.shape[1]
    without = np.append(np.where(design.season > 0, 0.0, design.widths[block]), np.full(steps, 1e3))
    wave = np.append(np.where(design.season > 0, design.season, design.widths[block]), np.full(steps, 1e3))
    after = (places >= onset).astype(np.float64)[:, None]
    step = _evidence(np.concatenate([rows, after], axis=1), seen, widths=np.append(without, STEP))
    return step < _evidence(rows, seen, widths=wave) + MARGIN


def _evidence(rows: Floats, values: Floats, *, widths: Floats) -> float:
    """The logarithm of the likelihood of values with noise 1 and effects with normal priors, but for a constant."""
    scaled = rows * widths
    inner = np.eye(scaled.shape[1]) + scaled.T @ scaled
    moments = scaled.T @ values
    return float(0.5 * moments @ np.linalg.solve(inner, moments) - 0.5 * np.linalg.slogdet(inner)[1])
