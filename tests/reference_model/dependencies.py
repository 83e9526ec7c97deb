"""What a component looks at: its window, what it cannot do without, and whether it compares participants."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from tests.reference_model.evaluation import Evaluation, named, rules_of
from tests.reference_model.facts import Data, convention

_FUNCTION = re.compile(r"\b(attainment|quota|pay|term)\(\s*(\w+)\s*\)")


def main_measure(component: Data) -> str | None:
    """The measure that a component pays."""
    if component["kind"] == "pool":
        return component.get("by") or component.get("funded_by")
    return component.get("measure")


RESETS = ["month", "quarter", "half_year", "year", "never"]


def pay_window(plan: Data, component: Data) -> str:
    """Over which time its pay is one sum: what it says, or the reset of its measure.

    Without a measure the longest of what it pays a part of, or of what its amount looks at, or the shortest of what its
    gate looks at, but for what has no credits, scores or pay under it, or how often it is paid.
    """
    return str(component.get("window") or measure_window(plan, component))


def measure_window(plan: Data, component: Data) -> str:
    """After which time what it looks at begins anew, whatever it says itself."""
    if component.get("window") and _by_deal(plan, component):
        return str(component["window"])
    name = component.get("funded_by") or main_measure(component)
    if name is not None:
        return str(named(plan["measures"], "measure", name).get("reset", "month"))
    amount = [component["amount"]] if component["kind"] == "formula" else []
    paid = _resets(plan, [re.sub(r"(attainment|quota)\(\s*\w+\s*\)", "", text) for text in amount])
    if paid:
        return max(paid, key=RESETS.index)
    axes = component.get("axes", ())
    looks_at = _resets(plan, [*amount, *(str(a.get("formula", a.get("amount", a.get("attainment")))) for a in axes)])
    if looks_at:
        return max(looks_at, key=RESETS.index)
    gate = [component.get("when"), *(m.get("by", m.get("measure")) for m in component.get("multiply", ()))]
    gate += [
        str(axis.get(on))
        for m in component.get("multiply", ())
        for axis in m.get("axes", ())
        for on in ON
        if axis.get(on)
    ]
    gate += _figures(component)
    named_in_gate = [text for text in gate if text]
    running = [word for word in _words(named_in_gate) if _runs(plan, word)]
    gated_by = _resets(plan, running) or _resets(plan, named_in_gate)
    return min(gated_by, key=RESETS.index) if gated_by else str(component.get("pays", "month"))


ON = ("measure", "amount", "attainment", "formula")
"""By what something is looked up that runs."""


def in_turn(component: Data) -> bool:
    """Whether it pays each deal by where the participant stands at it."""
    if component.get("each") or {"deal_minimum", "deal_maximum"} & set(component):
        return True
    if component["kind"] == "slab":
        return any(isinstance(figure, dict) for tier in component["tiers"] for figure in tier.values())
    return component["kind"] == "graduated" and (
        component.get("crossing") == "whole"
        or component.get("anew") is not None
        or component.get("by") not in (None, component["measure"])
    )


AROUND = {"component", "when", "multiply", "minimum", "maximum", "budget"}
"""What a component has around what it pays for deals."""


def _by_deal(plan: Data, component: Data) -> bool:
    """Whether it pays every deal by itself."""
    if in_turn(component):
        return True
    if (
        component["kind"] == "flat"
        and convention(plan, "round_on") == "deal"
        and not isinstance(component["rate"], dict)
    ):
        return bool(named(plan["measures"], "measure", component["measure"]).get("sum_of"))
    return bool(component["kind"] == "slab")


def _figures(component: Data) -> list[str]:
    """The measures whose values are figures of it."""
    names = ("rate", "amount", "target", "minimum", "maximum", "deal_minimum", "deal_maximum")
    found = [component.get(name) for name in names]
    found += [figure for tier in component.get("tiers", ()) for figure in tier.values()]
    return [figure["measure"] for figure in found if isinstance(figure, dict) and "measure" in figure]


def _resets(plan: Data, texts: list[str]) -> list[str]:
    """The resets of the measures, and the windows of the components, that some texts name."""
    words = _words(texts)
    found = [str(m.get("reset", "month")) for m in plan["measures"] if m["measure"] in words]
    return found + [pay_window(plan, c) for c in plan["components"] if c["component"] in words]


def _runs(plan: Data, name: str) -> bool:
    """Whether a name is a component, or a measure with something of a period under it."""
    for measure in plan["measures"]:
        if measure["measure"] == name:
            if "lookup" in measure:
                lookup = measure["lookup"]
                looks = [lookup, *lookup.get("axes", ())]
                texts = [str(each[name]) for each in looks for name in ON if each.get(name)]
                return any(_runs(plan, word) for word in _words(texts))
            return "formula" not in measure or any(_runs(plan, word) for word in _words([measure["formula"]]))
    return any(component["component"] == name for component in plan["components"])


def groups(plan: Data, name: str) -> bool:
    """Whether a component, or one to whose pay it refers, compares participants."""
    component = named(plan["components"], "component", name)
    linked = _linked(component, plan)
    return component["kind"] in ("contest", "pool") or any(groups(plan, each) for each in linked)


def compares(plan: Data, name: str) -> bool:
    """Whether what a component pays moves by what others do, who may have credits when the participant has none."""
    component = named(plan["components"], "component", name)
    linked = [of for what, of in _functions(component) if what == "pay"]
    if groups(plan, name) or any(compares(plan, each) for each in linked):
        return True
    looked_at: Any = component
    if in_turn(component):  # what only prices deals moves nothing without one
        looked_at = [component.get("when"), component.get("multiply")]
    return any(measure.get("among") for measure in _measures(looked_at, plan))


def is_fixed(component: Data) -> bool:
    """Whether it pays amounts for a time, and no part of a measure."""
    return component["kind"] in ("bonus", "curve", "formula") or not component.get("measure")


def at_the_end(plan: Data, name: str) -> bool:
    """Whether a component pays for a fiscal period when it ends: what is fixed, what compares, what carries over, what
    looks at no deal.
    """
    component = named(plan["components"], "component", name)
    linked = _linked(component, plan)
    fixed = component["kind"] == "bonus" and component.get("amount") is not None
    if fixed or component.get("carry_over") or groups(plan, name) or any(at_the_end(plan, each) for each in linked):
        return True
    looked_at = [component, *(named(plan["components"], "component", each) for each in linked)]
    return not any(rules_of(measure) for measure in _measures(looked_at, plan))


def _linked(component: Data, plan: Data) -> list[str]:
    """The components to whose pay it refers, itself or through the formulas of measures."""
    formulas = [measure["formula"] for measure in _measures(component, plan) if measure.get("formula")]
    named_in = [*_functions(component), *(found for text in formulas for found in _FUNCTION.findall(text))]
    return [of for what, of in named_in if what == "pay"]


def _measures(part: Any, plan: Data) -> list[Data]:
    """The measures that a part of a plan names, and those from which they are calculated."""
    known = {measure["measure"]: measure for measure in plan["measures"]}
    due, seen = _words(part) & set(known), dict[str, Data]()
    while due:
        one = due.pop()
        measure = seen[one] = known[one]
        builds_on = set(measure.get("scorecard") or ()) | _words([measure.get("formula"), measure.get("lookup")])
        due |= (builds_on & set(known)) - set(seen)
    return list(seen.values())


def _words(part: Any) -> set[str]:
    """All words in the texts of a part."""
    if isinstance(part, dict):
        return {word for each in part.values() for word in _words(each)}
    if isinstance(part, list | tuple):
        return {word for each in part for word in _words(each)}
    return set(re.findall(r"[a-z]\w*", re.sub(r"term\(\s*\w+\s*\)", "", part))) if isinstance(part, str) else set()


def lacks(component: Data, here: Evaluation, of: str = "window") -> bool:
    """Whether a figure of the participant's own, a row for their category, or with `zero_quota: refuse` a quota, is
    missing. Of a component that pays deals in turn, a deal needs what prices it, and the window what is around that.
    """
    part = component
    if in_turn(component):
        part = {name: value for name, value in component.items() if (name in AROUND) == (of == "window")}
        part |= {"component": component["component"], "kind": component["kind"] if of == "deal" else "bonus"}
    for term, default in _terms(part):
        if here.term(term, default) is None:
            return True
    if _in_no_row(part, here):
        return True
    if convention(here.plan, "zero_quota") != "refuse":
        return False
    return any(here.quota(name) <= 0 for name in _quotas(component, here.plan))


def _in_no_row(component: Data, here: Evaluation) -> bool:
    """Whether the participant is in no row of something that is looked up by category."""
    looked_up = [*component.get("axes", ()), *component.get("multiply", ())]
    measures = _measures(component, here.plan)
    texts = [*_texts(component), *(measure["formula"] for measure in measures if measure.get("formula"))]
    looked_up += [measure["lookup"] for measure in measures if measure.get("lookup")]
    looked_up += [axis for each in looked_up for axis in each.get("axes", ())]
    texts += [str(axis["formula"]) for axis in looked_up if axis.get("formula")]
    for each in looked_up:
        others = each.get("others") not in (None, False)
        if each.get("category") and not others and here.category(each["category"]) not in each["of"]:
            return True
    return any(here.misses(text) for text in texts)


def _quotas(component: Data, plan: Data) -> set[str]:
    """The measures whose quota or attainment it looks at, also through the formulas and scorecards of measures."""
    found = {of for what, of in _functions(component) if what in ("attainment", "quota")}
    due = set(re.findall(r"\w+", " ".join(_texts(component)))) | found
    due |= set(_figures(component))
    default = {"curve": "attainment", "bonus": "attainment"}.get(component["kind"], "amount")
    if component.get("measure"):
        name = component.get("by") or component["measure"]
        due |= {name, component["measure"]}
        if component["kind"] in ("graduated", "whole", "curve", "bonus", "contest") and (
            component.get("on", default) == "attainment"
        ):
            found.add(name)
    for each in component.get("multiply", ()):
        if each.get("measure"):
            due.add(each["measure"])
            if each.get("on", "attainment") == "attainment":
                found.add(each["measure"])
    for axis in [*component.get("axes", ()), *(a for m in component.get("multiply", ()) for a in m.get("axes", ()))]:
        due |= {axis[what] for what in ("amount", "attainment") if axis.get(what)}
        found |= {axis["attainment"]} if axis.get("attainment") else set()
    due |= {component[what] for what in ("by", "funded_by") if component["kind"] == "pool" and component.get(what)}
    known = {measure["measure"]: measure for measure in plan["measures"]}
    due, seen = due & set(known), set()
    while due:
        measure = known[due.pop()]
        seen.add(measure["measure"])
        looks = set(measure.get("scorecard") or ())
        lookup = measure.get("lookup") or {}
        for axis in lookup.get("axes", ()):
            due |= ({axis[what] for what in ("amount", "attainment") if axis.get(what)} & set(known)) - seen
            found |= {axis["attainment"]} if axis.get("attainment") else set()
            due |= (set(re.findall(r"\w+", str(axis.get("formula")))) & set(known)) - seen
            found |= {of for what, of in _FUNCTION.findall(str(axis.get("formula"))) if what in ("attainment", "quota")}
        due |= ({lookup["measure"]} & set(known)) - seen if lookup.get("measure") else set()
        if lookup.get("measure") and lookup.get("on", "attainment") == "attainment":
            found.add(lookup["measure"])
        text = measure.get("formula") or ""
        found |= looks | {of for what, of in _FUNCTION.findall(text) if what in ("attainment", "quota")}
        due |= ((looks | set(re.findall(r"\w+", text))) & set(known)) - seen
    return found


def _texts(component: Data) -> list[str]:
    formula = component["amount"] if component["kind"] == "formula" else None
    texts = [component.get("when"), formula, *(m.get("by") for m in component.get("multiply", ()))]
    axes = [*component.get("axes", ()), *(axis for m in component.get("multiply", ()) for axis in m.get("axes", ()))]
    return [text for text in (*texts, *(axis.get("formula") for axis in axes)) if text]


def _functions(component: Data) -> list[tuple[str, str]]:
    return [found for text in _texts(component) for found in _FUNCTION.findall(text)]


def _terms(part: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(part, dict):
        if "term" in part:
            yield part["term"], part.get("default")
        for each in part.values():
            yield from _terms(each)
    if isinstance(part, list | tuple):
        for each in part:
            yield from _terms(each)
