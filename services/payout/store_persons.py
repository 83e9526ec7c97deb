"""Who is behind the names that facts, policies and decisions were recorded under: people themselves, and for a system
those who own it or made its keys. All rules of two people compare these.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy import Connection

from shared.access.callers import persons_behind
from shared.persons import person_id


def behind(connection: Connection, names: Iterable[str]) -> Mapping[str, frozenset[str]]:
    """By name the persons behind it, the name itself as a person among them."""
    persons = {name: person_id(name) for name in names}
    if not persons:
        return {}
    owners = persons_behind(connection, sorted(set(persons.values())))
    return {name: frozenset({person, *map(person_id, owners.get(person, ()))}) for name, person in persons.items()}
