"""What Alertmanager tells: its webhook in version 4, of which Grafana's alerting sends a version of its own."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel

from shared.contracts.base import WITHOUT_NUL

MOST_ALERTS = 10_000
Written = Annotated[str, StringConstraints(max_length=10_000, pattern=WITHOUT_NUL)]
Labels = Annotated[dict[Written, Written], Field(max_length=100)]


class _Told(BaseModel):
    """What else is in it is passed over: versions of Alertmanager differ in what they add."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="ignore")


class FiredAlert(_Told):
    """One alert of Prometheus that fires, or does no more."""

    status: Literal["firing", "resolved"]
    labels: Labels
    annotations: Labels
    starts_at: AwareDatetime
    ends_at: AwareDatetime

    @property
    def started_at(self) -> datetime:
        """To the millisecond, as Alertmanager's API has it: what it says in both ways is the same."""
        return self.starts_at.replace(microsecond=self.starts_at.microsecond // 1000 * 1000)

    @property
    def ended_at(self) -> datetime | None:
        """When it ended; while it fires there is none, for which Alertmanager writes the year 1."""
        return self.ends_at if self.status == "resolved" else None


class AlertmanagerNotification(_Told):
    """A group of alerts. `truncated_alerts` is how many more there were, where the receiver sets a limit to them."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "version": "4",
                    "receiver": "earnest",
                    "status": "firing",
                    "groupKey": '{}:{alertname="EarnestInstanceDown"}',
                    "truncatedAlerts": 0,
                    "alerts": [
                        {
                            "status": "firing",
                            "labels": {
                                "alertname": "EarnestInstanceDown",
                                "job": "earnest-scoring",
                                "instance": "scoring:8802",
                                "severity": "critical",
                                "about": "road",
                            },
                            "annotations": {"summary": "earnest-scoring at scoring:8802 is down"},
                            "startsAt": "2025-03-14T10:00:00Z",
                            "endsAt": "0001-01-01T00:00:00Z",
                            "fingerprint": "8f0d6c7d3f1c2b4a",
                        }
                    ],
                }
            ]
        }
    )

    version: Literal["4", "1"]
    receiver: Written
    status: Literal["firing", "resolved"]
    group_key: Written
    truncated_alerts: int = Field(default=0, ge=0)
    alerts: list[FiredAlert] = Field(max_length=MOST_ALERTS)


class Taken(BaseModel):
    """How many alerts were taken into the life cycle, and how many were not: those of KPIs, which are in it already."""

    taken: int
    known: int
