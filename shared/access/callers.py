"""Whose token it is: of the installation's own machines, by the key file; of people and the company's systems, as the
database of access says.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Final, Protocol

from sqlalchemy import Connection, text

from shared.access.principal import Principal


class Directory(Protocol):
    """Knows people, and whose tokens are whose."""

    def caller(self, token_sha256: str) -> Principal | None:
        """Whoever has this token, by its SHA-256 in hex; None where nobody has, or has no longer."""
        ...

    def approval_roles(self) -> frozenset[str]:
        """Every role in which somebody approves."""
        ...


class Callers:
    """Finds the caller of a token in one directory after the other.

    A plain SHA-256 is enough for tokens, which are 256 random bits; only what people choose needs salt and a slow hash.
    They are looked up by it, so that timing tells nothing about other tokens.
    """

    def __init__(self, *directories: Directory) -> None:
        self._directories = directories

    def caller(self, token: str) -> Principal | None:
        """Whoever has the token."""
        sha256 = hashlib.sha256(token.encode()).hexdigest()
        return next((who for directory in self._directories if (who := directory.caller(sha256)) is not None), None)

    def approval_roles(self) -> frozenset[str]:
        """Every role in which somebody approves."""
        return frozenset().union(*(directory.approval_roles() for directory in self._directories))


def persons_behind(connection: Connection, names: list[str]) -> Mapping[str, frozenset[str]]:
    """Who is behind each of these names that facts and journals have as their author: the person, and for a system
    those who answer for it and who made its keys.
    """
    return {name: frozenset(persons) for name, persons in connection.execute(_BEHIND, {"names": names})}


_BEHIND: Final = text("select name, persons from access.persons_behind(:names)")
