"""Whether conventions hold for components that pay every deal by itself, or should: rounding, and a measure below
zero."""

from __future__ import annotations

from collections.abc import Iterator

from shared.kernel.language.findings import Finding
from shared.kernel.plan.model import PlanModel


def not_by_deal(plan: PlanModel, severity: str) -> Iterator[Finding]:
    """The components for which `round_on: deal` or `negative: nothing` does not hold, as far as they are errors, or
    warnings."""
    if severity == "warning" and plan.conventions.negative == "nothing":
        for place, component in enumerate(plan.components):
            if component.component in plan.pays_by_deal and not plan.bounds_deals(component):
                yield Finding(
                    code="P505",
                    severity="warning",
                    path=("components", place, "window"),
                    message=f"negative: nothing does not hold for {component.component}: its deals are paid by themselves, and its window"
                    " is not that over which its measure is summed",
                    mend="leave out window, or give the measure the same reset",
                )
    if plan.conventions.round_on != "deal":
        return
    for place, component in enumerate(plan.components):
        if component.component in plan.pays_by_deal or not type(component).walks:
            continue
        if (rate := component.own_rate) is not None:
            if severity == "error":
                yield Finding(
                    code="P216",
                    severity="error",
                    path=("components", place, "rate"),
                    message=f"round_on: deal rounds what a deal pays at a rate of the plan, and {component.component} pays at each"
                    f" participant's own {rate.term}, which may change after the deal",
                    mend="write the rate into the plan, with a component or a plan for each rate, or leave round_on at total",
                )
        elif severity == "warning" and component.could_round_deals:
            yield Finding(
                code="P505",
                severity="warning",
                path=("components", place),
                message=f"round_on: deal does not hold for {component.component}: the pay of its window so far is rounded",
                mend="it holds for flat rates of sums of credits (sum_of); of other kinds only slab pays each deal by itself",
            )
