"""What the service's login may do, and may not: also where no trigger looks."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, make_url, text
from sqlalchemy.exc import DBAPIError, ProgrammingError

from shared.contracts.topics import EARNINGS
from shared.log.postgres import PostgresLog
from shared.logins import login_of
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
        assert connection.execute(text("select current_user")).scalar() == login_of("payout")
    with pytest.raises(DBAPIError, match=r"permission denied|must be owner"), service_engine.begin() as connection:
        connection.execute(text(statement))


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
        tables = connection.execute(query, {"role": login_of("payout")}).all()
    assert [table.relname for table in tables if not table.reads or table.empties] == []
    kept = {table.relname for table in tables if table.append_only}
    assert kept >= {*APPEND_ONLY, "policy"}
    assert [table.relname for table in tables if table.append_only and table.changes] == []
