"""What people are told of an alert: the facts, in sentences, for every channel the same.

KPIs, segments and figures of many people only: nobody's pay.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from shared.contracts.alerts import About, Direction, Resolution, Severity
from shared.drift.words import Naming, Unit
from shared.formatting import counted

Event: TypeAlias = Literal["opened", "worse", "acknowledged", "escalated", "reminded", "resolved"]
"""What people can be told of an alert."""


class ToldDriver(BaseModel):
    """A segment that a change comes from, and its share of the whole change."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    dimension: str
    segment: str
    share: float


class Told(BaseModel):
    """One thing that is told of an alert. `event_id` is the same however often it is sent. Values are in the unit of
    the KPI; `level` says how often the alert was escalated. `drivers` are the leading ones, of segments of many people.

    An alert of Prometheus has a title and labels (as `segment`), and neither unit nor direction nor values.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    event_id: str
    event: Event
    at: datetime
    alert_id: str
    kpi: str
    title: str
    about: About
    severity: Severity
    level: Annotated[int, Field(ge=0)]
    unit: Unit | None
    currency: str | None
    dimension: str | None
    segment: str | None
    direction: Direction | None
    rule: str
    detected_on: date
    onset: date
    value: Decimal | None
    expected: Decimal | None
    who: str
    why: str
    owner: str | None
    resolution: Resolution | None
    action: str
    link: str
    drivers: tuple[ToldDriver, ...] = ()

    @property
    def subject(self) -> str:
        """The KPI and where, as in "Average discount in EUR, product Pro"."""
        if self.unit is None:
            return self.title
        currency = f" in {self.currency}" if self.currency else ""
        segment = f", {self.dimension} {self.segment}" if self.dimension else ""
        return f"{self.title}{currency}{segment}"

    @property
    def headline(self) -> str:
        """What happened, in a line."""
        match self.event:
            case "opened":
                return f"{self.subject}{self._figures()}"
            case "worse":
                return f"Clearly worse: {self.subject}{self._figures()}"
            case "escalated":
                return f"Still not acknowledged: {self.subject}{self._figures()}"
            case "reminded":
                return f"Not done yet: {self.subject}"
            case "acknowledged":
                return f"{self.who} has acknowledged: {self.subject}"
            case "resolved":
                if self.resolution == "corrected":
                    return f"Not found any more: {self.subject}"
                how = f"Decided by {self.who}" if self.resolution == "decided" else "Over"
                return f"{how}: {self.subject}" + (self._figures() if self.value is not None else "")

    @property
    def sentences(self) -> list[str]:
        """The rest of it, a sentence each."""
        said = [self._since()] if self.event != "acknowledged" else []
        if self.drivers and self.event not in ("acknowledged", "resolved"):
            most = (f"{each.dimension} {each.segment} ({each.share:.0%} of the change)" for each in self.drivers)
            said.append(f"Most of it comes from {', '.join(most)}.")
        if self.why:
            said.append(f"{self.why[0].upper()}{self.why[1:].rstrip('.')}.")
        if self.event not in ("acknowledged", "reminded", "resolved"):
            said.append(f"What to do: {self.action}" if self.action else "What to do: look at what changed.")
        if self.owner:
            said.append(f"Owner: {self.owner}.")
        return said

    @property
    def text(self) -> str:
        """All of it as plain text."""
        return "\n".join([self.headline, "", *self.sentences, "", f"{self.alert_id}, {self.severity}: {self.link}"])

    def _since(self) -> str:
        if self.unit is None:
            labels = f" Its labels: {self.segment}." if self.segment else ""
            return f"Prometheus says so since {self.detected_on}.{labels}"
        return f"It began about {self.onset} and was found on {self.detected_on} ({self.rule})."

    def _figures(self) -> str:
        """What follows the subject: nothing where nothing was measured."""
        limit = "allowed" if self.rule == "threshold" else "expected"
        if self.unit is None:
            return ""
        if self.value is None:
            return f": {'higher' if self.direction == 'up' else 'lower'} than {limit}"
        naming = Naming(title=self.title, unit=self.unit, currency=self.currency or "")
        now, expected = float(self.value), None if self.expected is None else float(self.expected)
        said = f": {naming.figure(now, beside=expected)}"
        return said if expected is None else f"{said}, where {naming.figure(expected, beside=now)} is {limit}"


class Message(BaseModel):
    """What is sent at once to one subscription: one thing, or all of a day. `message_id` is the same at every try."""

    model_config = ConfigDict(frozen=True)

    message_id: str
    told: tuple[Told, ...]
    day: date | None = None
    """Of a digest: the day that it is sent on."""

    @property
    def title(self) -> str:
        """What a mail has as its subject."""
        if self.day is None:
            return self.told[0].headline
        counts = Counter(each.event for each in self.told)
        return f"Alerts up to {self.day}: " + ", ".join(f"{number} {event}" for event, number in counts.items())

    @property
    def text(self) -> str:
        """All of it as plain text."""
        if self.day is None:
            return self.told[0].text
        lines = [f"- {each.headline} ({each.alert_id}, {each.at:%H:%M} UTC)" for each in self.told]
        return "\n".join([self.title, "", *lines, "", f"{counted(len(self.told), 'message')} in all."])

    def payload(self) -> dict[str, Any]:
        """What a webhook is sent: a type, when it happened (of a digest the last of it) and the data, as Standard
        Webhooks wants it. It is the same at every try.
        """
        if self.day is None:
            kind, data = f"alert.{self.told[0].event}", self.told[0].model_dump(mode="json")
        else:
            kind = "alerts.digest"
            data = {"day": self.day.isoformat(), "events": [each.model_dump(mode="json") for each in self.told]}
        return {"type": kind, "timestamp": max(each.at for each in self.told).isoformat(), "data": data}


def an_example(now: datetime) -> Told:
    """What is sent to try out a channel; it says that it is an example."""
    return Told(
        event_id="example/1",
        event="opened",
        at=now,
        alert_id="example",
        kpi="example",
        title="Example, to try out this channel",
        about="plan",
        severity="warning",
        level=0,
        unit="ratio",
        currency=None,
        dimension=None,
        segment=None,
        direction="up",
        rule="threshold",
        detected_on=now.date(),
        onset=now.date(),
        value=Decimal("0.25"),
        expected=Decimal("0.20"),
        who="earnest",
        why="somebody tries out whether alerts arrive here",
        owner=None,
        resolution=None,
        action="nothing.",
        link="",
    )


def in_order(told: Sequence[Told]) -> tuple[Told, ...]:
    """The things of a day in an order of their own: the worst first, and each alert's as they happened."""
    return tuple(sorted(told, key=lambda each: (each.severity != "critical", each.alert_id, each.at, each.event_id)))
