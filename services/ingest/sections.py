"""What all parts of a source file share."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class SourceError(ValueError):
    """A source file that cannot be used; the message names the file and every mistake."""


class Section(BaseModel):
    """A part of a source file: unknown words are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)
