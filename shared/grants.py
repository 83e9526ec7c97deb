"""What a service may do to its tables. Its migrations say it for each table that they make: `grant_append_only`,
`grant_all` or `grant_read`, and `grant_execute` for a function that it calls.

Tables belong to an owner that nobody logs in as, so that what a service was not granted it cannot do, whatever its code
says and even with triggers off. The login with which the service reads for people may read all of them: which rows is
said by policies of row security.
"""

from __future__ import annotations

from typing import Any

from alembic import context

from shared.logins import login_of, view_of


def grant_append_only(op: Any, table: str) -> None:
    """The service adds to the table and reads it."""
    _grant(op, table, rights="select, insert")


def grant_all(op: Any, table: str) -> None:
    """The service changes rows of the table as it likes; what it may not is in triggers."""
    _grant(op, table, rights="select, insert, update, delete")


def grant_read(op: Any, table: str) -> None:
    """The service reads the table; what is in it comes from triggers and migrations."""
    _grant(op, table, rights="select")


def grant_execute(op: Any, function: str) -> None:
    """The service calls the function, named with the types of its arguments: `seal_of(text, text)`. The function of a
    trigger needs no such grant.
    """
    service = _service()
    op.execute(f"grant execute on function {function} to {login_of(service)}, {view_of(service)}")


def guard_rows(op: Any, table: str, *, visible: str) -> None:
    """Let whom the service reads for see those rows of a table of which `visible`, a condition in SQL, holds; all of
    them whoever sees everybody's pay. The service itself, which calculates, sees all.
    """
    service = _service()
    op.execute(f"alter table {table} enable row level security")
    # As a query of its own, so that it is asked once and not for each row.
    seen = f"(select access.sees_everyone()) or ({visible})"
    op.execute(f"create policy of_reader on {table} for select to {view_of(service)} using ({seen})")
    op.execute(f"create policy of_service on {table} to {login_of(service)} using (true) with check (true)")


def close_functions(op: Any) -> None:
    """Nobody calls a function of the schema but by `grant_execute`, and functions look at temporary tables last: unsaid
    they come first, and one could stand for a table of its name.
    """
    op.execute("""
        do $$
        declare one text;
        begin
            for one in select oid::regprocedure from pg_proc where pronamespace = current_schema()::regnamespace loop
                execute format('revoke execute on function %s from public', one);
            end loop;
            for one in select oid::regprocedure from pg_proc where pronamespace = current_schema()::regnamespace
                    and array_to_string(proconfig, ',') like '%search_path=%' loop
                execute format('alter function %s set search_path = %I, pg_temp', one, current_schema());
            end loop;
        end $$""")


def _grant(op: Any, table: str, *, rights: str) -> None:
    service = _service()
    op.execute(f"grant {rights} on {table} to {login_of(service)}")
    op.execute(f"grant select on {table} to {view_of(service)}")


def _service() -> str:
    return str(context.config.attributes["service"])
