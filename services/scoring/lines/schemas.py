"""What the routes of lines take."""

from __future__ import annotations

from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from services.scoring.deps import Period
from shared.contracts.base import Identifier

MOST: Final = 100_000
"""Participants that one request may name."""


class LinesRequest(BaseModel):
    """The month, and whose lines are asked for."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"period": "2025-03", "participants": ["ann", "bob"]}]}
    )

    period: Period
    participants: list[Identifier] = Field(max_length=MOST)
