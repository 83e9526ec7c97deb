"""Rules, measures and columns that no pay depends on."""

from __future__ import annotations

from collections.abc import Iterator

from shared.kernel.language.findings import Finding
from shared.kernel.language.formulas import references
from shared.kernel.plan.version import Plan


def unused(plan: Plan) -> Iterator[Finding]:
    """What could be taken out without anybody being paid differently."""
    fed = {rule for measure in plan.measures for rule in measure.rules}
    for place, rule in enumerate(plan.credits):
        if (
            rule.rule not in fed and plan.match == "all"
        ):  # with `match: first` a rule may be there to keep deals from the next
            message = f"no measure sums rule {rule.rule}: what it credits is paid nowhere"
            yield Finding.warning(
                "P601", ("credits", place, "rule"), message=message, mend="sum it in a measure, or take it out"
            )
    looked_at = {name for component in plan.components for name in plan.measures_of(component)}
    for place, measure in enumerate(plan.measures):
        if measure.measure not in looked_at:
            message = f"no component pays or looks at measure {measure.measure}"
            yield Finding.warning(
                "P602", ("measures", place, "measure"), message=message, mend="pay it, or take it out"
            )
    used = _columns(plan)
    for name in plan.columns:
        if name not in used:
            message = f"no rule, measure or table names column {name}"
            yield Finding.note("P603", ("columns", name), message=message, mend="take it out, or use it in a `when`")


def _columns(plan: Plan) -> set[str]:
    names: set[str] = {*plan.apart.facts}
    for rule in plan.credits:
        names |= {rule.to, rule.date, *plan.filters[rule.rule].meta.root_names()}
        names |= {reference.name for reference in references(rule.amount)} if rule.amount is not None else set()
    return names | {measure.distinct.column for measure in plan.measures if measure.distinct is not None}
