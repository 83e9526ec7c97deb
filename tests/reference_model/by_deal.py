"""What each deal pays by itself: slabs, and flat rates that round each deal."""

from __future__ import annotations

from fractions import Fraction

from tests.reference_model.evaluation import named
from tests.reference_model.facts import Data, convention, number
from tests.reference_model.lookups import pays_each, reached_tier


def is_by_deal(component: Data, plan: Data) -> bool:
    """Whether it pays every deal by itself: slabs, and with `round_on: deal` flat rates that are the same for all."""
    if component["kind"] != "flat" or isinstance(component["rate"], dict):
        return bool(component["kind"] == "slab")
    measure = named(plan["measures"], "measure", component["measure"])
    return convention(plan, "round_on") == "deal" and bool(measure.get("sum_of"))


def each_deal(component: Data, amount: Fraction, plan: Data) -> Fraction:
    """What one credit pays by itself under a slab or at a flat rate, not rounded."""
    if component["kind"] == "flat":
        return amount * number(component["rate"])
    return slab_pays(component.get("marginal", False), component["tiers"], amount, plan)


def slab_pays(marginal: bool, tiers: list[Data], amount: Fraction, plan: Data) -> Fraction:
    """What a deal of a size pays."""
    if not marginal:
        tier = reached_tier(amount, tiers, convention(plan, "boundary"))
        return amount * number(tier.get("rate", 0)) + number(tier.get("amount", 0))
    return in_tiers(amount, tiers, Fraction(1))


def in_tiers(value: Fraction, tiers: list[Data], unit: Fraction) -> Fraction:
    """What the parts of a value pay that lie in each tier."""
    found, low = Fraction(0), None
    for tier in tiers:
        high = None if tier.get("up_to") is None else number(tier["up_to"]) * unit
        upper = value if high is None else min(value, high)
        inside = upper if low is None else max(upper - low, Fraction(0))
        found += inside * pays_each(tier)
        low = high
    return found
