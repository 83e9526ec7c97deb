"""What the HTTP interface of alerts gives."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict

from services.alerts.evaluation import Reading
from services.alerts.kpis import BY_NAME
from services.alerts.lifecycle import Alert


class KpiView(BaseModel):
    """A KPI as of a business date. `value` is null where there are fewer observations than `minimum`.

    `breached` is null where nothing can be said; an alert is then held as it is. `currency` is null for the whole
    company.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "kpi": "average_discount",
                    "title": "Average discount",
                    "meaning": BY_NAME["average_discount"].meaning,
                    "unit": "ratio",
                    "currency": "EUR",
                    "value": "0.100000",
                    "threshold": "0.20",
                    "bad": "above",
                    "breached": False,
                    "observations": 40,
                    "minimum": 30,
                    "as_of": "2025-03-14",
                }
            ]
        }
    )

    kpi: str
    title: str
    meaning: str
    unit: Literal["ratio", "seconds", "records"]
    currency: str | None
    value: Decimal | None
    threshold: Decimal
    bad: Literal["above", "below"]
    breached: bool | None
    observations: int
    minimum: int
    as_of: date

    @classmethod
    def of(cls, reading: Reading, as_of: date) -> KpiView:
        """The view of a reading."""
        kpi = BY_NAME[reading.kpi]
        return cls(
            kpi=kpi.name,
            title=kpi.title,
            meaning=kpi.meaning,
            unit=kpi.unit,
            currency=reading.currency or None,
            value=reading.value,
            threshold=kpi.threshold,
            bad=kpi.bad,
            breached=reading.breached,
            observations=reading.observations,
            minimum=kpi.minimum,
            as_of=as_of,
        )


class Kpis(BaseModel):
    """The latest readings, and the instant they were taken. Before the first deal the KPIs of the plan are absent."""

    evaluated_at: datetime
    kpis: list[KpiView]


class AlertView(BaseModel):
    """One episode of a breach. Values are in the unit of the KPI, dates are business dates."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "alert_id": "average_discount.EUR.1",
                    "kpi": "average_discount",
                    "title": "Average discount",
                    "state": "open",
                    "currency": "EUR",
                    "threshold": "0.20",
                    "opened_on": "2025-03-14",
                    "opened_value": "0.340000",
                    "closed_on": None,
                    "closed_value": None,
                    "action": BY_NAME["average_discount"].action,
                }
            ]
        }
    )

    alert_id: str
    kpi: str
    title: str
    state: Literal["open", "closed"]
    currency: str | None
    threshold: Decimal
    opened_on: date
    opened_value: Decimal
    closed_on: date | None
    closed_value: Decimal | None
    action: str

    @classmethod
    def of(cls, alert: Alert) -> AlertView:
        """The view of an alert; what to do is what its KPI says today."""
        kpi = BY_NAME[alert.kpi]
        return cls(
            alert_id=alert.alert_id,
            kpi=kpi.name,
            title=kpi.title,
            state="open" if alert.closed_on is None else "closed",
            currency=alert.currency or None,
            threshold=alert.threshold,
            opened_on=alert.opened_on,
            opened_value=alert.opened_value,
            closed_on=alert.closed_on,
            closed_value=alert.closed_value,
            action=kpi.action,
        )


class Alerts(BaseModel):
    """Alerts, the latest opened first."""

    alerts: list[AlertView]
