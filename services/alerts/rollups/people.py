"""What the roster says of people, as far as KPIs tell observations apart by it: as of a date, and under which names."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final, TypeAlias

import orjson

from shared.facts import Facts

ATTRIBUTES: Final = ("plan", "manager", "position", "territory")
_ALIAS: Final = "alias."


def name_key(name: str) -> str:
    """What names are compared by: addresses of e-mail in small letters, ids of systems as they are."""
    return name.lower() if "@" in name else name


def relevant(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a roster patch that observations are told apart by."""
    return {path: value for path, value in fields.items() if _attribute(path).startswith((*ATTRIBUTES, _ALIAS))}


def _day(path: str) -> str:
    return path.partition("/")[0]


def _attribute(path: str) -> str:
    return path.partition("/")[2]


Roles: TypeAlias = Mapping[str, str]
"""What the roster says of somebody on a day, by attribute, and since when they have been on a plan; what it does not
say is absent. It is kept beside what was counted by it.
"""


@dataclass(frozen=True, slots=True)
class Person:
    """A participant: each attribute on its own timeline."""

    timelines: Mapping[str, tuple[Sequence[str], Sequence[Any]]] = field(default_factory=dict)
    """Of an attribute the dates (as texts, ascending) and the values that hold from them on."""
    since: str | None = None
    """The first day on a plan."""

    def on(self, day: str) -> Roles:
        """The roles on a day (`2025-03-14`)."""
        roles = {}
        for attribute, (days, values) in self.timelines.items():
            place = bisect_right(days, day)
            if place and isinstance(value := values[place - 1], str):
                roles[attribute] = value
        if self.since is not None:
            roles["since"] = self.since
        return roles


NOBODY: Final = Person()


@lru_cache(maxsize=20_000)
def person_of(written: str) -> Person:
    """The person of merged roster facts, as they are stored: most batches are about people who were in one before."""
    facts: Facts = orjson.loads(written)
    timelines: dict[str, tuple[list[str], list[Any]]] = {}
    since = None
    for path in sorted(facts, key=_day):
        if (attribute := _attribute(path)) in ATTRIBUTES:
            days, values = timelines.setdefault(attribute, ([], []))
            days.append(_day(path))
            values.append(facts[path][0])
            if attribute == "plan" and since is None and values[-1]:
                since = days[-1]
    return Person(timelines, since)


def names_of(participant_id: str, facts: Facts) -> dict[str, bool]:
    """The names by which a participant is meant, as they are compared, and whether each is the id itself."""
    aliases = {
        name_key(fact[0]): False
        for path, fact in facts.items()
        if _attribute(path).startswith(_ALIAS) and isinstance(fact[0], str)
    }
    return aliases | {name_key(participant_id): True}


def who_is(names: Iterable[tuple[str, str, bool]]) -> dict[str, str]:
    """Whom names mean, of (name, participant, whether it is the id): an id goes before an alias, and an alias means
    somebody only where it means one.
    """
    ids: dict[str, set[str]] = {}
    aliases: dict[str, set[str]] = {}
    for name, participant_id, is_id in names:
        (ids if is_id else aliases).setdefault(name, set()).add(participant_id)
    return {name: next(iter(whose)) for name, whose in (aliases | ids).items() if len(whose) == 1}
