"""API keys: who calls, and what they may do. Keys are known by their hash; the file is read again when it changes."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Literal

import structlog
from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, TypeAdapter, ValidationError

from shared.problems import Problem, Unauthenticated

_logger = structlog.get_logger(__name__)

Scope = Literal[
    "deals:write",
    "roster:write",
    "plans:write",
    "terms:write",
    "earnings:read",
    "runs:write",
    "runs:approve",
    "payroll:read",
    "payroll:write",
    "gl:read",
    "statements:read",
    "alerts:read",
    "alerts:write",
    "alerts:notify",
    "ops",
]
"""What a key can allow."""


class Forbidden(Problem):
    """The key is known but does not allow this."""

    type = "forbidden"
    title = "Not allowed"
    status = HTTPStatus.FORBIDDEN


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Whoever a key belongs to: a person or a system. The name is what journals and approvals record."""

    name: str
    scopes: frozenset[str]
    roles: frozenset[str] = frozenset()
    pay_groups: frozenset[str] | None = None
    """The pay groups whose payroll files the key may see; None is all of them."""


class _Key(BaseModel):
    name: str
    sha256: str
    scopes: list[str]
    roles: list[str] = []
    pay_groups: list[str] | None = None

    def principal(self) -> Principal:
        """Whoever has the key."""
        groups = None if self.pay_groups is None else frozenset(self.pay_groups)
        return Principal(name=self.name, scopes=frozenset(self.scopes), roles=frozenset(self.roles), pay_groups=groups)


_KEYS = TypeAdapter(list[_Key])


@dataclass(frozen=True, slots=True)
class _Contents:
    """What was read of a file, and the file's time and size when it was."""

    stamp: tuple[int, int] | None
    principals: Mapping[str, Principal]


class KeyRing:
    """The keys of a file: a JSON list of name, sha256 of the key in hex, scopes, for approvers their roles, and for a
    payroll system its pay_groups. Without a file nobody is known.

    A file that turns out not to be such a list changes nothing: a slip in it must not lock everybody out.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._contents = _Contents(None, {})
        self._reading = threading.Lock()

    def principal(self, key: str) -> Principal | None:
        """Whom the key belongs to. Looked up by hash, so that timing tells nothing about other keys.

        A plain SHA-256 is enough for keys, which are 256 random bits; only what people choose needs salt and a slow
        hash.
        """
        return self._current().get(hashlib.sha256(key.encode()).hexdigest())

    def roles(self) -> frozenset[str]:
        """Every role that somebody has."""
        return frozenset().union(*(principal.roles for principal in self._current().values()))

    def _current(self) -> Mapping[str, Principal]:
        """The principals of the file as it is now. Stamp and principals change together: nobody sees one without the
        other.
        """
        with self._reading:
            stamp = self._stamp()
            if stamp != self._contents.stamp:
                self._contents = _Contents(stamp, self._read() if stamp else {})
            return self._contents.principals

    def _stamp(self) -> tuple[int, int] | None:
        try:
            status = self._path.stat() if self._path else None
        except FileNotFoundError:
            status = None
        return (status.st_mtime_ns, status.st_size) if status else None

    def _read(self) -> Mapping[str, Principal]:
        assert self._path is not None
        try:
            keys = _KEYS.validate_json(self._path.read_bytes())
        except (OSError, ValidationError) as error:
            _logger.error("auth.keys_unreadable", error=type(error).__name__)
            return self._contents.principals
        return {key.sha256.lower(): key.principal() for key in keys}


_bearer = HTTPBearer(auto_error=False, description="An API key of this installation")


def require(scope: Scope, *others: Scope) -> Callable[..., Principal]:
    """A FastAPI dependency: the caller, who must have the scope, or one of some others that allow the same.

    Raises (when called):
        Unauthenticated: no or an unknown key.
        Forbidden: the key lacks the scope.
    """

    def caller(
        request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
    ) -> Principal:
        if credentials is None:
            raise Unauthenticated("send an API key in the header `Authorization: Bearer <key>`")
        keys: KeyRing = request.app.state.keys
        principal = keys.principal(credentials.credentials)
        if principal is None:
            raise Unauthenticated("this API key is not known")
        if principal.scopes.isdisjoint({scope, *others}):
            raise Forbidden(f"the key of {principal.name} does not have the scope {scope}")
        return principal

    return caller
