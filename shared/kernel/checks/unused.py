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
            said = f"no measure sums rule {rule.rule}: what it credits is paid nowhere"
            yield Finding(
                code="P601",
                severity="warning",
                path=("credits", place, "rule"),
                message=said,
                mend="sum it in a measure, or take it out",
            )
    looked_at = {name for component in plan.components for name in plan.measures_of(component)}
    for place, measure in enumerate(plan.measures):
        if measure.measure not in looked_at:
            said = f"no component pays or looks at measure {measure.measure}"
            yield Finding(
                code="P602",
                severity="warning",
                path=("measures", place, "measure"),
                message=said,
                mend="pay it, or take it out",
            )
    used = _columns(plan)
    for name in plan.columns:
        if name not in used:
            said = f"no rule and no measure names column {name}"
            yield Finding(
                code="P603",
                severity="note",
                path=("columns", name),
                message=said,
                mend="take it out, or use it in a `when`",
            )


def _columns(plan: Plan) -> set[str]:
    found: set[str] = set()
    for rule in plan.credits:
        found |= {rule.to, rule.date, *plan.filters[rule.rule].meta.root_names()}
        found |= {each.name for each in references(rule.amount)} if rule.amount is not None else set()
    return found | {measure.distinct.column for measure in plan.measures if measure.distinct is not None}
