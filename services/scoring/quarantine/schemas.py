"""What the routes of the quarantine take and give."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from services.scoring.quarantine.waiting import Quarantined
from shared.contracts.base import Identifier


class PlanVersion(BaseModel):
    """A published plan version."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"plan": "rep", "version": 2}]})

    plan: Identifier
    version: int = Field(ge=1, le=1_000_000)


class Harmful(PlanVersion):
    """A version that is to be set aside, and why."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"plan": "rep", "version": 2, "cause": "scoring runs out of memory with it"}]},
    )

    cause: str = Field(min_length=1, max_length=1000, pattern=r"^[^\x00]+$")


class QuarantinedView(BaseModel):
    """A version that is set aside: since when, why, by whom; its author, who has to mend it; who is on it or has
    earnings of it, and how many deals wait.
    """

    plan: str
    version: int
    author: str | None
    since: datetime
    cause: str
    by: str
    participants: list[str]
    waiting: int

    @staticmethod
    def of(quarantined: Quarantined) -> QuarantinedView:
        """What is known of one."""
        return QuarantinedView(**vars(quarantined))


class Quarantine(BaseModel):
    """All that are set aside, those that were first at first."""

    quarantined: list[QuarantinedView]
