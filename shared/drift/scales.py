"""The scales on which changes are compared: what changes in percent by its logarithm, shares by their logit."""

from __future__ import annotations

import numpy as np

from shared.drift.series import Floats, Transform


def on_scale(values: Floats, transform: Transform) -> Floats:
    """Values on a scale; what has no place on it, such as the logarithm of zero, is NaN."""
    with np.errstate(divide="ignore", invalid="ignore"):
        if transform == "log":
            moved = np.log(values)
        elif transform == "logit":
            moved = np.log(values) - np.log1p(-values)
        else:
            moved = values
    return np.where(np.isfinite(moved), moved, np.nan)


def from_scale(values: Floats, transform: Transform) -> Floats:
    """Values of a scale, back in the unit of the series."""
    if transform == "none":
        return values
    back: Floats = np.exp(values) if transform == "log" else 1 / (1 + np.exp(-values))
    return back
