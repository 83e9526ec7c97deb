"""Whether conventions hold for components that pay every deal by itself, or should: rounding, and a measure below
zero."""

from __future__ import annotations

from collections.abc import Iterator

from shared.kernel.components import Component
from shared.kernel.language.findings import Finding
from shared.kernel.plan.model import PlanModel


def own_rates_rounded(plan: PlanModel) -> Iterator[Finding]:
    """Components that pay at each participant's own rate, where `round_on: deal` would round what each deal pays."""
    # What a deal paid is a stored sum, and the roster's rate may change after the deal: the sum would be of two rates.
    for place, component in _not_rounded(plan):
        if (rate := component.own_rate) is not None:
            yield Finding.error(
                "P216",
                ("components", place, "rate"),
                message=f"round_on: deal rounds what a deal pays at a rate of the plan, and {component.component} pays"
                f" at each participant's own {rate.term}, which may change after the deal",
                mend="say `each: deal`, by which a deal is paid at the rate of its day; or write the rate into the"
                " plan, with a component or a plan for each rate, or leave round_on at total",
            )


def conventions_without_effect(plan: PlanModel) -> Iterator[Finding]:
    """Components for which `round_on: deal` or `negative: nothing` does not hold, though somebody may expect it."""
    for place, component in enumerate(plan.components) if plan.conventions.negative == "nothing" else ():
        if component.component in plan.pays_by_deal and not plan.bounds_deals(component):
            yield Finding.warning(
                "P505",
                ("components", place, "window"),
                message=f"negative: nothing does not hold for {component.component}: its deals are paid by themselves,"
                " and its window is not that over which its measure is summed",
                mend="leave out window, or give the measure the same reset",
            )
    for place, component in _not_rounded(plan):
        if component.own_rate is None and component.could_round_deals:
            yield Finding.warning(
                "P505",
                ("components", place),
                message=f"round_on: deal does not hold for {component.component}: the pay of its window so far is"
                " rounded",
                mend="it holds for flat rates of sums of credits (sum_of); of other kinds only slab pays each deal by"
                " itself",
            )


def _not_rounded(plan: PlanModel) -> Iterator[tuple[int, Component]]:
    """With `round_on: deal`, the components that do not pay by the deal, though their pay is told deal by deal."""
    for place, component in enumerate(plan.components) if plan.conventions.round_on == "deal" else ():
        if component.component not in plan.pays_by_deal and type(component).walks:
            yield place, component
