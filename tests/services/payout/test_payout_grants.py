"""What the service's login may do, and may not: also where no trigger looks."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, make_url, text
from sqlalchemy.exc import DBAPIError, ProgrammingError

from shared.contracts.topics import RUNS
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


def test_the_service_publishes_on_its_topic_in_its_transaction(
    payout_engine: Engine, service_engine: Engine, database_url: str
) -> None:
    log = PostgresLog(make_url(database_url).set(drivername="postgresql+psycopg"), partitions=1)
    log.ensure([RUNS])
    with service_engine.begin() as connection:
        log.publish(connection, [(RUNS, earned("ada", "2025-01", 1).record)])
    assert list(log.ends(RUNS).values()) == [1]
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


SHADOWS = """
    create temporary table run as select * from payout.run;
    update pg_temp.run set author = 'mallory';
    create temporary table run_event (like payout.run_event);
    create temporary table run_touch (like payout.run_touch);
    create temporary table approval (like payout.approval);
    grant all on pg_temp.run, pg_temp.run_event, pg_temp.run_touch, pg_temp.approval to public"""
BY_THE_AUTHOR = """
    insert into payout.approval (run, submission, step, role, approver, at, lines_sha256)
    select id, submission, 0, steps[1], author, now(), lines_sha256 from payout.run"""


def test_tables_that_stand_before_those_of_their_name_let_nobody_approve_what_they_made(
    payout_engine: Engine, service_engine: Engine, book: Book, desk: Desk
) -> None:
    """Who may make temporary tables, which no service may, sees them first, and the rules see them last."""
    book([earned("ada", "2025-01", 1, ("USD", 500))])
    desk.do(desk.draft("2025-01")["id"], "submit", "dana")
    no_temporary = pytest.raises(ProgrammingError, match="permission denied to create temporary tables")
    with no_temporary, service_engine.begin() as connection:
        connection.execute(text(SHADOWS))
    with payout_engine.begin() as connection:
        database = connection.execute(text("select current_database()")).scalar_one()
        connection.execute(text(f"grant temporary on database {database} to {login_of('payout')}"))

    def attack() -> None:
        with service_engine.begin() as connection:
            connection.execute(text("set local search_path = pg_temp, payout"))
            connection.execute(text(SHADOWS))
            connection.execute(text(BY_THE_AUTHOR))
            connection.rollback()

    with pytest.raises(DBAPIError, match="whoever made a run does not approve it"):
        attack()
    # The attack itself is sound: a rule that does not name them sees temporary tables first.
    with payout_engine.begin() as connection:
        connection.execute(text("alter function check_approval() set search_path = payout"))
    attack()
