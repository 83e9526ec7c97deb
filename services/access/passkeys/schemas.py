"""What the routes of passkeys take and give."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Credential(BaseModel):
    """A `PublicKeyCredential` of a browser as JSON (its method `toJSON`)."""

    model_config = ConfigDict(extra="forbid")

    credential: dict[str, Any]


class NewPasskey(Credential):
    """A passkey that a browser made, and what to call it."""

    label: str = Field(min_length=1, max_length=100, pattern=r"^[^\x00]*[^\s\x00][^\x00]*$", examples=["my phone"])


class PasskeyView(BaseModel):
    """A passkey of the caller's."""

    id: str
    label: str
    made_at: datetime
    last_used_at: datetime | None


class Passkeys(BaseModel):
    """The caller's passkeys, the oldest first."""

    passkeys: list[PasskeyView]


class Registered(BaseModel):
    """The passkey that was registered."""

    id: str
