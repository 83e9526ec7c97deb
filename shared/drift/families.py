"""How values scatter around a mean: the natural exponential families of sums, of counts and of shares.

In each of them the likelihood ratio of two levels is a straight line in the value, and the likeliest level of several
values that of their mean (Morris 1982).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from shared.drift.series import Floats


@dataclass(frozen=True, kw_only=True)
class Family:
    """The values of a mean, but for how much they scatter.

    A level is how far the natural parameter of a mean is from that of what is expected: of normal values a difference,
    of counts the logarithm of a ratio of rates, of shares that of a ratio of odds.
    """

    variance: Callable[[Floats], Floats]
    """By the mean, of a value of weight 1."""
    natural: Callable[[Floats], Floats]
    """The natural parameter of a mean."""
    cumulant: Callable[[Floats, float], Floats]
    """Of values of an expected mean, at a level."""
    least: float = -np.inf
    most: float = np.inf
    """Between them all values lie."""


NORMAL: Final = Family(
    variance=lambda mean: np.ones_like(mean),
    natural=lambda mean: mean,
    cumulant=lambda expected, level: expected * level + level * level / 2,
)
POISSON: Final = Family(
    variance=lambda mean: mean,
    natural=np.log,
    cumulant=lambda expected, level: expected * np.expm1(level),
    least=0.0,
)
BINOMIAL: Final = Family(
    variance=lambda mean: mean * (1 - mean),
    natural=lambda mean: np.log(mean / (1 - mean)),
    cumulant=lambda expected, level: np.log1p(expected * np.expm1(level)),
    least=0.0,
    most=1.0,
)
