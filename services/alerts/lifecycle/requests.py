"""What people send to an alert, and what each decides."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import AwareDatetime, ConfigDict, Field, model_validator

from services.alerts.lifecycle.decisions import Decision
from shared.contracts.alerts import About
from shared.contracts.base import NAME, BusinessDate, Identifier, Submission, Text


class AcknowledgeRequest(Submission):
    """Somebody has seen it and looks after it."""

    model_config = ConfigDict(extra="forbid")

    note: Text | None = None

    def decision(self) -> Decision:
        """What is decided."""
        return Decision(what="acknowledged", why=self.note or "")


class SnoozeRequest(Submission):
    """Nobody is told of it until an instant; then it is open again by itself."""

    model_config = ConfigDict(extra="forbid")

    until: Annotated[AwareDatetime, Field(strict=False)]
    reason: Text | None = None

    def decision(self) -> Decision:
        """What is decided."""
        return Decision(what="snoozed", why=self.reason or "", until=self.until)


class NoteRequest(Submission):
    """A remark for whoever looks at it next."""

    model_config = ConfigDict(extra="forbid")

    note: Text

    def decision(self) -> Decision:
        """What is decided."""
        return Decision(what="noted", why=self.note)


class AssignRequest(Submission):
    """Who looks after it."""

    model_config = ConfigDict(extra="forbid")

    owner: Identifier
    note: Text | None = None

    def decision(self) -> Decision:
        """What is decided."""
        return Decision(what="assigned", to=self.owner, why=self.note or "")


class ResolveRequest(Submission):
    """What was decided about it, or why nothing is to be done. It stays resolved for as long as the episode lasts,
    unless it becomes clearly worse.
    """

    model_config = ConfigDict(extra="forbid")

    reason: Text

    def decision(self) -> Decision:
        """What is decided."""
        return Decision(what="resolved", why=self.reason)


class FeedbackRequest(Submission):
    """Whether the alert was of use; a reason where it was not."""

    model_config = ConfigDict(extra="forbid")

    useful: bool
    reason: Text | None = None

    def decision(self) -> Decision:
        """What is decided."""
        return Decision(what="judged", useful=self.useful, why=self.reason or "")


class MuteRequest(Submission):
    """Days on which nobody is told of alerts of these KPIs (none named: of all): from the first to the last date, or at
    every quarter's end so many business days before and after it.
    """

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"name": "quarter-end", "last_of_quarter": 3, "first_of_quarter": 2, "reason": "everybody closes"},
                {"name": "go-live", "starts_on": "2026-01-05", "ends_on": "2026-01-30", "reason": "the new plan"},
            ]
        },
    )

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
    starts_on: BusinessDate | None = None
    ends_on: BusinessDate | None = None
    last_of_quarter: Annotated[int, Field(ge=0, le=30)] = 0
    first_of_quarter: Annotated[int, Field(ge=0, le=30)] = 0
    kpis: Annotated[tuple[Annotated[str, Field(pattern=NAME)], ...], Field(strict=False, max_length=100)] = ()
    about: About | None = None
    reason: Text

    @model_validator(mode="after")
    def _has_days(self) -> Self:
        dates, quarters = (self.starts_on, self.ends_on), self.last_of_quarter + self.first_of_quarter
        if (dates == (None, None)) == (quarters == 0):
            raise ValueError("say starts_on and ends_on, or last_of_quarter and first_of_quarter")
        if quarters == 0 and (self.starts_on is None or self.ends_on is None):
            raise ValueError("a span needs its first and its last date")
        if self.starts_on is not None and self.ends_on is not None and self.ends_on < self.starts_on:
            raise ValueError("ends_on is before starts_on")
        return self
