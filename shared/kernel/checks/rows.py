"""Rules and limits that can have no effect."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from shared.kernel.language.crediting_rules import CreditingRule
from shared.kernel.language.findings import Finding
from shared.kernel.plan.version import Plan


def rows_without_effect(plan: Plan) -> Iterator[Finding]:
    """Rules that an earlier one always precedes, and maxima below minima."""
    if plan.match == "first":
        yield from _never_first(plan)
    for place, component in enumerate(plan.components):
        if _below(component.maximum, component.minimum):
            yield _crossed(("components", place, "maximum"), component.component)
        if _below(component.deal_maximum, component.deal_minimum):
            yield _crossed(("components", place, "deal_maximum"), f"each deal of {component.component}")
    if _below(plan.maximum, plan.minimum):
        yield _crossed(("maximum",), "the plan")


def _never_first(plan: Plan) -> Iterator[Finding]:
    for place, rule in enumerate(plan.rules):
        before = next(
            (
                earlier
                for earlier in plan.rules[:place]
                if (earlier.to, earlier.when, earlier.levels, earlier.level)
                == (rule.to, rule.when, rule.levels, rule.level)
            ),
            None,
        )
        if before is not None:
            yield Finding.warning(
                "P304",
                ("credits", plan.credits.index(rule)),
                message=(
                    f"rule {rule.rule} never credits anything: {before.rule} comes before it, for the same deals"
                    " and the same people"
                ),
                mend="tell their `when` apart, or use `match: all`",
            )


def credited_twice(plan: Plan) -> Iterator[Finding]:
    """Rules that credit the same people with the same deals, and of which one measure sums both."""
    for place, rule in enumerate(plan.credits) if plan.match == "all" else ():
        same = [earlier for earlier in plan.credits[:place] if _same(earlier, rule)]
        for measure in plan.measures:
            added = measure.sum_of or measure.count_of or ()
            if same and rule.rule in added and same[0].rule in added:
                message = (
                    f"rules {same[0].rule} and {rule.rule} credit the same people with the same deals,"
                    f" and measure {measure.measure} sums both: each deal counts twice"
                )
                mend = "take one of them out, tell their `when` apart, or use `match: first`"
                yield Finding.warning("P309", ("credits", place), message=message, mend=mend)


def _same(one: CreditingRule, other: CreditingRule) -> bool:
    return one.model_copy(update={"rule": other.rule}) == other


def _below(maximum: object, minimum: object) -> bool:
    return isinstance(maximum, Decimal) and isinstance(minimum, Decimal) and maximum < minimum


def _crossed(path: tuple[str | int, ...], who: str) -> Finding:
    return Finding.warning(
        "P305", path, message=f"{who} has a maximum below its minimum", mend="exchange them, or take one out"
    )
