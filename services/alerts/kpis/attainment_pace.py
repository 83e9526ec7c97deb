"""Attainment pace: whether the month comes to its quota if it goes on as it began."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from services.alerts.kpis.base import Measurement, PlanKpi, Viewpoint, business_days, business_days_of, ratio
from services.alerts.kpis.sums import MEASURE, QUOTA, WITH_QUOTA
from shared.periods import first_day

FIRST_DAY: Final = 10
"""Business days a month must have seen before its pace means something: much of a month closes in its last days."""


def pace(at: Viewpoint) -> Measurement:
    """(measures / quotas) / (business days passed / business days of the month)."""
    participants = at.earned(WITH_QUOTA, at.period)
    passed = business_days(first_day(at.period), at.as_of)
    if passed < FIRST_DAY:
        return Measurement(None, participants)
    measure, quota = at.earned(MEASURE, at.period), at.earned(QUOTA, at.period)
    return Measurement(ratio(measure * business_days_of(at.period), quota * passed), participants)


KPI: Final = PlanKpi(
    name="attainment_pace",
    position=10,
    title="Attainment pace",
    unit="ratio",
    bad="below",
    threshold=Decimal("0.60"),
    minimum=5,
    observed="participants with a quota this month",
    meaning="Attainment of the month so far (measures over quotas) divided by the share of its business days that have "
    "passed: 1 is on course for quota. Known from the tenth business day on.",
    action="See on the dashboard whether deals, win rate or discounts fell; compare the month's quotas with the last "
    "ones.",
    sums=(MEASURE, QUOTA, WITH_QUOTA),
    formula=pace,
    months=1,
)
