"""Which of the known words somebody may have meant."""

from __future__ import annotations

from collections.abc import Collection
from difflib import get_close_matches

MANY = 24


def did_you_mean(word: str, known: Collection[str], what: str) -> str:
    """A hint: the nearest known word, or all of them where none is near and they are few."""
    if near := get_close_matches(word, known, n=1):
        return f"did you mean {near[0]}?"
    if not known:
        return f"there are no {what} yet"
    if len(known) > MANY:
        return f"it is none of the {what}"
    return f"the {what} are {', '.join(sorted(known))}"
