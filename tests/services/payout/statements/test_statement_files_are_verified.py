"""A page or PDF that was kept is what it was, or verify says so."""

from __future__ import annotations

from sqlalchemy import Engine, make_url, text

from services.payout.ledger.worker import TOPICS
from services.payout.statements.facts import sha256
from services.payout.statements.store import FileKey, StatementFile, keep
from services.payout.verify import verify
from shared.log.postgres import PostgresLog


def test_verify_names_a_kept_page_that_is_no_longer_what_it_was(payout_engine: Engine, database_url: str) -> None:
    log = PostgresLog(make_url(database_url).set(drivername="postgresql+psycopg"), partitions=3)
    log.ensure(TOPICS)
    with payout_engine.begin() as connection:
        for who in ("ada", "bob"):
            page = f"<p>{who}</p>".encode()
            keep(
                connection,
                FileKey("run-2025-01-1", who, "statement", "html"),
                made=StatementFile(page, sha256(page), sha256(b"{}")),
            )
    assert verify(payout_engine, log) == []
    with payout_engine.begin() as connection:
        connection.execute(text("set local session_replication_role = replica"))
        connection.execute(
            text("update statement_file set content = content || ' '::bytea where participant_id = 'bob'")
        )
    assert verify(payout_engine, log) == ["run run-2025-01-1: the html statement kept of bob does not have its hash"]
    log.close()
