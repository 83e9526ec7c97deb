"""What tiers, steps and points give at a value."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

from tests.reference_model.facts import Data, number


def looked_up(at: Fraction, spec: Data, boundary: str) -> Fraction:
    """What steps or points give."""
    if not spec.get("points"):
        return number(reached_tier(at, spec["steps"], boundary)["gives"])
    points = [(number(point["at"]), number(point["gives"])) for point in spec["points"]]
    if at <= points[0][0]:
        return points[0][1]
    for (low, from_), (high, to) in pairwise(points):
        if at <= high:
            return from_ + (at - low) / (high - low) * (to - from_)
    return points[-1][1]


def reached_tier(at: Fraction, tiers: list[Data], boundary: str) -> Data:
    """The tier in which a value lies; on a boundary the one that ends there, or with `upper` the one that begins."""
    for tier in tiers:
        end = tier.get("up_to")
        if end is None or at < number(end) or (at == number(end) and boundary == "lower"):
            return tier
    raise AssertionError(tiers)


def pays_each(tier: Data) -> Fraction:
    """What a tier pays of, or for, each 1 of what lies in it."""
    return number(
        tier["amount"] if tier.get("rate") is None and tier.get("amount") is not None else tier.get("rate", 0)
    )
