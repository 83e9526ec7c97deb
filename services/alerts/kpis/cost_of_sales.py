"""Comp cost of sales: what pay costs of what it brings in."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from services.alerts.kpis.base import QUARTER, Measurement, PlanKpi, Viewpoint, ratio, trailing_months
from services.alerts.kpis.sums import EARNED, REVENUE, WON
from shared.periods import first_day, last_day


def cost_of_sales(at: Viewpoint) -> Measurement:
    """Earnings / revenue won, over this month and the two before it."""
    months = trailing_months(at.as_of, QUARTER)
    first, last = first_day(months[0]), last_day(months[-1])
    revenue, won = (at.closed(measured, first, last=last) for measured in (REVENUE, WON))
    return Measurement(ratio(at.earned(EARNED, *months), revenue), won)


KPI: Final = PlanKpi(
    name="comp_cost_of_sales",
    position=20,
    title="Comp cost of sales",
    unit="ratio",
    bad="above",
    # Medians of industries are 3 to 9 % (Sibson, ZS), in technology 12 to 15 % (WorldatWork): beyond it hardly any is.
    threshold=Decimal("0.15"),
    minimum=30,
    observed="deals won in the three months",
    meaning="Earnings divided by revenue won, over this month and the two before it.",
    action="Look for accelerators paid on windfalls, for overlapping credits and for revenue lost to refunds.",
    sums=(EARNED, WON, REVENUE),
    formula=cost_of_sales,
)
