"""What the HTTP interface gives of alerts."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict

from services.alerts.kpis import Kpi, built_in
from services.alerts.lifecycle.alert import Alert


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
                    "action": built_in().by_name["average_discount"].kpi.action,
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
    def of(cls, alert: Alert, kpi: Kpi) -> AlertView:
        """The view of an alert of a KPI; what to do is what its KPI says today."""
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
