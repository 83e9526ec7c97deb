"""The chain of a schema: a transaction that wrote chained rows ends with a link over what it wrote, signed.

Triggers note the hash of each row (`tables`). What a transaction noted is linked by the service as the last thing
before its commit, with a key that the database does not have. So a row that was written past the service has no link, a
row that was changed past the triggers is not what was noted, and who has the database alone cannot make a link.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Final, NamedTuple

import orjson
from sqlalchemy import Connection, Engine, event, text

from shared.contracts.base import instant_text
from shared.proof.signing import Signer

NOTHING: Final = ""
"""What stands before the first link."""


class Noted(NamedTuple):
    """What a transaction noted: its first and last entry, how many, the hash of all, and when it began."""

    first: int
    last: int
    entries: int
    contents: str
    at: datetime


CONTENTS: Final = """
    pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(pg_catalog.string_agg(
        pg_catalog.jsonb_build_array(e."table", e.key, pg_catalog.encode(e.sha256, 'hex'))::text, E'\\n'
        order by e.number
    ), 'UTF8')), 'hex')"""
"""The hash of entries `e`, in SQL."""

# Numbers of transactions begin again where a database is restored on another server: what a link has is left out.
_NOTED: Final = text(f"""
    select min(number) as first, max(number) as last, count(*) as entries, {CONTENTS} as contents,
        transaction_timestamp() as at
    from chain_entry e
    where transaction = pg_current_xact_id_if_assigned() and number > coalesce(
        (select max(last) from chain_link where transaction = pg_current_xact_id_if_assigned()), 0)""")
_IS_CHAINED: Final = text("select to_regclass('chain_link') is not null")
_LOCK: Final = text("select pg_advisory_xact_lock(hashtextextended(:chain, 0))")
# In a statement of its own, after the lock: it has to see what others committed meanwhile.
_HEAD: Final = text("select position, sha256 from chain_link order by position desc limit 1")
_ADD: Final = text("""
    insert into chain_link (
        transaction, position, first, last, entries, contents_sha256, at, previous_sha256, sha256, signature)
    values (
        pg_current_xact_id(), :position, :first, :last, :entries, :contents, :at, :previous, :sha256, :signature)""")


class Link(NamedTuple):
    """A link of a chain: over the entries of one transaction, by their numbers, and over the link before it.

    `position` counts from 1; hashes and the signature are hex, the signature empty where there is no key.
    """

    position: int
    first: int
    last: int
    entries: int
    contents_sha256: str
    at: datetime
    previous_sha256: str
    sha256: str
    signature: str


def link_sha256(
    chain: str, position: int, *, numbers: tuple[int, int, int], contents: str, at: datetime, previous: str
) -> str:
    """The hash of a link. The form is frozen: hashes made with it are in every installation."""
    fields = [chain, position, *numbers, contents, instant_text(at), previous]
    return hashlib.sha256(orjson.dumps(fields)).hexdigest()


def sign_commits(engine: Engine, chain: str, *, signer: Signer | None) -> Engine:
    """Let every transaction of an engine end with a link over what it noted, where its schema has a chain; returns the
    engine.

    The last thing before a commit, because links of a chain are made one after another: who has made one keeps others
    waiting until its commit is through.
    """
    is_chained: bool | None = None

    def link(connection: Connection) -> None:
        nonlocal is_chained
        if is_chained is None:
            is_chained = connection.execute(_IS_CHAINED).scalar_one()
        if not is_chained:
            return
        noted = connection.execute(_NOTED).one()
        if noted.entries:
            _link(connection, chain, noted=Noted(*noted), signer=signer)

    event.listen(engine, "commit", link)
    return engine


def _link(connection: Connection, chain: str, *, noted: Noted, signer: Signer | None) -> None:
    connection.execute(_LOCK, {"chain": f"earnest.chain.{chain}"})
    head = connection.execute(_HEAD).one_or_none()
    position, previous = (head.position + 1, head.sha256) if head else (1, NOTHING)
    numbers = (noted.first, noted.last, noted.entries)
    sha256 = link_sha256(chain, position, numbers=numbers, contents=noted.contents, at=noted.at, previous=previous)
    connection.execute(
        _ADD,
        {
            "position": position,
            "first": noted.first,
            "last": noted.last,
            "entries": noted.entries,
            "contents": noted.contents,
            "at": noted.at,
            "previous": previous,
            "sha256": sha256,
            "signature": signer.sign(sha256) if signer else "",
        },
    )
