"""What the routes of the audit log give."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, Field


class EntryView(BaseModel):
    """Something that somebody did, saw or was refused."""

    number: int
    at: datetime
    service: str = Field(description="The database login that recorded it", examples=["earnest_payout"])
    action: str = Field(examples=["looked"])
    actor: str = Field(description="The person or system", examples=["dana"])
    key: str = Field(description="Which of their keys, or how they had signed in", examples=["laptop"])
    operation: str = Field(examples=["show_statement"])
    subject: str = Field(description="What it was about", examples=["/v1/statements/run-2026-05-1/emil.dahl"])
    participants: list[str] = Field(description="Whose pay was seen; * is everybody whom the actor may see")
    status: int | None = Field(description="The status of the answer")
    request: str = Field(description="The name of the request, as logs have it")
    detail: str


class Entries(BaseModel):
    """Entries, the newest first."""

    entries: list[EntryView]
    next: int | None = Field(description="`before` for the entries before these; null: there are none")


class Look(BaseModel):
    """When somebody looked at your pay."""

    at: datetime
    who: str = Field(examples=["dana"])
    what: str = Field(description="The operation", examples=["show_statement"])
    everybody: bool = Field(description="Whether it was a list that you were one of, or could have been")
    exported: bool = Field(description="Whether it was a file to take away")


class Looks(BaseModel):
    """Who looked at your pay, the newest first."""

    looks: list[Look]
    next: int | None = Field(description="`before` for the looks before these; null: there are none")
