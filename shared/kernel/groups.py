"""Everyone on a plan in a period together: who they are, and amounts divided among them to the cent."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from fractions import Fraction

from shared.kernel.at import At


def grouped(at: At) -> list[list[int]]:
    """The rows of each period, in the order of participants."""
    rows: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for number, (participant, period) in enumerate(at.rows.select("participant_id", "period").iter_rows()):
        rows[period].append((participant, number))
    return [[number for _, number in sorted(members)] for members in rows.values()]


def divided(amount: Fraction, weights: Sequence[Fraction], digits: int) -> list[Fraction]:
    """An amount, rounded to the smallest unit, in shares by weight that sum to it: what is left over goes to the largest rests."""
    whole = sum(weights, Fraction(0))
    if not whole:
        return [Fraction(0)] * len(weights)
    units = round(abs(amount) * 10**digits)
    exact = [units * weight / whole for weight in weights]
    given = [int(share) for share in exact]
    by_rest = sorted(range(len(exact)), key=lambda place: (given[place] - exact[place], place))
    for place in by_rest[: units - sum(given)]:
        given[place] += 1
    sign = -1 if amount < 0 else 1
    return [Fraction(sign * share, 10**digits) for share in given]
