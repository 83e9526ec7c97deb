"""The database of access, as every service asks it and records in it: through the functions of its schema."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Engine, text

from shared.access.audit import Entry
from shared.access.principal import Grant, Principal
from shared.database import database_url, engine_for
from shared.logins import login_of
from shared.proof.chain import sign_commits
from shared.proof.signing import Signer
from shared.settings import Settings

SCHEMA: Final = "access"
KNOWN_SECONDS: Final = 1.0
"""For how long what the database said of a token holds: a right that is taken is gone within a second, and a CRM that
sends a thousand deals a second does not ask a thousand times.
"""
MOST_KNOWN: Final = 10_000


class AccessDatabase:
    """Knows people and systems by their tokens, and keeps the audit log."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._known: dict[str, tuple[float, Principal | None]] = {}
        self._lock = threading.Lock()

    @classmethod
    def of(cls, settings: Settings, service: str) -> AccessDatabase:
        """As a service asks it."""
        engine = engine_for(database_url(settings, login_of(service)), SCHEMA)
        return cls(sign_commits(engine, SCHEMA, signer=Signer.of(settings)))

    def close(self) -> None:
        """Close the connections."""
        self._engine.dispose()

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

    def sees(self, principal: Principal, participant: str, *, month: str | None = None) -> bool:
        """Whether somebody sees the pay of a participant in a month, or, without one, at any time, by what they ask
        with.
        """
        values = {"who": principal.name, "scopes": sorted(principal.asked), "whom": participant, "month": month}
        with self._engine.connect() as connection:
            return bool(connection.execute(_SEES, values).scalar_one())

    def seen_of(self, principal: Principal, participants: Iterable[str]) -> frozenset[str]:
        """Those of the participants whose pay somebody sees at any time, by what they ask with."""
        values = {"who": principal.name, "scopes": sorted(principal.asked), "participants": sorted(participants)}
        with self._engine.connect() as connection:
            return frozenset(connection.execute(_SEEN, values).scalars())

    def record(self, entry: Entry) -> None:
        """See `AuditLog.record`. The database adds the time and the login that wrote."""
        values = entry._asdict() | {"participants": list(entry.participants)}
        with self._engine.begin() as connection:
            connection.execute(_RECORD, values)

    def approval_roles(self) -> frozenset[str]:
        """See `Directory.approval_roles`."""
        with self._engine.connect() as connection:
            return frozenset(connection.execute(_APPROVAL_ROLES).scalars())


_CALLER: Final = text("select access.caller(:token)")
_APPROVAL_ROLES: Final = text("select * from access.approval_roles()")
_SEES: Final = text("select access.may_see(:who, cast(:scopes as text[]), :whom, :month)")
_SEEN: Final = text("""
    select whom from unnest(cast(:participants as text[])) whom
    where access.may_see(:who, cast(:scopes as text[]), whom, null)""")
_RECORD: Final = text("""
    select access.record(:action, :actor, :key, :operation, :subject, cast(:participants as text[]),
        cast(:status as integer), :request, :detail)""")


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
