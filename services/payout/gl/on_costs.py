"""Employer's on-costs of an entry: the rate of all its pay, rounded once, and shared out so that the shares sum to it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal

from services.payout.gl.entry import Dimensions
from services.payout.gl.policy import OnCosts


def shares(bases: Mapping[Dimensions, int], rate: Decimal) -> dict[Dimensions, int]:
    """`rate` of the sum of the bases, in whole minor units, over the bases by largest remainder."""
    exact = {key: rate * amount for key, amount in sorted(bases.items())}
    whole = {key: int(share.to_integral_value(ROUND_FLOOR)) for key, share in exact.items()}
    total = int(sum(exact.values(), Decimal(0)).to_integral_value(ROUND_HALF_UP))
    largest = sorted(exact, key=lambda key: whole[key] - exact[key])
    for key in largest[: total - sum(whole.values())]:
        whole[key] += 1
    return whole


def on_cost_lines(
    sums: Mapping[tuple[str, str, Dimensions], int], on_costs: OnCosts | None
) -> Iterator[tuple[str, str, Dimensions, int]]:
    """Source, account, dimensions and amount of the lines that on-costs add to an entry."""
    if on_costs is None:
        return
    bases: Counter[Dimensions] = Counter()
    for (source, _, dimensions), amount in sums.items():
        if source in on_costs.of:
            bases[dimensions] += amount
    parts = shares(bases, on_costs.rate)
    for dimensions, amount in parts.items():
        yield "on_cost", on_costs.expense, dimensions, amount
    yield "on_cost", on_costs.liability, (), -sum(parts.values())
