"""Sessions in the database. All instants are the database's own: it is what says whether a session still holds."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, RowMapping, text

_START: Final = text("""
    insert into session (id, sha256, person, method, started_at, authenticated_at, last_seen_at, idle_seconds,
        expires_at, provider_session)
    select gen_random_uuid(), :sha256, p.id, :method, now(), least(coalesce(:authenticated_at, now()), now()), now(),
        :idle_seconds, now() + make_interval(secs => :seconds), :provider_session
    from person p where p.id = :person and p.active and p.kind = 'person'""")
_OPEN: Final = "ended_at is null and expires_at > now() and last_seen_at > now() - make_interval(secs => idle_seconds)"
_OF_PERSON: Final = text(f"""
    select id, method, started_at, authenticated_at, last_seen_at, expires_at, sha256 = :current as current
    from session where person = :person and {_OPEN} order by started_at desc, id limit 1000""")
_END_TOKEN: Final = text("update session set ended_at = now() where sha256 = :sha256 and ended_at is null")
_END_ONE: Final = text(
    f"update session set ended_at = now() where id = :id and person = :person and {_OPEN} returning sha256"
)
_END_ALL: Final = text("update session set ended_at = now() where person = :person and ended_at is null")
_END_OF_PROVIDER: Final = text("""
    update session set ended_at = now()
    where method = :method and ended_at is null and (provider_session = :provider_session or person = :person)
    returning person""")


def start(
    connection: Connection,
    *,
    sha256: str,
    person: str,
    method: str,
    authenticated_at: datetime | None,
    provider_session: str | None,
    idle_seconds: int,
    seconds: int,
) -> bool:
    """Write a session of an active person; False where there is no such person."""
    values = {
        "sha256": sha256,
        "person": person,
        "method": method,
        "authenticated_at": authenticated_at,
        "provider_session": provider_session,
        "idle_seconds": idle_seconds,
        "seconds": seconds,
    }
    return connection.execute(_START, values).rowcount == 1


def of_person(connection: Connection, person: str, *, current: str) -> list[RowMapping]:
    """A person's open sessions, the latest first; `current` is the SHA-256 of the token that asks."""
    return list(connection.execute(_OF_PERSON, {"person": person, "current": current}).mappings())


def end_token(connection: Connection, sha256: str) -> None:
    """End the session of a token, if there is one."""
    connection.execute(_END_TOKEN, {"sha256": sha256})


def end_one(connection: Connection, session: UUID, *, person: str) -> bool:
    """End a session of a person; False where it is not open or somebody else's."""
    return connection.execute(_END_ONE, {"id": session, "person": person}).rowcount == 1


def end_all(connection: Connection, person: str) -> None:
    """End all sessions of a person."""
    connection.execute(_END_ALL, {"person": person})


def end_of_provider(
    connection: Connection, *, method: str, person: str | None, provider_session: str | None
) -> list[str]:
    """End the sessions that a provider names, by its own session or by person; whose they were."""
    values = {"method": method, "person": person, "provider_session": provider_session}
    return list(connection.execute(_END_OF_PROVIDER, values).scalars())
