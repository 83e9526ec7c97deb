"""What each kind of component pays for where a participant stands: before gate, multipliers and limits, and not
rounded.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from tests.reference_model.by_deal import in_tiers, is_by_deal
from tests.reference_model.dependencies import in_turn
from tests.reference_model.evaluation import Evaluation, named, own_tiers
from tests.reference_model.facts import Data, convention, number, rounded, shared_out
from tests.reference_model.lookups import looked_up, pays_each, reached_tier
from tests.reference_model.tables import in_table
from tests.reference_model.turns import paid_in_turn

Group = list[Evaluation]
"""Everyone on the plan version in the period, in the order of names."""


def pays(component: Data, here: Evaluation, group: Group) -> Fraction:
    """What a component pays in its window so far, before gate, multipliers and limits."""
    if in_turn(component):
        return _unless_below_zero(component, here, paid_in_turn(component, here))
    return _KINDS[component["kind"]](component, here, group)  # type: ignore[no-any-return]


def factor(component: Data, here: Evaluation) -> Fraction:
    """All multipliers together."""
    found = Fraction(1)
    for each in component.get("multiply", ()):
        if each.get("by") is not None:
            found *= here.formula(each["by"])
        elif each.get("axes"):
            found *= in_table(each["values"], each["axes"], here)
        elif each.get("category") is not None:
            found *= number(each["of"].get(here.category(each["category"]), each.get("others", 0)))
        else:
            found *= looked_up(_on(each, here, "attainment"), each, convention(here.plan, "boundary"))
    return found


def _on(spec: Data, here: Evaluation, default: str, name: str | None = None) -> Fraction:
    measure = name or spec["measure"]
    return here.attainment(measure) if spec.get("on", default) == "attainment" else here.value(measure)


def _flat(component: Data, here: Evaluation, group: Group) -> Fraction:
    if is_by_deal(component, here.plan):
        return _slab(component, here, group)
    return here.value(component["measure"]) * here.figure(component["rate"])


def _per_unit(component: Data, here: Evaluation, _: Group) -> Fraction:
    return here.value(component["measure"]) * here.figure(component["amount"])


def _graduated(component: Data, here: Evaluation, _: Group) -> Fraction:
    value, unit = here.value(component["measure"]), Fraction(1)
    if component.get("on", "amount") == "attainment":
        unit = here.quota(component["measure"])
        if unit <= 0:  # all of it lies in the tier of the attainment that the convention names
            attained = Fraction(1 if convention(here.plan, "zero_quota") == "full" and value > 0 else 0)
            return value * pays_each(reached_tier(attained, own_tiers(component, here), "lower"))
    return in_tiers(value, own_tiers(component, here), unit)


def _whole(component: Data, here: Evaluation, _: Group) -> Fraction:
    decides = _on(component, here, "amount", component.get("by") or component["measure"])
    tier = reached_tier(decides, own_tiers(component, here), convention(here.plan, "boundary"))
    return here.value(component["measure"]) * pays_each(tier)


def _curve(component: Data, here: Evaluation, _: Group) -> Fraction:
    at = _on(component, here, "attainment")
    if component.get("threshold") is not None and at < number(component["threshold"]):
        return Fraction(0)
    share = looked_up(at, component, convention(here.plan, "boundary"))
    if component.get("points") and component.get("beyond") == "onward":
        (low, from_), (high, to) = ((number(p["at"]), number(p["gives"])) for p in component["points"][-2:])
        if at > high:
            share = to + (at - high) * (to - from_) / (high - low)
    return here.figure(component["target"]) * share


def _bonus(component: Data, here: Evaluation, _: Group) -> Fraction:
    if component.get("amount") is not None:
        return here.figure(component["amount"])
    at = _on(component, here, "attainment")
    come = [here.figure(m["amount"]) for m in component["milestones"] if at >= number(m["at"])]
    if component.get("highest"):
        return come[-1] if come else Fraction(0)
    return sum(come, Fraction(0))


def _formula(component: Data, here: Evaluation, _: Group) -> Fraction:
    return Fraction(here.formula(component["amount"]))


def _slab(component: Data, here: Evaluation, _: Group) -> Fraction:
    """Each deal's pay is rounded, and summed over the component's window."""
    return _unless_below_zero(component, here, paid_in_turn(component, here))


def _unless_below_zero(component: Data, here: Evaluation, found: Fraction) -> Fraction:
    """What deals pay by themselves, and nothing while their measure is below zero, if it then counts as zero."""
    measure = named(here.plan["measures"], "measure", component["measure"])
    same_window = component.get("window", measure.get("reset", "month")) == measure.get("reset", "month")
    bound = convention(here.plan, "negative") == "nothing" and same_window
    return Fraction(0) if bound and here.measured(component["measure"]) < 0 else found


def _table(component: Data, here: Evaluation, _: Group) -> Fraction:
    given = in_table(component["values"], component["axes"], here)
    if component.get("measure") is not None:
        return here.value(component["measure"]) * given
    return given * here.figure(component["target"]) if component.get("target") is not None else given


def _running(component: Data, group: Group) -> Group:
    return [each for each in group if component.get("when") is None or each.formula(component["when"])]


def _contest(component: Data, here: Evaluation, group: Group) -> Fraction:
    lowest = component.get("lowest_wins", False)
    results = {
        each.participant: _on(component, each, "amount")
        for each in _running(component, group)
        if lowest or _on(component, each, "amount") > 0
    }
    if here.participant not in results:
        return Fraction(0)
    mine = results[here.participant]
    better = sum(1 for other in results.values() if (other < mine if lowest else other > mine))
    tied = sum(1 for other in results.values() if other == mine)
    prizes = [number(prize) for prize in component["prizes"]] + [Fraction(0)] * (better + tied)
    return prizes[better] if component.get("ties") == "each" else sum(prizes[better : better + tied]) / tied


def _pool(component: Data, here: Evaluation, group: Group) -> Fraction:
    if component.get("amount") is not None:
        pool = number(component["amount"])
    else:
        pool = sum((e.value(component["funded_by"]) for e in group), Fraction(0)) * number(component["rate"])
    by = component.get("by")
    weights = {e.participant: e.value(by) if by else Fraction(1) for e in _running(component, group)}
    weights = {participant: weight for participant, weight in weights.items() if weight > 0}
    if here.participant not in weights:
        return Fraction(0)
    pool = rounded(pool, convention(here.plan, "rounding"), here.decimals)
    shares = shared_out(pool, list(weights.values()), here.decimals)
    return shares[list(weights).index(here.participant)]


_KINDS: dict[str, Any] = {
    "flat": _flat,
    "per_unit": _per_unit,
    "graduated": _graduated,
    "whole": _whole,
    "curve": _curve,
    "bonus": _bonus,
    "formula": _formula,
    "slab": _slab,
    "table": _table,
    "contest": _contest,
    "pool": _pool,
}
