"""A candidate as it is offered over HTTP."""

from __future__ import annotations

from typing import Any


def draft(plan: str = "rep", version: int = 3) -> dict[str, Any]:
    return {
        "file": f"{plan}-{version}.yaml",
        "text": f"plan: {plan}\nversion: {version}\n",
        "plan": plan,
        "version": version,
    }


def quotas(*people: str) -> dict[str, Any]:
    rows = [f"{who},2025-09-01,1000\n" for who in people]
    return {"file": "roster-rep.csv", "text": "".join(["participant_id,effective_from,quota.bookings\n", *rows])}


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
        "months": [
            {"month": "2025-05", "cost_before": "60000.25", "cost_after": "60000.25", "changed": 0},
            {"month": "2025-06", "cost_before": "60000.25", "cost_after": "49999.75", "changed": 12},
        ],
    }
    return {
        "rule": "volume_only",
        "kind": "discount_gate",
        "plans": ["rep@2"],
        "words": ["Of a deal discounted by more than 20% own credits less."],
        "cause": "The plan pays for volume alone.",
        "behaviour": "Whether people discount less is not in these figures.",
        "source": "WorldatWork",
        "effective_from": "2025-09-01",
        "files": [draft()],
        "effect": effect,
    } | changes
