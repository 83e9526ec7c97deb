"""The chain of a schema: what is linked, and what the owner of the database can rewrite and cannot."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, make_url, text

from shared.database import engine_for
from shared.proof import anchor as anchoring
from shared.proof.anchor import Anchor, NotAnAnchor, read_anchors
from shared.proof.chain import sign_commits
from shared.proof.signing import NotAKey, Signer, make_key
from shared.proof.tables import chain_rows, create_chain
from shared.proof.verify import differences

CHAIN = "public"


class Migration:
    """What a migration has of Alembic."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get_bind(self) -> Connection:
        return self._connection

    def execute(self, statement: str) -> Any:
        return self._connection.execute(text(statement))


@pytest.fixture
def engine(database_url: str, signer: Signer) -> Iterator[Engine]:
    """An engine that signs, on a schema with a chained table of decisions."""
    engine = engine_for(make_url(database_url).set(drivername="postgresql+psycopg"), "public")
    sign_commits(engine, CHAIN, signer=signer)
    with engine.begin() as connection:
        connection.execute(text("create table decision (id text primary key, what text)"))
        create_chain(Migration(connection))
        chain_rows(Migration(connection), "decision")
    yield engine
    engine.dispose()


def decide(engine: Engine, *names: str) -> None:
    with engine.begin() as connection:
        for name in names:
            connection.execute(text("insert into decision values (:name, 'yes')"), {"name": name})


def told(engine: Engine, signer: Signer, *, tables: tuple[str, ...] = ("decision",)) -> list[str]:
    with engine.connect() as connection:
        return list(differences(connection, CHAIN, tables=tables, public_key=signer.public_key))


def taken(engine: Engine, signer: Signer) -> Anchor:
    with engine.connect() as connection:
        head = anchoring.head(connection, CHAIN)
    assert head is not None
    return Anchor(public_key=signer.public_key, heads=(head,))


def against(engine: Engine, anchor: Anchor, signer: Signer) -> list[str]:
    with engine.connect() as connection:
        return list(anchoring.differences({CHAIN: connection}, [anchor], public_key=signer.public_key))


def by_owner(engine: Engine, *statements: str) -> None:
    """Past every trigger, and signed by nobody."""
    owner = engine_for(engine.url, "public")
    with owner.begin() as connection:
        connection.execute(text("set local session_replication_role = replica"))
        for statement in statements:
            connection.execute(text(statement))
    owner.dispose()


def begin_anew(engine: Engine, *edits: str) -> None:
    """With the key as well: every row is noted and linked again as if it had always been so."""
    by_owner(engine, *edits, "truncate chain_entry, chain_link")
    with engine.begin() as connection:
        chain_rows(Migration(connection), "decision")


def test_a_transaction_that_wrote_ends_with_one_link_and_one_that_did_not_with_none(
    engine: Engine, signer: Signer
) -> None:
    decide(engine, "a", "b")
    with engine.begin() as connection:
        connection.execute(text("select * from decision"))
    with engine.connect() as connection:
        connection.execute(text("insert into decision values ('lost', '')"))
        connection.rollback()
    with engine.begin() as connection:
        connection.execute(text("update decision set id = 'c', what = 'no' where id = 'a'"))
        connection.execute(text("delete from decision where id = 'b'"))
    with engine.connect() as connection:
        links = connection.execute(text("select position, entries from chain_link order by 1")).all()
    assert links == [(1, 2), (2, 3)]
    assert told(engine, signer) == []


def test_transactions_that_end_at_once_are_linked_one_after_the_other(engine: Engine, signer: Signer) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: decide(engine, str(number)), range(64)))
    assert told(engine, signer) == []
    assert taken(engine, signer).heads[0].position == 64


@pytest.mark.parametrize(
    ("edit", "sentence"),
    [
        ("update chain_link set at = at + interval '1 s' where position = 1", "link 1 of the chain of public is not what was linked"),
        ("update chain_link set signature = repeat('0', 128) where position = 1", "link 1 of the chain of public is not signed with the installation's key"),
        ("delete from chain_link where position = 1", "link 1 of the chain of public is missing"),
        ("update chain_entry set sha256 = sha256('x') where number = 1", "link 1 of the chain of public is not over what was noted"),
        ("delete from chain_entry where number = 1", "link 1 of the chain of public is not over what was noted"),
        ("insert into chain_entry (\"table\", key, sha256) values ('decision', '[\"x\"]', sha256('x'))", "decision: 1 changes were not made by the service"),
        ("alter table decision drop constraint decision_pkey", "decision has no primary key: nothing says which of its rows is which"),
    ],
)  # fmt: skip
def test_an_edit_of_the_chain_itself_is_told(engine: Engine, signer: Signer, edit: str, sentence: str) -> None:
    decide(engine, "a")
    decide(engine, "b")
    by_owner(engine, edit)
    assert sentence in told(engine, signer)


def test_a_chain_that_another_key_signed_is_told(engine: Engine, signer: Signer, tmp_path: Path) -> None:
    decide(engine, "a")
    make_key(tmp_path / "other.pem")
    other = sign_commits(engine_for(engine.url, "public"), CHAIN, signer=Signer.read(tmp_path / "other.pem"))
    decide(other, "b")
    other.dispose()
    assert told(engine, signer) == ["link 2 of the chain of public is not signed with the installation's key"]


REWRITES: dict[str, Callable[[Engine], None]] = {
    "a row is another": lambda engine: begin_anew(engine, "update decision set what = 'no' where id = 'b'"),
    "a row is gone": lambda engine: begin_anew(engine, "delete from decision where id = 'b'"),
    "a row was put in": lambda engine: begin_anew(engine, "insert into decision values ('d', 'mine')"),
    "the end is cut off": lambda engine: by_owner(
        engine,
        "delete from decision where id = 'c'",
        "delete from chain_entry where number = 3",
        "delete from chain_link where position = 3",
    ),
    "the past was another": lambda engine: begin_anew(engine, "delete from decision", "insert into decision values ('z', 'yes')"),
}  # fmt: skip


@pytest.mark.parametrize("rewrite", REWRITES)
def test_a_rewrite_that_fits_together_is_told_by_an_anchor(engine: Engine, signer: Signer, rewrite: str) -> None:
    for name in "abc":
        decide(engine, name)
    anchor = taken(engine, signer)
    assert against(engine, anchor, signer) == []
    REWRITES[rewrite](engine)
    # It goes on afterwards, so that the chain becomes as long as it was.
    for name in "efgh":
        decide(engine, name)
    assert told(engine, signer) == []
    assert against(engine, anchor, signer) == [
        "the chain of public was rewritten: link 3 is not the one that was anchored"
    ]


def test_an_anchor_beyond_the_end_is_told(engine: Engine, signer: Signer) -> None:
    for name in "abc":
        decide(engine, name)
    anchor = taken(engine, signer)
    REWRITES["the end is cut off"](engine)
    assert against(engine, anchor, signer) == ["the chain of public ends before link 3, which was anchored"]


def test_an_anchor_that_somebody_changed_proves_nothing(engine: Engine, signer: Signer, tmp_path: Path) -> None:
    decide(engine, "a")
    anchor = taken(engine, signer)
    forged = anchor.model_copy(update={"heads": (anchor.heads[0].model_copy(update={"sha256": "0" * 64}),)})
    (tmp_path / "forged.json").write_bytes(forged.written())
    assert read_anchors(tmp_path) == [forged]
    assert "the anchor of link 1 of the chain of public is not signed with its key" in against(engine, forged, signer)
    make_key(tmp_path / "other.pem")
    other = Signer.read(tmp_path / "other.pem")
    assert "an anchor is signed with another key than the installation's" in against(engine, anchor, other)


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"\xff", b'{"public_key": "", "heads": [{"chain": "x"}]}'])
def test_what_is_no_anchor_is_said_so(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(NotAnAnchor):
        read_anchors(tmp_path / "a.json")
    with pytest.raises(NotAnAnchor):
        read_anchors(tmp_path / "none.json")


def test_a_key_file_is_private_and_another_file_is_no_key(tmp_path: Path) -> None:
    make_key(tmp_path / "key.pem")
    first = (tmp_path / "key.pem").read_bytes()
    make_key(tmp_path / "key.pem")
    assert (tmp_path / "key.pem").read_bytes() == first
    assert (tmp_path / "key.pem").stat().st_mode & 0o777 == 0o600
    (tmp_path / "no.pem").write_text("-----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY-----\n")
    with pytest.raises(NotAKey):
        Signer.read(tmp_path / "no.pem")
