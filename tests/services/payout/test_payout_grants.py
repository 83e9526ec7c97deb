"""What the service's role may do, and may not: also where no trigger looks, and where the login may make no role."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import psycopg
import pytest
from sqlalchemy import Engine, make_url, text
from sqlalchemy.exc import DBAPIError, ProgrammingError

from services.payout.ledger import store_closings as closings
from services.payout.ledger.worker import step
from services.payout.tables import ROLE
from shared.contracts.topics import EARNINGS
from shared.database import engine_for, migrate
from shared.log.postgres import PostgresLog
from tests.services.payout.desk import Book, Desk, earned, roster

APPEND_ONLY = [
    "journal",
    "posting",
    "closing",
    "soft_closing",
    "soft_opening",
    "run_event",
    "approval",
    "hold",
    "adjustment",
    "clawback_dismissal",
    "payroll_batch_file",
]
CHANGES = ["update {} set {} = {}", "delete from {}", "truncate {}"]
COLUMN = {
    "payroll_batch_file": "name",
    "closing": "period",
    "run_event": "verb",
    "approval": "role",
    **dict.fromkeys(["soft_closing", "soft_opening", "hold"], "actor"),
}


def change(statement: str, table: str) -> str:
    column = COLUMN.get(table, "participant_id")
    return statement.format(table, column, column)


@pytest.mark.parametrize("table", APPEND_ONLY)
@pytest.mark.parametrize("statement", CHANGES)
def test_the_service_cannot_change_the_books_even_with_every_trigger_switched_off(
    payout_engine: Engine, service_engine: Engine, table: str, statement: str
) -> None:
    with payout_engine.begin() as connection:
        connection.execute(text(f"alter table {table} disable trigger user"))
    with pytest.raises(ProgrammingError, match="permission denied"), service_engine.begin() as connection:
        connection.execute(text(change(statement, table)))


@pytest.mark.parametrize(
    "statement",
    [
        "alter table journal disable trigger user",
        "drop trigger append_only on journal",
        "drop table posting",
        "set session_replication_role = replica",
        "create or replace function append_only() returns trigger language plpgsql as 'begin return null; end'",
        "grant update on journal to current_user; update journal set actor = actor",
    ],
)
def test_the_service_owns_nothing_so_it_cannot_take_the_rules_away(service_engine: Engine, statement: str) -> None:
    with service_engine.begin() as connection:
        assert connection.execute(text("select current_user")).scalar() == ROLE
    with pytest.raises(DBAPIError, match=r"permission denied|must be owner"), service_engine.begin() as connection:
        connection.execute(text(statement))


@pytest.fixture
def plain_login(empty_database_url: str) -> Iterator[str]:
    """The URL of a login that owns its database and may make no role. The server's own role is out of its reach."""
    database = empty_database_url.rpartition("/")[2]
    login = f"login_{database}"
    with psycopg.connect(empty_database_url, autocommit=True) as admin:
        admin.execute(f"create role {login} login password 'secret'")
        admin.execute(f"alter database {database} owner to {login}")
    address = empty_database_url.rpartition("@")[2]
    yield f"postgresql+psycopg://{login}:secret@{address}"
    with psycopg.connect(empty_database_url, autocommit=True) as admin:
        admin.execute(f"drop owned by {login} cascade")
        admin.execute(f"alter database {database} owner to current_user")
        admin.execute(f"drop role {login}")


@pytest.mark.parametrize("table", APPEND_ONLY)
def test_a_login_that_may_make_no_role_takes_the_right_to_change_the_books_from_itself(
    plain_login: str, table: str
) -> None:
    engine = engine_for(make_url(plain_login), "payout", role=ROLE)
    migrate(engine, "payout", package="services.payout")
    with engine.begin() as connection:
        assert connection.execute(text("select current_user")).scalar() != ROLE
        connection.execute(text(f"alter table {table} disable trigger user"))
    for statement in CHANGES:
        with pytest.raises(ProgrammingError, match="permission denied"), engine.begin() as connection:
            connection.execute(text(change(statement, table)))
    engine.dispose()


def test_such_a_login_books_and_pays_all_the_same(plain_login: str) -> None:
    engine = engine_for(make_url(plain_login), "payout", role=ROLE)
    migrate(engine, "payout", package="services.payout")
    at = datetime(2026, 1, 15, tzinfo=UTC)
    with engine.begin() as connection:
        step(
            lambda: at, connection, [roster("ada", "2025-01-01", entity="DE"), earned("ada", "2025-01", 1, ("USD", 5))]
        )
        closings.soft_close(connection, "default", period="2025-01", run=None, actor="dana", at=at)
        assert closings.lift(connection, "default", run=None, actor="dana", at=at) == 1
        connection.execute(text("update person set facts = facts"))
        assert connection.execute(text("select entity from journal")).scalar() == "DE"
    engine.dispose()


def test_the_service_publishes_to_the_log_whichever_of_them_was_made_first(
    payout_engine: Engine, service_engine: Engine, database_url: str
) -> None:
    log = PostgresLog(make_url(database_url).set(drivername="postgresql+psycopg"), partitions=1)
    log.ensure([EARNINGS])
    with service_engine.begin() as connection:
        log.publish(connection, [(EARNINGS, earned("ada", "2025-01", 1).record)])
    assert list(log.ends(EARNINGS).values()) == [1]
    log.close()


def test_the_service_does_all_its_work_with_what_it_may(book: Book, desk: Desk) -> None:
    book([roster("ada", "2025-01-01", pay_group="default"), earned("ada", "2025-01", 1, ("USD", 500))])
    assert desk.pay("2025-01")["state"] == "exported"


def test_every_table_is_open_to_the_service_and_no_append_only_one_to_its_changes(payout_engine: Engine) -> None:
    """For tables to come, too: where a trigger refuses both update and delete, the role has no right to either."""
    query = text("""
        select relname, has_table_privilege(:role, c.oid, 'select') as reads,
            has_table_privilege(:role, c.oid, 'update, delete, truncate') as changes,
            has_table_privilege(:role, c.oid, 'truncate') as empties,
            exists (select from pg_trigger t join pg_proc p on p.oid = tgfoid
                    where tgrelid = c.oid and proname = 'append_only' and tgtype & 24 = 24) as append_only
        from pg_class c where relnamespace = 'payout'::regnamespace and relkind = 'r' and relname <> 'alembic_version'""")
    with payout_engine.connect() as connection:
        tables = connection.execute(query, {"role": ROLE}).all()
    assert [table.relname for table in tables if not table.reads or table.empties] == []
    kept = {table.relname for table in tables if table.append_only}
    assert kept >= {*APPEND_ONLY, "policy"}
    assert [table.relname for table in tables if table.append_only and table.changes] == []
