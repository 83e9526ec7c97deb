"""Topic `alerts`: what happened to alerts, an act a record, keyed by alert id."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BeforeValidator

from shared.contracts.base import Contract, Identifier

TYPE = "earnest.alert.changed"

State: TypeAlias = Literal["open", "acknowledged", "resolved"]
Resolution: TypeAlias = Literal["recovered", "decided", "corrected"]
"""The KPI came back; somebody decided what is to be done, or that nothing is; the facts were corrected."""
What: TypeAlias = Literal[
    "opened",
    "worse",
    "reopened",
    "suppressed",
    "muted",
    "rearmed",
    "escalated",
    "resolved",
    "acknowledged",
    "snoozed",
    "noted",
    "assigned",
    "judged",
    "reminded",
]
About: TypeAlias = Literal["plan", "road"]
Severity: TypeAlias = Literal["warning", "critical"]
Direction: TypeAlias = Literal["up", "down"]


def _state(said: Any) -> Any:
    """Records that were written before alerts had a life cycle say `closed`."""
    return "resolved" if said == "closed" else said


class AlertChanged(Contract):
    """The state of an alert after something happened to it. Dates are business dates, `as_of` that of `value`; `value`
    and `threshold`, what was expected or allowed, are in the unit of the KPI. `act` numbers what happened in the
    journal of the alert, `score` is the statistic over its limit, as text.

    Records of before know the first six fields only.
    """

    alert_id: Identifier
    kpi: str
    state: Annotated[State, BeforeValidator(_state)]
    value: Decimal
    threshold: Decimal | None
    as_of: date
    act: int = 0
    what: What | None = None
    at: datetime | None = None
    who: str | None = None
    why: str = ""
    resolution: Resolution | None = None
    about: About | None = None
    severity: Severity | None = None
    currency: str | None = None
    dimension: str | None = None
    segment: str | None = None
    detector: str | None = None
    rule: str | None = None
    direction: Direction | None = None
    score: str | None = None
    detected_on: date | None = None
    onset: date | None = None
    recovered_on: date | None = None
    owner: str | None = None
    snoozed_until: datetime | None = None
    suppressed_by: str | None = None
    muted_by: str | None = None
    level: int = 0
