"""What a rate table gives, axis by axis."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from tests.reference_model.facts import Data, convention, number
from tests.reference_model.formulas import worked_out
from tests.reference_model.lookups import reached_tier

if TYPE_CHECKING:
    from tests.reference_model.evaluation import Evaluation


def in_table(values: Any, axes: list[Data], here: Evaluation, deal: Data | None = None) -> Fraction:
    """What a table gives; `deal` are the columns of the deal, and what is credited of it."""
    if not axes:
        return number(values)
    axis, rest = axes[0], axes[1:]
    if axis.get("category"):
        own = here.category(axis["category"])
        if own in axis["of"]:
            return in_table(values[axis["of"].index(own)], rest, here, deal)
        return in_table(values[-1], rest, here, deal) if axis.get("others") else Fraction(0)
    if axis.get("deal") is not None and axis.get("of"):
        told = (deal or {}).get(axis["deal"])
        told = {True: "yes", False: "no"}.get(told, told) if isinstance(told, bool) else told
        return in_table(values[axis["of"].index(told) if told in axis["of"] else -1], rest, here, deal)
    if axis.get("deal") is not None:
        columns = deal or {}
        at = Fraction(worked_out(str(axis["deal"]), lambda name, _: columns.get(name) or Fraction(0)))
    elif axis.get("attainment"):
        at = here.attainment(axis["attainment"])
    else:
        at = here.value(axis["amount"]) if axis.get("amount") else Fraction(here.formula(axis["formula"]))
    if axis.get("up_to"):
        tiers = [{"up_to": end, "values": each} for end, each in zip([*axis["up_to"], None], values, strict=True)]
        return in_table(reached_tier(at, tiers, convention(here.plan, "boundary"))["values"], rest, here, deal)
    points = [
        {"at": mark, "gives": in_table(each, rest, here, deal)} for mark, each in zip(axis["at"], values, strict=True)
    ]
    return _between([(number(p["at"]), p["gives"]) for p in points], at)


def _between(points: list[tuple[Fraction, Fraction]], at: Fraction) -> Fraction:
    at = max(points[0][0], min(at, points[-1][0]))
    (low, from_), (high, to) = next(pair for pair in pairwise(points) if at <= pair[1][0])
    return from_ + (at - low) / (high - low) * (to - from_)
