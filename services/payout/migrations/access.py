"""What the role of the service may do. Migrations say it for each table: `grant_append_only`, `grant_all` or
`grant_read`.

The service's connections work as the role `earnest_payout`, which owns nothing: what it was not granted, it cannot do,
whatever the code says and even with triggers off. Where the login may not create roles, the login owns the tables and
works on them itself: then it takes from itself what nobody should do.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import text

from services.payout.tables import ROLE


def create_role(op: Any) -> None:
    """Make the role, if the login may, with what every table needs: the schema, and the event log's tables to publish
    in.
    """
    op.execute(_CREATE)
    if _usable(op):
        schema = op.get_bind().execute(text("select current_schema()")).scalar_one()
        op.execute("create schema if not exists log")
        for name in (schema, "log"):
            op.execute(f'grant usage on schema "{name}" to {ROLE}')
        op.execute(f"grant select, insert, update, delete on all tables in schema log to {ROLE}")
        op.execute(f"alter default privileges in schema log grant select, insert, update, delete on tables to {ROLE}")


def grant_append_only(op: Any, table: str) -> None:
    """The service adds to the table and reads it. An identity column `number` lets foreign keys point at it all the
    same.
    """
    if _usable(op):
        op.execute(f"grant select, insert on {table} to {ROLE}")
        return
    op.execute(f"revoke update, delete, truncate on {table} from current_user")
    # A foreign key locks the row it points at as the table's owner, who needs the right to change some column for that.
    # This one the database refuses to set.
    numbered = "select from pg_attribute where attrelid = cast(:table as regclass) and attname = 'number'"
    if op.get_bind().execute(text(f"select exists ({numbered})"), {"table": table}).scalar_one():
        op.execute(f"grant update (number) on {table} to current_user")


def grant_all(op: Any, table: str) -> None:
    """The service changes rows of the table as it likes; what it may not is in triggers."""
    if _usable(op):
        op.execute(f"grant select, insert, update, delete on {table} to {ROLE}")


def grant_read(op: Any, table: str) -> None:
    """The service reads the table; what is in it comes from triggers and migrations."""
    if _usable(op):
        op.execute(f"grant select on {table} to {ROLE}")
        return
    # The triggers have the rights of the login here, which is the tables' owner: it keeps the right to insert.
    op.execute(f"revoke update, delete, truncate on {table} from current_user")


def run_script(op: Any, name: str) -> None:
    """Run the statements of a file beside this one, as they stand: `%` and `:` in them are no parameters."""
    script = (Path(__file__).parent / name).read_text(encoding="utf-8")
    op.get_bind().connection.cursor().execute(script)


def _usable(op: Any) -> bool:
    may_set = text(
        "select coalesce((select pg_has_role(current_user, oid, 'set') from pg_roles where rolname = :role), false)"
    )
    return bool(op.get_bind().execute(may_set, {"role": ROLE}).scalar_one())


# Roles belong to the server: another database of it may have made this one, or be making it at this moment.
_CREATE = f"""
    do $$ begin
        begin
            if not exists (select from pg_roles where rolname = '{ROLE}') then
                create role {ROLE} nologin;
            end if;
        exception when duplicate_object or unique_violation then null;
        end;
        if not pg_has_role(current_user, '{ROLE}', 'set') then
            grant {ROLE} to current_user;
        end if;
    exception when insufficient_privilege or undefined_object then null;
    end $$"""
