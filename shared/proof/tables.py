"""The tables of a schema's chain, and the triggers that note every row of a chained table. For migrations."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import text

ROW: Final = "pg_catalog.sha256(pg_catalog.convert_to(pg_catalog.to_jsonb(r)::text, 'UTF8'))"
"""The hash of a row `r`: of all its columns, by name. A migration that alters a chained table notes its rows anew."""

SETTINGS: Final = {"timezone": "UTC", "bytea_output": "hex", "datestyle": "ISO", "intervalstyle": "postgres"}
"""How values are written when they are hashed, whatever a connection has set."""

_TABLES: Final = """
    create table chain_entry (
        transaction xid8 not null default pg_current_xact_id(),
        number bigint not null generated always as identity,
        "table" text not null,
        key text not null,
        sha256 bytea,
        primary key (transaction, number)
    );
    comment on column chain_entry.sha256 is 'of the row as it was written; null: it was deleted';
    create table chain_link (
        position bigint primary key check (position > 0),
        transaction xid8 not null,
        first bigint not null,
        last bigint not null,
        entries integer not null,
        contents_sha256 text not null,
        at timestamptz not null,
        previous_sha256 text not null,
        sha256 text not null,
        signature text not null,
        unique (transaction, first)
    );
    create or replace function append_only() returns trigger language plpgsql as $$
    begin
        raise exception '% of % is refused: it is only ever added to', lower(tg_op), tg_table_name
            using errcode = 'integrity_constraint_violation';
    end $$;
    create trigger append_only before update or delete or truncate on chain_entry
        for each statement execute function append_only();
    create trigger append_only before update or delete or truncate on chain_link
        for each statement execute function append_only()"""


def create_chain(op: Any) -> None:
    """Make the chain of a schema, in its migration. The service's login adds to it: grants say so."""
    op.execute(_TABLES)


def chain_rows(op: Any, *tables: str) -> None:
    """Note every row of these tables from now on, and those that are there as they are.

    To be called again for a table that a later migration alters: its rows have other columns then.
    """
    schema = op.get_bind().execute(text("select quote_ident(current_schema())")).scalar_one()
    for table in tables:
        key = key_of(op.get_bind(), table)
        noted = f"insert into chain_entry (\"table\", key, sha256) select '{table}', {key}"
        settings = " ".join(f"set {name} to '{value}'" for name, value in SETTINGS.items())
        op.execute(f"""
            create or replace function note_{table}() returns trigger language plpgsql
                set search_path to {schema}, pg_temp {settings} as $$
            begin
                if tg_op <> 'DELETE' then
                    {noted}, {ROW} from kept r;
                end if;
                if tg_op = 'DELETE' then
                    {noted}, null from gone r;
                elsif tg_op = 'UPDATE' then
                    {noted}, null from gone r where {key} not in (select {key} from kept r);
                end if;
                return null;
            end $$""")
        for event, rows in {
            "insert": "new table as kept",
            "update": "old table as gone new table as kept",
            "delete": "old table as gone",
        }.items():
            op.execute(f"""
                create or replace trigger noted_{event} after {event} on {table} referencing {rows}
                for each statement execute function note_{table}()""")
        for name, value in SETTINGS.items():
            op.execute(f"set local {name} to '{value}'")
        op.execute(f"{noted}, {ROW} from {table} r")


def key_of(connection: Any, table: str) -> str:
    """The primary key of a row `r` of a table as one text, in SQL.

    Raises:
        LookupError: it has none, so that its rows have no name.
    """
    columns = connection.execute(_KEY, {"table": table}).scalars().all()
    if not columns:
        raise LookupError(f"{table} has no primary key: nothing says which of its rows is which")
    return f"pg_catalog.jsonb_build_array({', '.join(f'r.{column}' for column in columns)})::text"


_KEY: Final = text("""
    select quote_ident(a.attname) from pg_index i
    cross join lateral unnest(i.indkey::smallint[]) with ordinality k(number, place)
    join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.number
    where i.indrelid = to_regclass(:table) and i.indisprimary order by k.place""")
