"""Every column of what is frozen with a run, and with what it released: whoever edits one in the database is found out."""

from __future__ import annotations

from sqlalchemy import Engine, text

from services.payout.verify import verify
from shared.log.port import Log
from tests.services.payout.desk import Desk
from tests.services.payout.scoring import Scoring
from tests.services.payout.test_payout_verify import Send, live, send

__all__ = ["send"]

FROZEN = ["run", "approval", "run_pay", "run_slip", "run_payee", "run_lines", "run_touch", "run_finding",
          "payroll_batch", "payroll_batch_file", "batch_line"]  # fmt: skip
SAYS_NOTHING = {"run.number", "payroll_batch.number", "payroll_batch.acknowledge_by", "payroll_batch.released_by", "payroll_batch_file.place",
                "batch_line.attempt", "batch_line.number"}  # fmt: skip
"""What is counted or remembered beside what is paid, and to whom."""
CHANGED = {
    "text": "{0} || 'x'",
    "bigint": "{0} + 1000",
    "integer": "{0} + 1000",
    "smallint": "({0} + 100)::smallint",
    "date": "{0} + 1",
    "timestamp with time zone": "{0} - interval '1 hour'",
    "bytea": "{0} || '\\x00'",
    "ARRAY": "{0} || array['x']",
    "jsonb": "jsonb_build_object('x', 1)",
}
COLUMNS = text("""
    select column_name, data_type, is_identity from information_schema.columns
    where table_schema = 'payout' and table_name = :table order by ordinal_position""")
CHECKS = text("select conname from pg_constraint where conrelid = cast(:table as regclass) and contype = 'c'")


def test_whatever_is_edited_of_what_is_frozen_is_found(
    send: Send, desk: Desk, scoring: Scoring, payout_engine: Engine, log: Log
) -> None:
    live(send, desk, scoring)
    missed = []
    for table in FROZEN:
        with payout_engine.begin() as connection:
            columns = connection.execute(COLUMNS, {"table": table}).all()
            for name in connection.execute(CHECKS, {"table": table}).scalars().all():
                connection.execute(text(f'alter table {table} drop constraint "{name}"'))
            connection.execute(text(f"create table kept as table {table}"))
        for column, kind, identity in columns:
            with payout_engine.begin() as connection:
                connection.execute(text("set local session_replication_role = replica"))
                if identity == "YES":
                    connection.execute(text(f"alter table {table} alter column {column} drop identity"))
                change = CHANGED[kind].format(column)
                edited = connection.exec_driver_sql(
                    f"update {table} set {column} = {change} where {column} is not null"
                )
            if edited.rowcount and not verify(payout_engine, log):
                missed.append(f"{table}.{column}")
            with payout_engine.begin() as connection:
                connection.execute(text("set local session_replication_role = replica"))
                connection.execute(text(f"delete from {table}"))
                connection.execute(text(f"insert into {table} overriding system value select * from kept"))
        with payout_engine.begin() as connection:
            connection.execute(text("drop table kept"))
    assert verify(payout_engine, log) == []
    assert {*missed} <= SAYS_NOTHING
