"""Passwords, what was tried, and links to set one, in the database."""

from __future__ import annotations

from typing import Final, NamedTuple

from sqlalchemy import Connection, text

_ACCOUNT: Final = text("""
    select p.id as person, p.name, p.email, w.hash from person p left join password w on w.person = p.id
    where p.active and p.kind = 'person' and (p.id = :name or lower(p.email) = :name)
    order by p.id <> :name limit 1""")
_SET: Final = text("""
    insert into password (person, hash, set_at) values (:person, :hash, now())
    on conflict (person) do update set hash = excluded.hash, set_at = excluded.set_at""")
_LOCK: Final = text("select pg_advisory_xact_lock(hashtextextended('earnest.password/' || :name, 0))")
_TRIES: Final = text("""
    select count(*) filter (where name_sha256 = :name) as of_name,
        count(*) filter (where address = :address) as of_address
    from password_try
    where (name_sha256 = :name or address = :address) and at > now() - make_interval(mins => :minutes)""")
_TRY: Final = text("insert into password_try (name_sha256, address, at) values (:name, :address, now())")
_FORGET: Final = text("delete from password_try where name_sha256 = :name")
_FORGET_OLD: Final = text("delete from password_try where at < now() - make_interval(mins => :minutes)")
_OPEN_LINK: Final = text("""
    insert into password_link (sha256, person, expires_at)
    select :sha256, id, now() + make_interval(hours => :hours) from person
    where id = :person and active and kind = 'person'""")
_CLOSE_LINKS: Final = text("update password_link set used_at = now() where person = :person and used_at is null")
_USE_LINK: Final = text("""
    update password_link set used_at = now() where sha256 = :sha256 and used_at is null and expires_at > now()
    returning person""")


class Account(NamedTuple):
    """A person who may have a password."""

    person: str
    name: str
    email: str | None
    hash: str | None


class Tries(NamedTuple):
    """How many passwords were tried lately, with a name and from an address."""

    of_name: int
    of_address: int


def account(connection: Connection, name: str) -> Account | None:
    """The active person whose id or e-mail this is, in small letters; an id comes first."""
    row = connection.execute(_ACCOUNT, {"name": name}).first()
    return None if row is None else Account._make(row)


def set_password(connection: Connection, person: str, *, hash_: str) -> None:
    """Give somebody a password."""
    connection.execute(_SET, {"person": person, "hash": hash_})


def tries(connection: Connection, *, name_sha256: str, address: str, minutes: int) -> Tries:
    """What was tried in the last minutes. Nobody else tries with this name before the transaction has ended."""
    connection.execute(_LOCK, {"name": name_sha256})
    asked = {"name": name_sha256, "address": address, "minutes": minutes}
    return Tries._make(connection.execute(_TRIES, asked).one())


def add_try(connection: Connection, *, name_sha256: str, address: str, minutes: int) -> None:
    """Note that one is tried, and forget what is older than those minutes."""
    connection.execute(_FORGET_OLD, {"minutes": minutes})
    connection.execute(_TRY, {"name": name_sha256, "address": address})


def forget_tries(connection: Connection, name_sha256: str) -> None:
    """It was the right one."""
    connection.execute(_FORGET, {"name": name_sha256})


def open_link(connection: Connection, person: str, *, sha256: str, hours: int) -> bool:
    """Let whoever has a token set a person's password once, and nobody with an earlier one; False where there is no
    such person.
    """
    connection.execute(_CLOSE_LINKS, {"person": person})
    return connection.execute(_OPEN_LINK, {"person": person, "sha256": sha256, "hours": hours}).rowcount == 1


def use_link(connection: Connection, sha256: str) -> str | None:
    """Whose password the token of a link sets, which it then does no more."""
    return connection.execute(_USE_LINK, {"sha256": sha256}).scalar_one_or_none()
