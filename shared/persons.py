"""Persons behind names: whoever two names stand for is one, however they are written."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Final


def person_id(name: str) -> str:
    """The id that a name stands for: `Dana`, ` dana.` and `DANA` are one person."""
    return _EDGES.sub("", unicodedata.normalize("NFKC", name).casefold())


_EDGES: Final = re.compile(r"^[^\w]+|[^\w]+$")


def is_among(person: str, names: Iterable[str]) -> bool:
    """Whether one of the names stands for the person."""
    return person_id(person) in {person_id(name) for name in names}
