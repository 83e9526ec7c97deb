"""What the routes of sessions give."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, Field


class SessionView(BaseModel):
    """Where somebody is signed in."""

    id: UUID
    method: str = Field(examples=["passkey"])
    started_at: datetime
    authenticated_at: datetime = Field(description="When the person last proved who they are")
    last_seen_at: datetime = Field(description="To the minute")
    expires_at: datetime
    current: bool = Field(description="Whether it is the one that asks")


class Sessions(BaseModel):
    """A person's open sessions, the latest first."""

    sessions: list[SessionView]


class Welcome(BaseModel):
    """Who is signed in; the token of the session is in the cookie."""

    person: str = Field(examples=["dana"])
