"""What a deal contributes to the sums of its close date, as a function of its merged facts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from services.alerts.totals import Day, DaySums
from shared.facts import Facts, value_of
from shared.money import to_minor

_FIELDS = frozenset({"stage", "amount", "list_amount", "currency", "close_date"})
_REFUND = "refunds."


def relevant(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a patch that KPIs depend on; most patches of a deal's life have few or none."""
    return {path: value for path, value in fields.items() if path in _FIELDS or path.startswith(_REFUND)}


def contribution(facts: Facts) -> tuple[Day, DaySums] | None:
    """The bucket a deal counts in and what it adds there; None while it is neither won nor lost on a known date.

    Every facts have a contribution, so the sums never depend on which of two patches came first. A won deal whose amounts
    cannot be read, or not be represented exactly, counts as won without amounts: crediting reports its problem.
    """
    stage, day = value_of(facts, "stage"), _date(value_of(facts, "close_date"))
    if day is None or stage not in ("won", "lost"):
        return None
    currency = value_of(facts, "currency")
    currency = currency if isinstance(currency, str) else ""
    if stage == "lost":
        return (day, currency), DaySums(lost=1)
    try:
        return (day, currency), _won(facts, currency)
    except (ArithmeticError, LookupError, TypeError, ValueError):
        return (day, currency), DaySums(won=1)


def _won(facts: Facts, currency: str) -> DaySums:
    amount, listed = value_of(facts, "amount"), value_of(facts, "list_amount")
    if amount is None:
        return DaySums(won=1)
    net = to_minor(Decimal(amount), currency)
    refunded = sum(
        to_minor(Decimal(held[0]["amount"]), currency)
        for path, held in facts.items()
        if path.startswith(_REFUND) and held[0] is not None
    )
    if listed is None:
        return DaySums(won=1, revenue=net - refunded)
    return DaySums(1, 0, net - refunded, 1, to_minor(Decimal(listed), currency), net)


def _date(value: Any) -> date | None:
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        return None
