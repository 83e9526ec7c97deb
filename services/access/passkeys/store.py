"""Passkeys and their challenges in the database."""

from __future__ import annotations

from typing import Final, NamedTuple

from sqlalchemy import Connection, RowMapping, text

_FORGET_OLD: Final = text("delete from passkey_challenge where at < now() - make_interval(mins => :minutes)")
_ADD_CHALLENGE: Final = text("""
    insert into passkey_challenge (challenge, person, user_handle, at)
    values (:challenge, :person, :user_handle, now())""")
_TAKE_CHALLENGE: Final = text("""
    delete from passkey_challenge where challenge = :challenge and person is not distinct from :person
        and at > now() - make_interval(mins => :minutes) returning coalesce(user_handle, '')""")
_USER: Final = text("""
    select p.name, (select min(user_handle) from passkey where person = p.id) as user_handle,
        array(select id from passkey where person = p.id order by id) as keys
    from person p where p.id = :person""")
_ADD: Final = text("""
    insert into passkey (id, person, user_handle, public_key, sign_count, label, made_at)
    values (:id, :person, :user_handle, :public_key, :sign_count, :label, now()) on conflict do nothing""")
_FIND: Final = text("select id, person, user_handle, public_key, sign_count from passkey where id = :id for update")
_USED: Final = text("update passkey set sign_count = :sign_count, last_used_at = now() where id = :id")
_OF_PERSON: Final = text(
    "select id, label, made_at, last_used_at from passkey where person = :person order by made_at, id limit 1000"
)
_REMOVE: Final = text("delete from passkey where id = :id and person = :person")


class User(NamedTuple):
    """A person as their passkeys know them."""

    name: str
    user_handle: str | None
    keys: list[str]


class Passkey(NamedTuple):
    """A passkey as it was registered, and how often it had signed when it was last used."""

    id: str
    person: str
    user_handle: str
    public_key: bytes
    sign_count: int


def add_challenge(
    connection: Connection, challenge: str, *, person: str | None = None, user_handle: str | None = None, minutes: int
) -> None:
    """Note what is to be signed: to make a passkey of a person, or else to sign in. Forget what is older than those
    minutes.
    """
    connection.execute(_FORGET_OLD, {"minutes": minutes})
    values = {"challenge": challenge, "person": person, "user_handle": user_handle}
    connection.execute(_ADD_CHALLENGE, values)


def take_challenge(connection: Connection, challenge: str, *, person: str | None = None, minutes: int) -> str | None:
    """The user handle that goes with it, empty to sign in, where it was to be signed; it is not any longer."""
    asked = {"challenge": challenge, "person": person, "minutes": minutes}
    return connection.execute(_TAKE_CHALLENGE, asked).scalar_one_or_none()


def user(connection: Connection, person: str) -> User:
    """A person as their passkeys know them."""
    return User._make(connection.execute(_USER, {"person": person}).one())


def add(connection: Connection, passkey: Passkey, *, label: str) -> bool:
    """Register a passkey; False where it is registered already."""
    return connection.execute(_ADD, passkey._asdict() | {"label": label}).rowcount == 1


def find(connection: Connection, passkey: str) -> Passkey | None:
    """A passkey, which nobody else uses before the transaction has ended."""
    row = connection.execute(_FIND, {"id": passkey}).first()
    return None if row is None else Passkey._make(row)


def used(connection: Connection, passkey: str, *, sign_count: int) -> None:
    """It was used, and says how often."""
    connection.execute(_USED, {"id": passkey, "sign_count": sign_count})


def of_person(connection: Connection, person: str) -> list[RowMapping]:
    """A person's passkeys, the oldest first."""
    return list(connection.execute(_OF_PERSON, {"person": person}).mappings())


def remove(connection: Connection, passkey: str, *, person: str) -> bool:
    """Take a passkey off; False where it is not this person's."""
    return connection.execute(_REMOVE, {"id": passkey, "person": person}).rowcount == 1
