"""JSON paths that people write, within limits: what one may cost grows with the document and not with the document's
square.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

import jsonpath

MOST_CHARACTERS: Final = 500
DEEPEST: Final = 10
"""Brackets within each other."""

_QUOTED: Final = re.compile(r"""'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*\"""", re.DOTALL)

# Each of these multiplies: a path that looks below twice looks at every pair of places in a document, and a document
# may have 4 MB.
_LIMITS: Final[tuple[tuple[Callable[[str], bool], str], ...]] = (
    (lambda bare: bare.count("..") > 1, "it may look below (..) once only"),
    (lambda bare: len(re.findall(r"[$^]", bare)) > 1, "it may name the whole document ($) once only"),
    (lambda bare: bare.count(",") > 5, "it may list at most 6 alternatives"),
    (lambda bare: _depth(bare) > DEEPEST, f"brackets may stand within each other {DEEPEST} deep, not deeper"),
    (
        lambda bare: "=~" in bare or re.search(r"\b(match|search)\s*\(", bare) is not None,
        "it may not match regular expressions, which can take for ever; compare with == or translate with `values`",
    ),
)


def compiled(path: str) -> jsonpath.JSONPath:
    """The path, ready to be looked for.

    Raises:
        ValueError: it is no JSON path, or beyond one of the limits.
    """
    if len(path) > MOST_CHARACTERS:
        raise ValueError(f"a JSON path has at most {MOST_CHARACTERS} characters; this one has {len(path):,}")
    bare = _QUOTED.sub("", path)  # in quotes a comma is a part of a name
    for exceeds, why in _LIMITS:
        if exceeds(bare):
            raise ValueError(f"{path!r}: {why}")
    try:
        query = jsonpath.compile(path)
    except (jsonpath.JSONPathError, ValueError, RecursionError) as error:
        raise ValueError(f"{path!r} is not a JSON path: {' '.join(str(error).split())}") from None
    if not isinstance(query, jsonpath.JSONPath):
        raise ValueError(f"{path!r} is several JSON paths; name one")
    return query


def _depth(bare: str) -> int:
    deepest = depth = 0
    for character in bare:
        depth += (character in "[(") - (character in "])")
        deepest = max(deepest, depth)
    return deepest
