"""A candidate as it is offered over HTTP."""

from __future__ import annotations

from typing import Any


def offered(**changes: Any) -> dict[str, Any]:
    effect = {
        "first": "2024-07",
        "last": "2025-06",
        "currency": "USD",
        "cost_before": "120000.50",
        "cost_after": "110000.00",
        "gain": 0,
        "lose": 12,
        "same": 3,
        "change_p10": "-1500.00",
        "change_p50": "-700.00",
        "change_p90": "0.00",
        "figures": {"comp_cost_of_sales": {"before": "0.08", "after": "0.074"}},
    }
    return {
        "rule": "volume_only",
        "kind": "discount_gate",
        "plan": "rep",
        "version": 3,
        "words": ["Of a deal discounted by more than 20% own credits only 50%."],
        "cause": "The plan pays for volume alone.",
        "behaviour": "Whether people discount less is not in these figures.",
        "source": "WorldatWork",
        "effective_from": "2025-09-01",
        "file": "rep-3-discount_gate.yaml",
        "text": "plan: rep\nversion: 3\n",
        "effect": effect,
    } | changes
