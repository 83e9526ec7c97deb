"""A row of a roster file as a patch: the one reading of `earnest calc` and of ingest, so that a file means the same to
both.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from shared.contracts.roster import TEXTS, YES_OR_NO
from shared.decimals import figure

COLUMNS: Final = ("participant_id", "effective_from", "name", *YES_OR_NO, "quota", *TEXTS)
FIGURES: Final = {"quota.": "quotas", "term.": "terms", "score.": "scores"}
"""Columns of numbers that are each participant's own: how they begin, and the field whose entries they are."""
TEXT_ENTRIES: Final = {"category.": "categories", "alias.": "aliases"}
"""Columns of texts by name: how they begin, and the field whose entries they are."""
NAMED: Final = FIGURES | TEXT_ENTRIES
MOST_COLUMNS: Final = 16_384
"""As many as a spreadsheet has."""
CLEARS: Final = "-"
"""A cell that takes an attribute away from the row's date on; a blank one says nothing."""
LONG_BEFORE: Final = "1900-01-01"
"""From when a row holds that names no date."""


class BadHeader(ValueError):
    """The first row does not name the columns; the message says why."""


class TooWide(ValueError):
    """A row has more cells than the header names columns."""


def names_in(cells: Sequence[str]) -> list[str]:
    """What the cells of a header say, without spaces around it and without blank ones at the end."""
    names = [cell.strip() for cell in cells]
    while names and not names[-1]:  # a spreadsheet writes as many commas as its widest row ever had
        names.pop()
    return names


def header_of(cells: Sequence[str]) -> list[str]:
    """The names of a file's columns, without spaces around them and without blank ones at the end.

    Raises:
        BadHeader: there is none, one has no name, or a name is there twice.
    """
    names = names_in(cells)
    if not names:
        raise BadHeader("the first row must name the columns")
    if len(names) > MOST_COLUMNS:
        raise BadHeader(f"the first row names {len(names):,} columns; {MOST_COLUMNS:,} at most are read")
    if "" in names:
        raise BadHeader("a column has no name")
    if twice := sorted(name for name, times in Counter(names).items() if times > 1):
        raise BadHeader(f"column {', '.join(twice)} is there twice")
    return names


def fitted(cells: Sequence[str], width: int) -> list[str]:
    """The cells of a row of `width` columns: what it lacks is blank, blank cells beyond are left out.

    Raises:
        TooWide: more than blank cells lie beyond.
    """
    if any(cell.strip() for cell in cells[width:]):
        raise TooWide(f"the row has {len(cells)} cells, the header {width}")
    return [*cells[:width], *[""] * (width - len(cells))]


def check_columns(header: Sequence[str]) -> None:
    """See that every column of a roster file says something: a slip in a name would silently pay by less than the file
    says.

    Raises:
        BadHeader: participant_id is missing, or a column is not known.
    """
    if "participant_id" not in header:
        raise BadHeader(f"there is no column participant_id; its columns are {', '.join(header)}")
    if unknown := [name for name in header if name not in COLUMNS and not name.startswith(tuple(NAMED))]:
        raise BadHeader(
            f"unknown columns {', '.join(unknown)}; known are {', '.join(COLUMNS)}, "
            "quota.<measure>, term.<name>, score.<measure>, category.<name>, alias.<system>"
        )


def patch_of(row: Mapping[str, object]) -> dict[str, Any]:
    """A row as the data of a `RosterPatch`, not yet validated. Blank cells say nothing, `-` clears; `6%` is `0.06`;
    without a date it holds from long before.
    """
    # A blank cell clears nothing: a file of quotas would otherwise take away every attribute that it has no column for.
    given = {name: text.strip() for name, text in row.items() if isinstance(text, str) and text.strip()}
    fields: dict[str, Any] = {name: given[name] for name in (*TEXTS, *YES_OR_NO) if name in given}
    if "quota" in given:
        fields["quota"] = figure(given["quota"])
    for start, field in NAMED.items():
        read = figure if start in FIGURES else str
        own = {name.removeprefix(start): read(text) for name, text in given.items() if name.startswith(start)}
        if own:
            fields[field] = own
    named = {"name": given["name"]} if "name" in given else {}
    since = given.get("effective_from", LONG_BEFORE)
    return {"participant_id": given.get("participant_id"), "effective_from": since, "fields": _cleared(fields), **named}


def _cleared(fields: dict[str, Any]) -> dict[str, Any]:
    """The same with null for whatever a cell clears."""
    return {
        name: _cleared(value) if isinstance(value, dict) else None if value == CLEARS else value
        for name, value in fields.items()
    }
