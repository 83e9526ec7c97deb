"""What scoring's frozen detail of a month says, as components with their parts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, TypeAdapter

from shared.explanation import Part


class _Component(BaseModel):
    component: str
    parts: list[Part]


class _Detail(BaseModel):
    components: list[_Component]


_DETAIL = TypeAdapter(_Detail)


def components(detail: Any) -> Iterator[tuple[str, list[Part]]]:
    """The components of a participant's month, each with its parts, in the order of the plan."""
    for each in _DETAIL.validate_python(detail).components:
        yield each.component, each.parts
