"""Audited rows without what belongs to plan versions that are quarantined: when that was calculated last is nobody's
fault.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass
from typing import Any, Final

import orjson

from services.scoring.credit.deals import CREDIT

Key = tuple[Any, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Audited:
    """A table, what its rows are called, its key and the columns that facts decide. `where` leaves out rows that say
    nothing.
    """

    name: str
    called: str
    keys: tuple[str, ...]
    columns: tuple[str, ...]
    where: str = "true"


AUDITED: Final = (
    Audited(name="participant", called="participant", keys=("participant_id",), columns=("facts",)),
    Audited(name="plan_version", called="plan", keys=("plan", "version"), columns=("document", "author")),
    Audited(name="deal", called="deal", keys=("deal_id",), columns=("facts", "credits", "uncredited")),
    Audited(
        name="participant_sums",
        called="participant sums",
        keys=("participant_id", "period"),
        columns=("sums", "earnings"),
        where="(sums <> '[]' or earnings <> '[]')",
    ),
)

Name = tuple[str, int]
"""A plan version's plan and number."""

_PLAN, _VERSION = (list(CREDIT).index(name) for name in ("plan", "version"))

_OF: Final[Mapping[str, Callable[[Any, Set[Name]], bool]]] = {
    "credits": lambda row, aside: (row[_PLAN], int(row[_VERSION])) in aside,
    "uncredited": lambda row, _: row[1] == "plan_quarantined",
    "sums": lambda row, aside: (row[0], int(row[1])) in aside,
    "earnings": lambda row, aside: (row["plan"], row["version"]) in aside,
}
"""By column that lists rows, whether a row is of a version that is quarantined."""


def without(table: Audited, key: Key, *, row: Key | None, aside: Set[Name]) -> Key | None:
    """The columns of a row of a table without what belongs to the versions `aside`; None where nothing else was there."""
    if row is None or not aside:
        return row
    if table.name == "plan_version":
        return None if key in aside else row
    left = tuple(
        orjson.dumps([each for each in orjson.loads(value) if not _OF[name](each, aside)]).decode()
        if name in _OF
        else value
        for name, value in zip(table.columns, row, strict=True)
    )
    return None if table.name == "participant_sums" and set(left) == {"[]"} else left
