"""How slips in writing YAML are mended: the library says what its grammar expected, which nobody who writes a plan
knows.
"""

from __future__ import annotations

import re
from typing import Any, Final

import yaml

IN_QUOTES: Final = 'put the text in double quotes, as in name: "Plan: 2025"'
_MENDS: Final = (
    # What the library says of the place, and of what is around it; the first that fits.
    (r"character '\\t'", "", "indent with blanks, not with tabs"),
    (r"character '%'", "", "a percentage ends with the sign: write 5%"),
    (r"character '[@`]'", "", IN_QUOTES),
    (
        r"mapping values are not allowed",
        "",
        f"where the colon is part of a text, {IN_QUOTES}; where it ends a field's name, begin all fields in one column",
    ),
    (r"mapping keys are not allowed", "", IN_QUOTES),
    (r"undefined alias|undefined anchor", "", f"a * at the beginning refers to an anchor; {IN_QUOTES}"),
    (r"", r"scanning an (alias|anchor)", IN_QUOTES),
    (r"constructor for the tag", "", f"a ! at the beginning is a tag; {IN_QUOTES}"),
    (r"", "scanning a block scalar", f"after | and > a text begins in the next line; {IN_QUOTES}"),
    (r"could not find expected ':'", "", "write a blank after the colon: `version: 1`"),
    (
        r"(found|got) '<scalar>'",
        "parsing a (block|flow) mapping",
        f"what begins with a quote or bracket ends with it; {IN_QUOTES}",
    ),
    (r"found '<(block|)", "parsing a block", "begin all fields of a group, and all entries of a list, in one column"),
    (
        r"unexpected end of stream|document separator",
        "quoted scalar",
        "end the text with its first quote",
    ),
)


def mend_of(error: yaml.MarkedYAMLError) -> str:
    """How to mend what keeps a text from being YAML; empty where nothing is sure."""
    problem, context = str(error.problem), str(error.context or "")
    opened = re.search(r"expected ',' or '([]}])', but got (?!'<scalar>')", problem)
    if opened and error.context_mark is not None:
        bracket = "[" if opened[1] == "]" else "{"
        return f"the {bracket} of line {error.context_mark.line + 1} ends with {opened[1]}; between entries is a comma"
    return next((mend for of, within, mend in _MENDS if re.search(of, problem) and re.search(within, context)), "")


def place_of(error: yaml.MarkedYAMLError) -> tuple[int, int] | None:
    """Line and column of the slip, from 1: where a name stands that no colon follows, not where that was noticed."""
    noticed_late = str(error.problem).startswith("could not find expected ':'")
    mark = error.context_mark if noticed_late and error.context_mark else error.problem_mark
    return (mark.line + 1, mark.column + 1) if mark else None


def mend_of_field(name: Any, value: Any) -> str:
    """How to mend a field that nobody means as one: a slip that is YAML all the same; empty where it is none."""
    if value is not None:
        return ""
    if re.fullmatch(r"0|[0-9]{3}(\.[0-9]+)?%?", str(name)):
        return "a comma ends the field: write numbers without it, as 150000"
    if isinstance(name, str) and (glued := re.fullmatch(r"([a-z_]+):(\S.*)", name)):
        return f"write a blank after the colon: `{glued[1]}: {glued[2]}`"
    if isinstance(name, str) and not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.-]*", name):
        return "a comma ends a field within {…}: put a text with commas in double quotes"
    return ""
