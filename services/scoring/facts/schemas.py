"""What facts are answered with: by path, the value in force."""

from __future__ import annotations

from typing import Any, Final

from pydantic import BaseModel, Field

MOST: Final = 5000
"""Deals or participants of one page: some megabytes of answer."""


class DealFacts(BaseModel):
    """A deal: field path -> value, as in `refunds.r1`; null where it was cleared."""

    deal_id: str
    fields: dict[str, Any]


class DealPage(BaseModel):
    """Deals by id. `next` continues after this page; null at the end."""

    deals: list[DealFacts]
    next: str | None


class ParticipantFacts(BaseModel):
    """A participant: path -> value; dated paths are `<date>/<attribute>`, as in `2025-01-01/quota.bookings`."""

    participant_id: str
    fields: dict[str, Any] = Field(examples=[{"2025-01-01/plan": "rep", "name": "Ann"}])


class RosterPage(BaseModel):
    """Participants by id. `next` continues after this page; null at the end."""

    participants: list[ParticipantFacts]
    next: str | None
