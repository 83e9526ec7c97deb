"""Reading what is published as a plan, for a process that may die of it: whatever comes out is small, checked and plain data."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from services.ingest.acceptance import Read, read
from services.ingest.events import PlanEvent
from shared.kernel.plan.version import Plan


def read_plan_event(text: bytes, zone: str, received: datetime, by: str) -> Read:
    """One event of a request, read as `acceptance.read` does; a plan that is one is tried out, too."""
    return read([text], PlanEvent, ZoneInfo(zone), received, by, dict)


def in_full(document: dict[str, Any]) -> dict[str, Any]:
    """A published document as this version of Earnest would write it."""
    return Plan.model_validate(document).document()
