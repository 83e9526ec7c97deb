"""The normal distribution over arrays, and Student's t as a normal one."""

from __future__ import annotations

from math import erfc, exp, log, pi, sqrt
from statistics import NormalDist
from typing import Final

import numpy as np

from shared.drift.series import Floats

_STANDARD: Final = NormalDist()
_ERFC: Final = np.frompyfunc(erfc, 1, 1)


def density(values: Floats) -> Floats:
    """Of the standard normal distribution at each value."""
    result: Floats = np.exp(-0.5 * np.square(values)) / sqrt(2 * pi)
    return result


def below(values: Floats) -> Floats:
    """The probability that a standard normal value lies below each value."""
    result: Floats = 0.5 * np.asarray(_ERFC(-np.asarray(values) / sqrt(2)), dtype=np.float64)
    return result


def quantile(probability: float) -> float:
    """The value below which a standard normal one lies with a probability, also a very small one."""
    return _STANDARD.inv_cdf(probability)


def student(z: float, freedom: float) -> float:
    """The value of Student's t that is exceeded as seldom as a standard normal value.

    By Wallace 1959: from 5 degrees of freedom on to 0.3 percent.
    """
    scaled = z * (8 * freedom + 3) / (8 * freedom + 1)
    return float(np.sign(z)) * sqrt(freedom * (exp(min(scaled**2 / freedom, 500.0)) - 1))


def student_as_normal(t: float, freedom: float) -> float:
    """The inverse of `student`."""
    return float(np.sign(t)) * (8 * freedom + 1) / (8 * freedom + 3) * sqrt(freedom * log(1 + t**2 / freedom))
