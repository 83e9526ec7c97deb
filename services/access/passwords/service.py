"""Checking and setting passwords: argon2id, as many tries as a person needs, the same answer after the same time."""

from __future__ import annotations

import hashlib
import secrets
import threading
from contextlib import suppress
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from sqlalchemy import Connection, Engine

from services.access.passwords import rules, store
from services.access.sessions import store as sessions
from services.access.sessions.service import SignInRefused, sha256_of
from shared.problems import NotFound

MOST_OF_NAME: Final = 5
"""Tries in a row; then the name waits until the first of them is old. A passkey or a provider still lets them in."""
MOST_OF_ADDRESS: Final = 50
"""Of an office behind one address; each try costs a tenth of a second."""
MINUTES: Final = 15
LINK_HOURS: Final = 24

_hasher = PasswordHasher()  # argon2id with 64 MiB, three times over: the second choice of RFC 9106, section 4
_hashing = threading.BoundedSemaphore(2)
"""At once: a hundred who sign in at nine o'clock take turns, not 6 GiB."""
_NOBODYS: Final = _hasher.hash(secrets.token_urlsafe())
"""Compared where there is nothing to compare with: it takes as long."""


def check(engine: Engine, name: str, *, password: str, address: str) -> store.Account:
    """Whose name and password these are.

    A try counts before it is compared, so that a thousand at once are no more than five.

    Raises:
        SignInRefused: there is nobody with this name and password, or too many were tried.
    """
    called = name.strip().lower()
    name_sha256 = hashlib.sha256(called.encode()).hexdigest()
    with engine.begin() as connection:
        tries = store.tries(connection, name_sha256=name_sha256, address=address, minutes=MINUTES)
        may_try = tries.of_name < MOST_OF_NAME and tries.of_address < MOST_OF_ADDRESS
        if may_try:
            store.add_try(connection, name_sha256=name_sha256, address=address, minutes=MINUTES)
        found = store.account(connection, called)
    right = _matches(found.hash if found and found.hash and may_try else _NOBODYS, password)
    if found is None or not right:
        cause = "wrong" if may_try else "too many tries"
        raise SignInRefused(method="password", person=found.person if found else "", cause=cause)
    with engine.begin() as connection:
        store.forget_tries(connection, name_sha256)
    return found


def change(connection: Connection, account: store.Account, *, new: str) -> None:
    """Give somebody another password, and end all of their sessions.

    Raises:
        Unprocessable: it is none to have.
    """
    known = [account.person, account.name, *account.name.split(), account.email or "", "earnest"]
    rules.check(new, known=known)
    store.set_password(connection, account.person, hash_=_hash(new))
    sessions.end_all(connection, account.person)


def new_link() -> tuple[str, str]:
    """A token with which somebody can set their password, and its SHA-256, by which it is opened (`open_link`)."""
    token = f"el_{secrets.token_urlsafe(32)}"
    return token, sha256_of(token)


def open_link(connection: Connection, person: str, *, sha256: str) -> None:
    """Let whoever has the token set a person's password, once and for a day. It takes two people: one who asks for it
    and has the token, another who decides.

    Raises:
        NotFound: there is no such active person.
    """
    if not store.open_link(connection, person, sha256=sha256, hours=LINK_HOURS):
        raise NotFound(f"there is no active person {person}")


def use_link(connection: Connection, token: str, *, new: str) -> str:
    """Set the password of whom a link is for; who that is.

    Raises:
        NotFound: the link is used, over, or none.
        Unprocessable: it is no password to have; the link can be used again.
    """
    person = store.use_link(connection, sha256_of(token))
    account = None if person is None else store.account(connection, person)
    if account is None:
        raise NotFound("this link has been used, or is over: ask your administrator for another")
    change(connection, account, new=new)
    return account.person


def hash_of(password: str, *, known: list[str]) -> str:
    """The hash of a first password, for how an installation begins.

    Raises:
        Unprocessable: it is none to have.
    """
    rules.check(password, known=known)
    return _hash(password)


def _hash(password: str) -> str:
    with _hashing:
        return _hasher.hash(rules.composed(password))


def _matches(hash_: str, password: str) -> bool:
    with _hashing, suppress(VerificationError):
        return _hasher.verify(hash_, rules.composed(password))
    return False
