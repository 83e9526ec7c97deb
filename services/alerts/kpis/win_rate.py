"""Win rate: how many of the deals that come to an end are won."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from services.alerts.kpis.base import Measurement, PlanKpi, Viewpoint, ratio
from services.alerts.kpis.sums import LOST, WON


def win_rate(at: Viewpoint) -> Measurement:
    """Won / (won + lost), of the deals closed in 30 days. By number, so that currencies do not matter."""
    won = at.closed_lately(WON)
    closed = won + at.closed_lately(LOST)
    return Measurement(ratio(won, closed), closed)


KPI: Final = PlanKpi(
    name="win_rate",
    position=40,
    title="Win rate",
    unit="ratio",
    bad="below",
    # A pipeline of three to four times the quota is usual, which is a rate of 25 to 33 % (Ebsta, 2024).
    threshold=Decimal("0.20"),
    by_currency=False,
    minimum=30,  # with fewer one deal would move the rate by more than three points
    patience=3,
    observed="deals closed in 30 days",
    meaning="Deals won divided by deals won or lost, by close date, over the last 30 days.",
    action="Compare with the discount and the number of deals closed: a clean-up of old deals lowers the rate for 30 "
    "days.",
    sums=(WON, LOST),
    formula=win_rate,
)
