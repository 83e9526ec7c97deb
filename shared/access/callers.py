"""Whose token it is: of the installation's own machines, by the key file; of people and the company's systems, as the
database of access says.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Protocol

from sqlalchemy import Connection, Engine, text

from shared.access.key_file import KeyFile
from shared.access.principal import Grant, Principal

KNOWN_SECONDS: Final = 1.0
"""For how long what the database said of a token holds: a right that is taken is gone within a second, and a CRM that
sends a thousand deals a second does not ask a thousand times.
"""
MOST_KNOWN: Final = 10_000


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


class DatabaseDirectory:
    """The directory of the service `access`, asked through the functions of its schema."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._known: dict[str, tuple[float, Principal | None]] = {}
        self._lock = threading.Lock()

    def caller(self, token_sha256: str) -> Principal | None:
        """See `Directory.caller`; what was said a second ago holds."""
        now = time.monotonic()
        with self._lock:
            said = self._known.get(token_sha256)
        if said is not None and now - said[0] < KNOWN_SECONDS:
            return said[1]
        with self._engine.begin() as connection:
            found = connection.execute(_CALLER, {"token": token_sha256}).scalar_one_or_none()
        principal = None if found is None else _principal(found)
        with self._lock:
            if len(self._known) >= MOST_KNOWN:  # somebody tries tokens: those of others are asked for again
                self._known.clear()
            self._known[token_sha256] = (now, principal)
        return principal

    def approval_roles(self) -> frozenset[str]:
        """See `Directory.approval_roles`."""
        with self._engine.connect() as connection:
            return frozenset(connection.execute(_APPROVAL_ROLES).scalars())


def persons_behind(connection: Connection, names: list[str]) -> Mapping[str, frozenset[str]]:
    """Who is behind each of these names that facts and journals have as their author: the person, and for a system,
    a source or a key those who own it.
    """
    rows = connection.execute(_BEHIND, {"names": names})
    return {name: frozenset(persons) for name, persons in rows}


_CALLER: Final = text("select access.caller(:token)")
_APPROVAL_ROLES: Final = text("select * from access.approval_roles()")
_BEHIND: Final = text("select name, persons from access.persons_behind(:names)")


def _principal(found: Mapping[str, Any]) -> Principal:
    at = found["authenticated_at"]
    return Principal(
        name=found["person"],
        key=found["key"],
        participant=found["participant"],
        authenticated_at=at and datetime.fromisoformat(at),
        grants=tuple(
            Grant(
                role=grant["role"],
                scopes=frozenset(grant["scopes"]),
                view=grant["view"],
                pay_groups=None if grant["pay_groups"] is None else frozenset(grant["pay_groups"]),
                entities=None if grant["entities"] is None else frozenset(grant["entities"]),
                approves_as=frozenset(grant["approves_as"]),
            )
            for grant in found["grants"]
        ),
    )


def of_file(path: Path | None) -> Callers:
    """The callers that a key file knows, and no others."""
    return Callers(KeyFile(path))
