"""The keys of the installation's own machines, in a file that no API writes. It is read again when it changes."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import structlog
from pydantic import AwareDatetime, BaseModel, TypeAdapter, ValidationError

from shared.access.duties import conflicts
from shared.access.principal import Grant, Principal
from shared.persons import person_id

_logger = structlog.get_logger(__name__)


class _Key(BaseModel):
    name: str
    sha256: str
    scopes: list[str]
    roles: list[str] = []
    person: str | None = None
    pay_groups: list[str] | None = None
    entities: list[str] | None = None
    expires_at: AwareDatetime | None = None

    def principal(self) -> Principal:
        """Whoever has the key."""
        grant = Grant(
            scopes=frozenset(self.scopes),
            pay_groups=None if self.pay_groups is None else frozenset(self.pay_groups),
            entities=None if self.entities is None else frozenset(self.entities),
            approves_as=frozenset(self.roles),
        )
        return Principal(name=person_id(self.person or self.name), key=self.name, grants=(grant,), machine=True)


_KEYS = TypeAdapter(list[_Key])


@dataclass(frozen=True, slots=True)
class _Contents:
    """What was read of a file, and the file's time and size when it was."""

    stamp: tuple[int, int] | None
    keys: Mapping[str, _Key]


class KeyFile:
    """The keys of a file: a JSON list of name, sha256 of the key in hex, scopes; and where they are said the `person`
    behind it, `roles` in which they approve, `pay_groups`, `entities` and `expires_at`. Without a file nobody is known.

    A file that turns out not to be such a list changes nothing: a slip in it must not lock everybody out.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._contents = _Contents(None, {})
        self._reading = threading.Lock()

    def caller(self, token_sha256: str) -> Principal | None:
        """Whom the key belongs to whose SHA-256 this is, unless it has expired."""
        key = self._current().get(token_sha256)
        if key is None or (key.expires_at is not None and key.expires_at <= datetime.now(UTC)):
            return None
        return key.principal()

    def approval_roles(self) -> frozenset[str]:
        """Every role in which somebody approves."""
        return frozenset(role for key in self._current().values() for role in key.roles)

    def remarks(self) -> list[str]:
        """Which persons hold duties that conflict, in sentences."""
        held: dict[str, set[str]] = {}
        for key in self._current().values():
            held.setdefault(person_id(key.person or key.name), set()).update(key.scopes)
        return [
            f"{self._path}: {person} holds {one} and {other}, which nobody may hold together"
            for person, scopes in sorted(held.items())
            for one, other in conflicts(scopes)
        ]

    def _current(self) -> Mapping[str, _Key]:
        """The keys of the file as it is now. Stamp and keys change together: nobody sees one without the other."""
        with self._reading:
            stamp = self._stamp()
            if stamp != self._contents.stamp:
                self._contents = _Contents(stamp, dict(self._read()) if stamp else {})
            return self._contents.keys

    def _stamp(self) -> tuple[int, int] | None:
        try:
            status = self._path.stat() if self._path else None
        except FileNotFoundError:
            status = None
        return (status.st_mtime_ns, status.st_size) if status else None

    def _read(self) -> Iterator[tuple[str, _Key]]:
        assert self._path is not None
        try:
            keys = _KEYS.validate_json(self._path.read_bytes())
        except (OSError, ValidationError) as error:
            _logger.error("access.keys_unreadable", error=type(error).__name__)
            yield from self._contents.keys.items()
            return
        yield from ((key.sha256.lower(), key) for key in keys)
