"""What the HTTP interface gives of KPIs."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict

from services.alerts.evaluation.readings import Reading
from services.alerts.kpis import BY_NAME


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
