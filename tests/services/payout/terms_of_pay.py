"""Payment terms as somebody publishes them for a test."""

from __future__ import annotations

from typing import Any

from tests.services.payout.desk import Desk


def publish(desk: Desk, **rules: Any) -> None:
    """Put payment terms in force from January 2025 on for everybody who is paid in USD."""
    body = {"valid_from": "2025-01-01", "currency": "USD", **rules}
    answer = desk.publish("payment_terms/terms", "tina", {"policy": body, "reason": "agreed with everybody"})
    assert answer.is_success, answer.text
