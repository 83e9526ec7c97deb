"""Proves chained tables: every row is as it was noted, everything noted is linked, links follow each other and are
signed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from sqlalchemy import Connection, text

from shared.proof.chain import CONTENTS, NOTHING, Link, link_sha256
from shared.proof.signing import is_signed
from shared.proof.tables import ROW, SETTINGS, key_of

MOST_NAMED: Final = 20
"""How many rows of a table are named; of the others only how many there are."""


def differences(connection: Connection, chain: str, *, tables: Sequence[str], public_key: str | None) -> Iterator[str]:
    """What of a chain and its tables is not as the service wrote it, as sentences; none when all is well.

    With a public key also every signature. Names rows by their keys, and says nothing of what is in them.
    """
    for name, value in SETTINGS.items():
        connection.execute(text("select set_config(:name, :value, true)"), {"name": name, "value": value})
    yield from _broken_links(connection, chain, public_key=public_key)
    for table in tables:
        yield from _changed_rows(connection, table)


def _broken_links(connection: Connection, chain: str, *, public_key: str | None) -> Iterator[str]:
    links = [Link(*row) for row in connection.execute(_LINKS)]
    contents = {row.position: (row.entries, row.contents) for row in connection.execute(_CONTENTS)}
    before, previous = 0, NOTHING
    for link in links:
        what = f"link {link.position} of the chain of {chain}"
        numbers = (link.first, link.last, link.entries)
        sha256 = link_sha256(
            chain, link.position, numbers=numbers, contents=link.contents_sha256, at=link.at, previous=previous
        )
        if link.position != before + 1:
            yield f"link {before + 1} of the chain of {chain} is missing"
        elif link.previous_sha256 != previous:
            yield f"{what} does not follow the one before it"
        elif link.sha256 != sha256:
            yield f"{what} is not what was linked"
        elif public_key is not None and not is_signed(link.sha256, link.signature, public_key=public_key):
            yield f"{what} is not signed with the installation's key"
        elif contents.get(link.position) != (link.entries, link.contents_sha256):
            yield f"{what} is not over what was noted"
        before, previous = link.position, link.sha256
    for table, number in connection.execute(_UNLINKED):
        yield f"{table}: {number:,} changes were not made by the service"


def _changed_rows(connection: Connection, table: str) -> Iterator[str]:
    try:
        key = key_of(connection, table)
    except LookupError as error:
        yield str(error)
        return
    compared = text(f"""
        select coalesce(r.key, e.key) as key, e.sha256 is null as added, r.key is null as gone
        from (select {key} as key, {ROW} as sha256 from {table} r) r
        full join (
            select distinct on (key) key, sha256 from chain_entry where "table" = :table order by key, number desc
        ) e on e.key = r.key
        where r.sha256 is distinct from e.sha256
        order by 1""")
    rows = connection.execute(compared, {"table": table}).all()
    for row in rows[:MOST_NAMED]:
        what = "was deleted" if row.gone else "is not one that the service wrote" if row.added else "was changed"
        yield f"{table} {row.key} {what}"
    if len(rows) > MOST_NAMED:
        yield f"{table}: {len(rows) - MOST_NAMED:,} more rows are not as the service wrote them"


_LINKS: Final = text("""
    select position, first, last, entries, contents_sha256, at, previous_sha256, sha256, signature
    from chain_link order by position""")
_CONTENTS: Final = text(f"""
    select l.position, count(*) as entries, {CONTENTS} as contents
    from chain_link l join chain_entry e on e.transaction = l.transaction and e.number between l.first and l.last
    group by l.position""")
_UNLINKED: Final = text("""
    select e."table", count(*) from chain_entry e
    where not exists (
        select from chain_link l where l.transaction = e.transaction and e.number between l.first and l.last)
    group by e."table" order by e."table" """)
