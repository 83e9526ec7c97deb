"""What the HTTP interface gives of notifications."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel


class MessageView(BaseModel):
    """A message to a subscription: due since `due_at`, tried so often. `outcome` is null while it is on its way, and
    `error` says why the last try came to nothing. `day` is that of a digest.
    """

    message_id: str
    subscription: str
    day: date | None
    due_at: datetime
    attempts: int
    error: str | None
    settled_at: datetime | None
    outcome: Literal["sent", "given_up"] | None


class Messages(BaseModel):
    """Messages, the latest first. `remarks` say why what the file of notifications says is not in force, if so."""

    remarks: list[str]
    messages: list[MessageView]


class Tried(BaseModel):
    """An example that has arrived."""

    subscription: str
    channel: str
