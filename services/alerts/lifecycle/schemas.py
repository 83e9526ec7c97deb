"""What the HTTP interface gives of alerts."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict

from services.alerts.evaluation.episodes import Driver
from services.alerts.lifecycle.acts import Act
from services.alerts.lifecycle.alert import Alert
from services.alerts.lifecycle.mutes import Mute
from shared.contracts.alerts import About, Direction, Resolution, Severity, State, What

EXAMPLE: Final[dict[str, Any]] = {
    "alert_id": "average_discount.EUR.1",
    "kpi": "average_discount",
    "title": "Average discount",
    "about": "plan",
    "severity": "warning",
    "unit": "ratio",
    "state": "open",
    "resolution": None,
    "currency": "EUR",
    "dimension": None,
    "segment": None,
    "detector": "threshold",
    "rule": "threshold",
    "direction": "up",
    "detected_on": "2025-03-14",
    "onset": "2025-03-14",
    "recovered_on": None,
    "score": 1.7,
    "value": "0.340000",
    "expected": "0.20",
    "as_of": "2025-03-17",
    "latest_value": "0.310000",
    "latest_expected": "0.20",
    "owner": "dana",
    "acknowledged_at": None,
    "snoozed_until": None,
    "suppressed_by": None,
    "muted_by": None,
    "level": 0,
    "useful": None,
    "opened_at": "2025-03-14T09:00:00Z",
    "changed_at": "2025-03-14T09:00:00Z",
    "action": "Find who and what is discounted.",
}


class AlertView(BaseModel):
    """One episode in which something was wrong with a KPI. Dates are business dates, values are in the unit of the KPI:
    `value` and `expected` when it was detected, `latest_value` and `latest_expected` as of `as_of`.

    Of an alert about one person `segment` and the values are null for a key that may not read pay.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    alert_id: str
    kpi: str
    title: str
    about: About
    severity: Severity
    unit: str
    state: State
    resolution: Resolution | None
    currency: str | None
    dimension: str | None
    segment: str | None
    detector: Literal["threshold", "drift", "prometheus"]
    rule: str
    direction: Direction
    detected_on: date
    onset: date
    recovered_on: date | None
    score: float
    value: Decimal | None
    expected: Decimal | None
    as_of: date
    latest_value: Decimal | None
    latest_expected: Decimal | None
    owner: str | None
    acknowledged_at: datetime | None
    snoozed_until: datetime | None
    suppressed_by: str | None
    muted_by: str | None
    level: int
    useful: bool | None
    opened_at: datetime
    changed_at: datetime
    action: str

    @classmethod
    def of(cls, alert: Alert, *, reads_pay: bool) -> Self:
        """The view of an alert for whoever may, or may not, read what is near to somebody's pay."""
        return cls(**_fields(alert, reads_pay=reads_pay))


def _fields(alert: Alert, *, reads_pay: bool) -> dict[str, Any]:
    subject, words, episode, latest, standing = (
        alert.subject,
        alert.words,
        alert.episode,
        alert.latest,
        alert.standing,
    )
    shown = reads_pay or not alert.personal
    return {
        "alert_id": alert.alert_id,
        "kpi": subject.kpi,
        "title": words.title,
        "about": words.about,
        "severity": words.severity,
        "unit": words.unit,
        "state": standing.state,
        "resolution": standing.resolution,
        "currency": subject.currency or None,
        "dimension": subject.dimension or None,
        "segment": (subject.segment or None) if shown else None,
        "detector": subject.detector,
        "rule": episode.rule,
        "direction": episode.direction,
        "detected_on": episode.detected_on,
        "onset": episode.onset,
        "recovered_on": episode.recovered_on,
        "score": episode.score,
        "value": episode.value if shown else None,
        "expected": episode.expected if shown else None,
        "as_of": latest.as_of,
        "latest_value": latest.value if shown else None,
        "latest_expected": latest.expected if shown else None,
        "owner": standing.owner,
        "acknowledged_at": standing.acknowledged_at,
        "snoozed_until": standing.snoozed_until,
        "suppressed_by": standing.suppressed_by,
        "muted_by": standing.muted_by,
        "level": standing.level,
        "useful": standing.useful,
        "opened_at": standing.opened_at,
        "changed_at": standing.changed_at,
        "action": words.action,
    }


class Alerts(BaseModel):
    """Alerts, the latest detected first. `next` continues after this page; null at the end."""

    alerts: list[AlertView]
    next: str | None


class DriverView(BaseModel):
    """A segment that the change comes from: by how much it moved the KPI, in its unit, and its share of the whole
    change.
    """

    dimension: str
    segment: str
    contribution: float
    share: float

    @classmethod
    def of(cls, driver: Driver) -> DriverView:
        """The view of a driver."""
        return cls(
            dimension=driver.dimension,
            segment=driver.segment,
            contribution=driver.contribution,
            share=driver.share,
        )


class ActView(BaseModel):
    """An entry of an alert's journal. `who` is `earnest` where detection or the clock did it; `to` is the new owner, or
    the alert or mute that it is about. `as_of` is the business date up to which the KPI was known then.
    """

    number: int
    at: datetime
    as_of: date | None
    who: str
    what: What
    why: str
    until: datetime | None
    to: str | None
    resolution: Resolution | None
    useful: bool | None

    @classmethod
    def of(cls, act: Act, *, shown: bool) -> ActView:
        """The view of an act; why it was done may hold figures of a person."""
        return cls(
            number=act.number,
            at=act.at,
            as_of=act.as_of,
            who=act.who,
            what=act.what,
            why=act.why if shown else "",
            until=act.until,
            to=act.to,
            resolution=act.resolution,
            useful=act.useful,
        )


class AlertDetail(AlertView):
    """An alert with what drove it, its journal, and the alerts that it stands for. `links` lead to what it rests on."""

    meaning: str
    labels: dict[str, str]
    drivers: list[DriverView]
    acts: list[ActView]
    children: list[str]
    links: dict[str, str]

    @classmethod
    def whole(
        cls, alert: Alert, *, journal: list[Act], children: list[str], links: dict[str, str], reads_pay: bool
    ) -> AlertDetail:
        """All of an alert for whoever may, or may not, read what is near to somebody's pay."""
        shown = reads_pay or not alert.personal
        drivers = alert.episode.drivers_for(reads_pay=reads_pay)
        return cls(
            **_fields(alert, reads_pay=reads_pay),
            meaning=alert.words.meaning,
            labels=alert.labels,
            drivers=[DriverView.of(driver) for driver in drivers],
            acts=[ActView.of(act, shown=shown) for act in journal],
            children=children,
            links=links,
        )


class MuteView(BaseModel):
    """A mute, and who declared it."""

    name: str
    starts_on: date | None
    ends_on: date | None
    last_of_quarter: int
    first_of_quarter: int
    kpis: list[str]
    about: About | None
    reason: str
    who: str
    at: datetime

    @classmethod
    def of(cls, mute: Mute) -> MuteView:
        """The view of a mute."""
        return cls(
            name=mute.name,
            starts_on=mute.starts_on,
            ends_on=mute.ends_on,
            last_of_quarter=mute.last_of_quarter,
            first_of_quarter=mute.first_of_quarter,
            kpis=list(mute.kpis),
            about=mute.about,
            reason=mute.reason,
            who=mute.who,
            at=mute.at,
        )


class Mutes(BaseModel):
    """Mutes that are not over, the earliest first."""

    mutes: list[MuteView]
