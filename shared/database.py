"""PostgreSQL sessions: an engine bound to one schema, and that schema's migrations."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from importlib.resources import as_file, files
from typing import Any
from uuid import uuid4

from alembic import command, context
from alembic.config import Config
from alembic.util.exc import CommandError
from psycopg import sql
from sqlalchemy import Engine, create_engine, event, make_url, text
from sqlalchemy.engine import URL
from sqlalchemy.schema import CreateSchema, DropSchema

from shared.settings import Settings


def database_url(settings: Settings) -> URL:
    """The URL of the installation's database for psycopg 3, with the password from its file where one is named."""
    url = make_url(settings.database_url).set(drivername="postgresql+psycopg")
    if settings.database_password_file is not None:
        url = url.set(password=settings.database_password_file.read_text().strip())
    return url


def engine_for(url: URL, schema: str, *, pool_size: int = 5, role: str | None = None) -> Engine:
    """An engine whose unqualified table names mean the tables of `schema`; rebuilding beside it is another schema.

    With a `role` every connection works as it, and has its rights only. Where the schema's migrations could not make
    the role, because the login may not, connections keep the login's own.
    """
    engine = create_engine(
        url,
        pool_size=pool_size,
        max_overflow=5,
        pool_pre_ping=True,  # a connection may have died while nobody used it: better known before a transaction
        hide_parameters=True,  # errors are logged; parameters are people's pay
        connect_args={
            # A process that stops dead in a transaction holds its locks for a minute at most.
            "options": f"-csearch_path={schema} -ctimezone=UTC -cidle_in_transaction_session_timeout=60000",
            "application_name": f"earnest-{schema}",
            "connect_timeout": 10,
        },
    )
    if role is not None:
        event.listen(engine, "connect", partial(_work_as, role, schema))
    return engine


@contextmanager
def engine_while(settings: Settings, schema: str, *, pool_size: int = 5) -> Iterator[Engine]:
    """An engine on a schema of the installation's database, for as long as a command needs it."""
    engine = engine_for(database_url(settings), schema, pool_size=pool_size)
    try:
        yield engine
    finally:
        engine.dispose()


def _work_as(role: str, schema: str, connection: Any, _: object) -> None:
    """Take on the role for as long as the connection lives, if its schema has been opened to it."""
    rights = connection.execute(_USABLE, [schema, role]).fetchone()
    if rights is not None and all(rights):
        connection.execute(sql.SQL("set role {}").format(sql.Identifier(role)))
    connection.commit()  # otherwise the first rollback would take the role back


_USABLE = """
    select pg_has_role(session_user, r.oid, 'set'), has_schema_privilege(r.oid, n.oid, 'usage')
    from pg_namespace n, pg_roles r where n.nspname = %s and r.rolname = %s"""


def migrate(engine: Engine, schema: str, *, package: str) -> None:
    """Bring `schema` to the newest migration of `package` (a package with a `migrations` folder); safe to run by many
    at once.

    The migrations are plain functions over unqualified names, so the same ones build a schema of any name.

    Raises:
        UnknownTables: the schema was made by migrations that this version does not have.
    """
    with as_file(files(package) / "migrations") as folder, engine.begin() as connection:
        # Every process of every service migrates when it starts; whoever comes second finds everything done.
        connection.execute(text("select pg_advisory_xact_lock(hashtext('earnest.migrate'))"))
        connection.execute(CreateSchema(schema, if_not_exists=True))
        config = Config()
        config.set_main_option("script_location", str(folder))
        config.set_main_option("path_separator", "os")
        config.attributes["connection"] = connection
        config.attributes["schema"] = schema
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            raise UnknownTables(schema) from error


@contextmanager
def scratch_schema(engine: Engine, schema: str, *, package: str) -> Iterator[tuple[Engine, str]]:
    """An engine on a schema beside `schema` with the same tables, empty, and its name; dropped at the end."""
    name = f"{schema}_verify_{uuid4().hex[:8]}"
    scratch = engine_for(engine.url, name)
    try:
        migrate(scratch, name, package=package)
        yield scratch, name
    finally:
        with scratch.begin() as connection:
            connection.execute(DropSchema(name, cascade=True, if_exists=True))
        scratch.dispose()


class UnknownTables(RuntimeError):
    """A schema was made by another line of migrations, so there is no way from there to here."""

    def __init__(self, schema: str) -> None:
        super().__init__(
            f"the tables of {schema} were made by a version of Earnest whose migrations this one does not know: start "
            "with an empty database (of `earnest up`: move the folder .earnest aside), and send the events again"
        )
        self.schema = schema


def run_migrations() -> None:
    """What every `migrations/env.py` calls: the pending migrations on the connection that `migrate` opened, all in its
    transaction.

    The table of versions is in the schema itself, so that each schema has a version of its own.
    """
    context.configure(
        connection=context.config.attributes["connection"],
        version_table_schema=context.config.attributes["schema"],
        transactional_ddl=True,
    )
    with context.begin_transaction():
        context.run_migrations()
