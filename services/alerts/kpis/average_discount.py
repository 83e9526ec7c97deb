"""Average discount: whether deals are bought with the price."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from services.alerts.kpis.base import Measurement, PlanKpi, Viewpoint, ratio
from services.alerts.kpis.sums import LIST_AMOUNT, LISTED, NET_AMOUNT


def average_discount(at: Viewpoint) -> Measurement:
    """(list price - net price) / list price, of the deals won in 30 days that have a list price: weighted by value."""
    listed = at.closed_lately(LIST_AMOUNT)
    return Measurement(ratio(listed - at.closed_lately(NET_AMOUNT), listed), at.closed_lately(LISTED))


KPI: Final = PlanKpi(
    name="average_discount",
    position=30,
    title="Average discount",
    unit="ratio",
    bad="above",
    # What is usual for contracts of several years, the most generous ones: 15 to 20 % (pulserevops, 2025).
    threshold=Decimal("0.20"),
    minimum=30,
    patience=3,
    observed="deals won in 30 days that have a list price",
    meaning="List price less net price, divided by list price, of the deals won in the last 30 days, weighted by "
    "value.",
    action="Find the products and teams that discount; a plan that pays on volume alone may need a margin modifier or "
    "a gate.",
    sums=(LISTED, LIST_AMOUNT, NET_AMOUNT),
    formula=average_discount,
)
