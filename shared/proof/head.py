"""The head of a chain, as it is kept elsewhere and printed. Pure."""

from __future__ import annotations

from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints


class Head(BaseModel):
    """The end of a chain: its last link, when that was made, and its signature (empty where there is no key)."""

    model_config = ConfigDict(frozen=True)

    chain: Annotated[str, StringConstraints(pattern="^[a-z_]{1,40}$")]
    position: Annotated[int, Field(gt=0)]
    sha256: Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]
    signature: Annotated[str, StringConstraints(pattern="^([0-9a-f]{128})?$")]
    at: AwareDatetime
