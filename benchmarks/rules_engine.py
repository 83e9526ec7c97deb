"""The rate table of the benchmark's plan as a decision table of zen-engine, evaluated deal by deal."""

from __future__ import annotations

import json
from dataclasses import dataclass
from fractions import Fraction
from time import perf_counter
from typing import Any

import polars as pl

from shared.kernel import Plan
from shared.kernel.arithmetic.exact_column import ExactColumn
from shared.kernel.components.slab import Slabs
from shared.kernel.evaluation.pay import context_of_deals
from shared.kernel.language.values import number_in_plan


@dataclass(frozen=True)
class Rated:
    """Deals per second of each, and whether they pay every deal of the sample the same."""

    by_kernel: float
    by_zen: float
    same: bool


def rates(amounts: pl.Series, plan: Plan, sample: int) -> Rated:
    """Pay deals (amounts in cents) by the plan's slabs: all of them with the kernel, the first ones with zen-engine."""
    (slabs,) = (component for component in plan.components if isinstance(component, Slabs))
    begun = perf_counter()
    exact = slabs.per_deal(ExactColumn.of(amounts, 10**plan.digits), context_of_deals(amounts.to_frame(), plan))
    ours = exact.rounded("half_up", Fraction(1, 10**plan.digits)).minor(plan.digits, "the pay of a deal")
    by_kernel = len(amounts) / (perf_counter() - begun)
    evaluate = _engine(slabs)
    # The engine decides one deal at a time, so that its rate does not depend on how many there are: a sample will do.
    few = amounts.head(sample).to_list()
    begun = perf_counter()
    theirs = [_half_up(int(evaluate("slabs", {"amount": amount})["result"]["pay"]), 10_000) for amount in few]
    by_zen = len(few) / (perf_counter() - begun)
    return Rated(by_kernel, by_zen, ours.head(sample).to_list() == theirs)


def _engine(slabs: Slabs) -> Any:
    """What evaluates the decision table: it is parsed once, the quick way to use the engine."""
    import zen

    # All figures of this plan are numbers, none the participant's own.
    rows = [
        {
            "_id": f"row{number}",
            "in": "" if tier.up_to is None else f"<= {int(number_in_plan(tier.up_to) * 100)}",
            "out": f"amount * {int(number_in_plan(tier.rate) * 10_000)}",
        }
        for number, tier in enumerate(slabs.tiers)
    ]
    table = {
        "hitPolicy": "first",
        "inputs": [{"id": "in", "field": "amount", "name": "amount"}],
        "outputs": [{"id": "out", "field": "pay", "name": "pay"}],
        "rules": rows,
    }
    nodes: list[dict[str, Any]] = [
        {"id": "deal", "type": "inputNode", "name": "deal"},
        {"id": "table", "type": "decisionTableNode", "name": "table", "content": table},
        {"id": "pay", "type": "outputNode", "name": "pay"},
    ]
    edges = [
        {"id": f"{one}-{two}", "type": "edge", "sourceId": one, "targetId": two}
        for one, two in (("deal", "table"), ("table", "pay"))
    ]
    graph = {
        "contentType": "application/vnd.gorules.decision",
        "nodes": [node | {"position": {"x": 0, "y": 0}} for node in nodes],
        "edges": edges,
    }
    content = zen.ZenDecisionContent(json.dumps(graph))
    return zen.ZenEngine({"loader": lambda _name: content}).evaluate


def _half_up(top: int, bottom: int) -> int:
    size = (2 * abs(top) + bottom) // (2 * bottom)
    return size if top >= 0 else -size
