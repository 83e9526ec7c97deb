"""A small plan, of which a test says only what it is about."""

from __future__ import annotations

from datetime import date
from typing import Any

from shared.kernel import Plan


def small_plan(*components: dict[str, Any], **fields: Any) -> Plan:
    """A plan of 2025 with some components on what each sells by themselves."""
    said: dict[str, Any] = {
        "plan": "rep",
        "version": 1,
        "name": "Rep",
        "currency": "USD",
        "effective_from": date(2025, 1, 1),
        "credits": [{"rule": "own"}],
        "measures": [{"measure": "bookings", "sum_of": ["own"]}],
        "components": components,
    }
    return Plan.model_validate(said | fields)
