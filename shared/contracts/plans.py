"""Topic `plans` (compacted), keyed by `<plan id>@<version>`: published plan versions."""

from __future__ import annotations

from datetime import date
from typing import Any

from pydantic import Field

from shared.contracts.base import Contract, Identifier

TYPE = "earnest.plan.published"


class PlanPublished(Contract):
    """A plan version as it was published. `document` is the plan file as data; it is never changed once published.

    `author` names the key that it was published with; `text` is the file as it was written, where it came as one.
    """

    plan_id: Identifier
    version: int = Field(ge=1)
    effective_from: date
    document: dict[str, Any]
    author: str | None = None
    text: str | None = None
