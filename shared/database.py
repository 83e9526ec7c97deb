"""PostgreSQL sessions: an engine bound to one schema and one login, and that schema's migrations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.resources import as_file, files
from typing import Final
from uuid import uuid4

import psycopg
from alembic import command, context
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import Engine, create_engine, make_url, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.schema import CreateSchema, DropSchema

from shared.admission.limits import LOCK_SECONDS, SNAPSHOT_SECONDS, STATEMENT_SECONDS
from shared.logins import OWNER, SCHEMAS, SERVICES, close_database, login_of, make_roles, take_over, view_of
from shared.proof.chain import sign_commits
from shared.proof.signing import Signer
from shared.settings import Settings

NO_BOUNDS: Final[Mapping[str, float]] = {}
WORK: Final = {"lock_timeout": LOCK_SECONDS}
READING: Final = {
    "statement_timeout": STATEMENT_SECONDS,
    "transaction_timeout": SNAPSHOT_SECONDS,
    "lock_timeout": STATEMENT_SECONDS,
}
ACCESS: Final = "services.access"


def database_url(settings: Settings, login: str | None = None) -> URL:
    """The URL of the installation's database for psycopg 3: for a login, or for the administrator, whom it names.

    The password is in the file named like the login, where there is one.
    """
    url = make_url(settings.database_url).set(drivername="postgresql+psycopg")
    if login is not None:
        url = make_url(without_login(settings.database_url)).set(drivername=url.drivername, username=login)
    folder = settings.database_passwords_dir
    if url.password is None and url.username and folder is not None and (file := folder / url.username).is_file():
        url = url.set(password=file.read_text().strip())
    return url


def without_login(database_url: str) -> str:
    """The address of a database, without whoever it names."""
    url = make_url(database_url)
    nobody = URL.create(url.drivername, None, None, url.host, url.port, url.database, url.query)
    return nobody.render_as_string(hide_password=False)


def engine_for(url: URL, schema: str, *, pool_size: int = 5, bounds: Mapping[str, float] = NO_BOUNDS) -> Engine:
    """An engine whose unqualified table names mean the tables of `schema`; rebuilding beside it is another schema.

    Its connections have `bounds`: seconds by PostgreSQL's names for what they bound.
    """
    bounded = "".join(f" -c{name}={int(seconds * 1000)}" for name, seconds in bounds.items())
    return create_engine(
        url,
        pool_size=pool_size,
        max_overflow=7,  # twelve in all: as many as `shared.admission` lets requests be worked on at once
        pool_pre_ping=True,  # a connection may have died while nobody used it: better known before a transaction
        hide_parameters=True,  # errors are logged; parameters are people's pay
        connect_args={
            # Temporary tables last: unsaid they come first, and one would stand for another of its name.
            # A process that stops dead in a transaction holds its locks for a minute at most.
            "options": f"-csearch_path={schema},pg_temp -ctimezone=UTC -cidle_in_transaction_session_timeout=60000"
            f"{bounded}",
            "application_name": f"earnest-{schema}",
            "connect_timeout": 10,
        },
    )


def service_engine(settings: Settings, service: str) -> Engine:
    """An engine with which a service works on its schema, whose tables are those of this version; what it writes is
    signed.

    Raises:
        TablesBehind: they are not.
    """
    engine = engine_for(database_url(settings, login_of(service)), service, bounds=WORK)
    sign_commits(engine, service, signer=Signer.of(settings))
    check_tables(engine, service, package=f"services.{service}")
    return engine


def view_engine(settings: Settings, service: str) -> Engine:
    """An engine with which a service reads its schema for people."""
    return engine_for(database_url(settings, view_of(service)), service, bounds=READING)


@contextmanager
def engine_while(settings: Settings, service: str, *, pool_size: int = 5) -> Iterator[Engine]:
    """An engine on the schema of a service, with its rights, for as long as a command needs it; what it writes is
    signed.
    """
    engine = engine_for(database_url(settings, login_of(service)), service, pool_size=pool_size)
    sign_commits(engine, service, signer=Signer.of(settings))
    try:
        yield engine
    finally:
        engine.dispose()


def migrate(engine: Engine, schema: str, *, package: str) -> None:
    """Bring `schema` to the newest migration of `package` (a package with a `migrations` folder); safe to run by many
    at once. The engine is the administrator's; what is made belongs to the owner.

    The migrations are plain functions over unqualified names, so the same ones build a schema of any name.

    Raises:
        UnknownTables: the schema was made by migrations that this version does not have.
        RolesMissing: the engine's role may not make the roles of the services.
    """
    if package.startswith("services.") and package != ACCESS:
        # Row policies of the others ask it.
        first = engine_for(engine.url, "access", pool_size=1)
        migrate(first, "access", package=ACCESS)
        first.dispose()
    with _migrations(package) as config, engine.begin() as connection:
        # Whoever comes second finds everything done.
        connection.execute(text("select pg_advisory_xact_lock(hashtext('earnest.migrate'))"))
        raw = connection.connection.driver_connection
        assert isinstance(raw, psycopg.Connection)
        make_roles(raw)
        close_database(raw)
        take_over(raw, schema)
        connection.execute(text(f"set local role {OWNER}"))
        connection.execute(CreateSchema(schema, if_not_exists=True))
        config.attributes["connection"] = connection
        config.attributes["schema"] = schema
        config.attributes["service"] = service = package.rpartition(".")[2]
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            raise UnknownTables(schema) from error
        if schema in SCHEMAS and service in SERVICES:
            # A schema of another name is beside it, and the administrator's alone, whatever was granted in it.
            logins = f"{login_of(service)}, {view_of(service)}"
            connection.execute(text(f"grant usage on schema {schema} to {logins}"))
            connection.execute(text(f"grant select on {schema}.alembic_version to {logins}"))


def check_tables(engine: Engine, schema: str, *, package: str) -> None:
    """See that the tables of a schema are those of this version.

    Raises:
        TablesBehind: they are not, or the engine's login was not let in.
    """
    with _migrations(package) as config:
        wanted = ScriptDirectory.from_config(config).get_current_head()
    try:
        with engine.connect() as connection:
            there = connection.execute(text(f'select version_num from "{schema}".alembic_version')).scalar()
    except ProgrammingError as error:  # no such table, or no right to see it
        raise TablesBehind(schema) from error
    if there != wanted:
        raise TablesBehind(schema)


@contextmanager
def _migrations(package: str) -> Iterator[Config]:
    with as_file(files(package) / "migrations") as folder:
        config = Config()
        config.set_main_option("script_location", str(folder))
        config.set_main_option("path_separator", "os")
        yield config


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


class TablesBehind(RuntimeError):
    """The tables of a schema are not those of this version, or nobody let its service in yet."""

    def __init__(self, schema: str) -> None:
        super().__init__(f"the tables of {schema} are not those of this version: run `earnest migrate` first")
        self.schema = schema


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
