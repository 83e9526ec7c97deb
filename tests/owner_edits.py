"""What the owner of a database can do to a row: with every right, past the triggers, and whatever the constraints say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import Connection, Engine, text

from shared.proof.chain import sign_commits
from shared.proof.signing import Signer
from shared.proof.verify import differences

NEW = {
    "text": "'x'",
    "bytea": r"'\x01'",
    "jsonb": "'{\"a\": 1}'",
    "uuid": "'00000000-0000-4000-8000-000000000000'",
    "boolean": "true",
    "date": "'2025-01-01'",
    "timestamp with time zone": "'2025-01-01T00:00:00Z'",
    "ARRAY": "'{x}'",
}
CHANGED = {
    "text": "coalesce({0}, '') || 'x'",
    "bytea": r"coalesce({0}, '') || '\x00'",
    "jsonb": "jsonb_build_object('was', {0})",
    "uuid": "gen_random_uuid()",
    "boolean": "not coalesce({0}, false)",
    "date": "coalesce({0}, '2025-01-01') + 1",
    "timestamp with time zone": "coalesce({0}, now()) + interval '1 microsecond'",
    "ARRAY": "array_append({0}, 'x')",
}
"""By type. Everything else is a number."""


def columns(connection: Connection, table: str) -> dict[str, str]:
    """The columns of a table with their types."""
    rows = connection.execute(
        text("""
            select quote_ident(column_name), data_type from information_schema.columns
            where table_schema = current_schema() and table_name = :table order by ordinal_position"""),
        {"table": table},
    )
    return dict(rows.all())  # type: ignore[arg-type]


def unbind(connection: Connection, table: str) -> None:
    """Take every constraint and rule from a table but its key and the notes of the chain."""
    rows = connection.execute(
        text("""
            select format('alter table %I drop constraint %I cascade', conrelid::regclass, conname)
            from pg_constraint where conrelid = to_regclass(:table) and contype in ('c', 'f', 'u')
            union all
            select format('drop index %s', indexrelid::regclass) from pg_index
            where indrelid = to_regclass(:table) and indisunique and not indisprimary and not exists (
                select from pg_constraint where conindid = indexrelid)
            union all
            select format('alter table %I alter %I drop identity', attrelid::regclass, attname)
            from pg_attribute where attrelid = to_regclass(:table) and attidentity <> ''
            union all
            select format('alter table %I disable trigger %I', tgrelid::regclass, tgname)
            from pg_trigger where tgrelid = to_regclass(:table) and not tgisinternal and tgname not like 'noted%'"""),
        {"table": table},
    )
    for (statement,) in rows.all():
        connection.execute(text(statement))


def fill(connection: Connection, table: str) -> None:
    """Write a row of whatever values, where the table has none."""
    if connection.execute(text(f"select exists (select from {table})")).scalar_one():
        return
    values = {name: NEW.get(kind, "7") for name, kind in columns(connection, table).items()}
    connection.execute(text(f"insert into {table} ({', '.join(values)}) values ({', '.join(values.values())})"))


def edits(connection: Connection, table: str) -> Iterator[str]:
    """Every kind of edit of a table: of each column of a row, a row taken out, a row put in."""
    kinds = columns(connection, table)
    one = f"where ctid = (select min(ctid) from {table})"
    for name, kind in kinds.items():
        yield f"update {table} set {name} = {CHANGED.get(kind, 'coalesce({0}, 0) + 1000').format(name)} {one}"
    yield f"delete from {table} {one}"
    copied = ", ".join(CHANGED.get(kind, "coalesce({0}, 0) + 1000").format(name) for name, kind in kinds.items())
    yield f"insert into {table} select {copied} from {table} {one}"


def unnoticed(engine: Engine, chain: str, *, tables: Sequence[str], signer: Signer) -> tuple[list[str], int]:
    """Edits that the proof of the chain does not tell, played one by one and taken back; and how many were played."""

    def told(connection: Connection, *of: str) -> list[str]:
        return list(differences(connection, chain, tables=of, public_key=signer.public_key))

    missed: list[str] = []
    played = 0
    with engine.connect() as connection:
        assert told(connection, *tables) == []
        connection.execute(text("set local session_replication_role = replica"))
        for table in tables:
            for edit in list(edits(connection, table)):
                with connection.begin_nested() as edited:
                    connection.execute(text(edit))
                    played += 1
                    if not told(connection, table):
                        missed.append(edit)
                    edited.rollback()
        connection.rollback()
    return missed, played


def assert_every_edit_is_told(engine: Engine, chain: str, *, tables: Sequence[str], signer: Signer) -> None:
    """See that the schema chains these tables and that every edit of each is told; `engine` is the administrator's."""
    sign_commits(engine, chain, signer=signer)
    with engine.begin() as connection:
        assert noted(connection) == set(tables)
        for table in tables:
            unbind(connection, table)
            fill(connection, table)
    missed, played = unnoticed(engine, chain, tables=tables, signer=signer)
    assert (missed, played > 3 * len(tables)) == ([], True)


def noted(connection: Connection) -> set[str]:
    """The tables of the schema whose rows are noted when they come, change or go."""
    rows = connection.execute(
        text("""
            select tgrelid::regclass::text from pg_trigger join pg_class on pg_class.oid = tgrelid
            where relnamespace = current_schema()::regnamespace and tgname like 'noted\\_%' and tgenabled = 'O'
            group by 1 having count(*) = 3""")
    )
    return set(rows.scalars())


def only_added_to(connection: Connection) -> set[str]:
    """The tables of the schema that are only ever added to, by their trigger."""
    rows = connection.execute(
        text("""
            select distinct tgrelid::regclass::text from pg_trigger join pg_class on pg_class.oid = tgrelid
            where relnamespace = current_schema()::regnamespace and tgname = 'append_only'""")
    )
    return set(rows.scalars())
