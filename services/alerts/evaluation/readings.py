"""From sums to readings: the value of every KPI as of a business date, and whether it is in breach.

Evaluation looks at facts and dates only, never at a clock: the same facts give the same readings at any time.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple, TypeAlias

from services.alerts.kpis import PIPELINE_KPIS, PLAN_KPIS
from services.alerts.kpis.base import (
    Measurement,
    PipelineHealth,
    PlanKpi,
    Viewpoint,
    is_business_day,
    trailing_months,
)
from services.alerts.kpis.sums import Totals
from shared.periods import first_day

Subject: TypeAlias = tuple[str, str]
"""What an alert is about: a KPI and its currency, empty for the whole company."""


class Reading(NamedTuple):
    """A KPI in one currency (empty: of the whole company). `value` is None where there are too few observations.

    `breached` is None where nothing can be said.
    """

    kpi: str
    currency: str
    value: Decimal | None
    observations: int
    breached: bool | None


def evaluate_plan(totals: Totals, as_of: date, *, kpis: Sequence[PlanKpi] = PLAN_KPIS) -> list[Reading]:
    """Readings of the KPIs of the plan; `totals` reach from `needed_from(as_of)` to the end of the month of `as_of`."""
    # Deals without a currency count for the whole company only.
    currencies = sorted(
        ({currency for _, currency in totals.days} | {currency for _, currency in totals.months}) - {""}
    )
    return [
        _read(kpi, Viewpoint(totals, currency, as_of))
        for kpi in kpis
        for currency in (currencies if kpi.by_currency else [""])
    ]


def evaluate_pipeline(health: PipelineHealth) -> list[Reading]:
    """Readings of the KPIs of the pipeline. Its health is of this moment, so that a breach cannot have lasted: it is
    one at once.
    """
    readings = []
    for kpi in PIPELINE_KPIS:
        value, observations = kpi.formula(health)
        readings.append(
            Reading(
                kpi=kpi.name,
                currency="",
                value=value,
                observations=observations,
                breached=None if value is None else kpi.breached(value),
            )
        )
    return readings


def needed_from(as_of: date, kpis: Sequence[PlanKpi] = PLAN_KPIS) -> date:
    """The first business date that a reading as of this date looks at: a KPI looks back from every date of its
    patience.
    """
    return min(first_day(trailing_months(_business_dates(as_of, kpi.patience)[-1], kpi.months)[0]) for kpi in kpis)


def _read(kpi: PlanKpi, at: Viewpoint) -> Reading:
    value, observations = _measure(kpi, at)
    return Reading(
        kpi=kpi.name, currency=at.currency, value=value, observations=observations, breached=_has_lasted(kpi, at)
    )


def _measure(kpi: PlanKpi, at: Viewpoint) -> Measurement:
    value, observations = kpi.formula(at)
    # No value and not a poor one: a rate of three deals would open an alert by chance, and close one.
    return Measurement(value if observations >= kpi.minimum else None, observations)


def _has_lasted(kpi: PlanKpi, at: Viewpoint) -> bool | None:
    """Whether the breach has lasted for the KPI's patience, looking back over business dates on what is known now.

    Nothing is remembered from evaluation to evaluation: a late correction of last week then opens and closes what it
    should have. One good date ends the question, whatever is unknown of the others.
    """
    unknown = False
    for day in _business_dates(at.as_of, kpi.patience):
        value, _ = _measure(kpi, Viewpoint(at.totals, at.currency, day))
        if value is None:
            unknown = True
        elif not kpi.breached(value):
            return False
    return None if unknown else True


def _business_dates(as_of: date, count: int) -> list[date]:
    """The date itself, business day or not, then the business days before it, newest first."""
    dates = [as_of]
    while len(dates) < count:
        day = dates[-1] - timedelta(days=1)
        while not is_business_day(day):
            day -= timedelta(days=1)
        dates.append(day)
    return dates
