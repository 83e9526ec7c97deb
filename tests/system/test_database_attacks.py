"""Attacks on the database with the logins that services really have: what an injected statement, or a service that somebody
took over, could try.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import URL, make_url

from earnest.local.postgres import Postgres
from shared.contracts.topics import DEALS, PUBLISHED, ROAD
from shared.log.port import Record
from shared.log.postgres import PostgresLog
from shared.logins import LOGINS, OWNER, SCHEMAS, SERVICES, close_database, login_of, view_of
from tests.databases import fresh_database

REFUSED = (psycopg.errors.InsufficientPrivilege, psycopg.errors.InvalidSchemaName, psycopg.errors.UndefinedFunction)
SERVICES_LOGINS = [login_of(service) for service in SERVICES]
VIEWS = [view_of(service) for service in SERVICES]

ESCAPES = [
    # another role
    "set role earnest",
    "set role earnest_owner",
    "set role earnest_payout; set role none; set role earnest_owner",
    "set session authorization earnest",
    "set session authorization earnest_owner",
    "grant earnest_owner to current_user",
    "alter role current_user superuser",
    "alter role current_user createrole bypassrls",
    "alter role earnest password 'mine'",
    "create role mine",
    # the server's machine
    "copy (select 1) to program 'id'",
    "create table pg_temp.of_program (line text); copy pg_temp.of_program from program 'id'",
    "copy (select 1) to '/tmp/of-a-service'",
    "select pg_read_file('postgresql.conf')",
    "select pg_read_binary_file('/etc/passwd')",
    "select pg_ls_dir('.')",
    "select pg_stat_file('postgresql.conf')",
    "select lo_import('/etc/passwd')",
    "select lo_export(1, '/tmp/of-a-service')",
    "select lo_from_bytea(0, 'kept')",
    "select lo_create(0)",
    "create extension dblink",
    "create function mine() returns int language c as 'libc.so.6', 'getpid'",
    "alter system set archive_command = 'id'",
    "select pg_reload_conf()",
    "create tablespace mine location '/tmp'",
    # something of one's own that others could take for theirs
    "create temporary table journal (id bigint)",
    "create function pg_temp.sum(text) returns text language sql as 'select 1::text'",
    "create schema mine",
    "create table public.journal (id bigint)",
    "create table payout.mine (id bigint)",
    "create function log.forget(text) returns int language sql as 'select 1'",
    "create function public.now() returns int language sql as 'select 1'",
    "create operator public.= (leftarg = text, rightarg = text, function = texteq)",
    "create event trigger mine on ddl_command_end execute function log.refuse()",
    "create publication mine for all tables",
    "alter database {database} set search_path = public",
    "alter default privileges for role earnest_owner grant all on tables to public",
    # rules switched off
    "set session_replication_role = replica",
    "alter table payout.journal disable trigger all",
    "alter table log.entry disable trigger all",
    "drop trigger sound on log.entry",
    "create or replace function payout.append_only() returns trigger language plpgsql as 'begin return new; end'",
    "alter function payout.check_approval() owner to current_user",
    "alter function payout.check_approval() reset search_path",
    "drop table payout.journal",
    "drop schema log cascade",
    "truncate log.entry",
    "do $$ begin lock table payout.journal in access exclusive mode; end $$",
    # the facts
    "update log.entry set value = 'x'",
    "delete from log.entry",
    "insert into log.entry (topic, partition, position, key, headers, appended_at) values ('deals', 0, 0, 'k', '{}', 0)",
    "update log.head set topic = 'other'",
    "delete from log.head",
    "insert into log.head (topic, partition, next_position) values ('mine', 0, 5)",
    "update log.kind set kind = 'kafka'",
    "insert into log.publisher values (current_user, 'deals')",
    "update payout.alembic_version set version_num = '0'",
]


@pytest.fixture
def database_url(postgres_server: Postgres, template: Callable[..., str]) -> Iterator[str]:
    with fresh_database(postgres_server, template()) as url:
        with psycopg.connect(url) as administrator:
            database = sql.Identifier(administrator.info.dbname)
            administrator.execute(sql.SQL("grant all on database {} to public").format(database))
            close_database(administrator)  # as migrating does it: what a copy may do is not copied
        yield url


@pytest.fixture
def log(database_url: str) -> Iterator[PostgresLog]:
    opened = PostgresLog(make_url(database_url).set(drivername="postgresql+psycopg"), partitions=1)
    opened.ensure(ROAD)
    opened.append(DEALS, [Record("D-1", b"{}")])
    yield opened
    opened.close()


@pytest.fixture
def session(logged_in: Callable[[str], URL], log: PostgresLog) -> Callable[[str], psycopg.Connection]:
    """A session of a login, as a client that sends whatever it likes."""

    def opened(login: str) -> psycopg.Connection:
        address = logged_in(login).set(drivername="postgresql").render_as_string(hide_password=False)
        return psycopg.connect(address, autocommit=True)

    return opened


@pytest.mark.parametrize("login", LOGINS)
def test_no_login_gets_out_of_what_it_may(session: Callable[[str], psycopg.Connection], login: str) -> None:
    with session(login) as connection:
        for attack in ESCAPES:
            said = attack.replace("{database}", connection.info.dbname)
            try:
                connection.execute(said)
            except REFUSED:
                continue
            pytest.fail(f"{login} may {said}")
        connection.execute("reset role")
        connection.execute("reset session authorization")
        who = connection.execute("select session_user, current_user, current_setting('is_superuser')").fetchone()
    assert who == (login, login, "off")


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_has_no_part_in_the_tables_of_another(
    session: Callable[[str], psycopg.Connection], service: str
) -> None:
    for login in (login_of(service), view_of(service)):
        with session(login) as connection:
            for other in {*SCHEMAS} - {"log", *(name for name in SCHEMAS if SCHEMAS[name] == f"services.{service}")}:
                with pytest.raises(REFUSED):
                    connection.execute(sql.SQL("select from {}").format(sql.Identifier(other, "alembic_version")))


@pytest.mark.parametrize("login", SERVICES_LOGINS)
def test_a_service_adds_to_the_end_of_its_own_topics_and_nowhere_else(
    session: Callable[[str], psycopg.Connection], logged_in: Callable[[str], URL], login: str
) -> None:
    service = login.removeprefix("earnest_")
    own = {topic.name for topic in PUBLISHED.get(service, ())}
    as_itself = PostgresLog(logged_in(login), partitions=1)
    for topic in ROAD:
        if topic.name in own:
            as_itself.append(topic, [Record("k", b"{}")])
        else:
            with pytest.raises(psycopg.errors.InsufficientPrivilege, match="publishes on other topics"):
                as_itself.append(topic, [Record("k", b"{}")])
        as_itself.append(topic.dead_letters, [Record("k", b"{}")])
    as_itself.close()
    with session(login) as connection:
        for position in (1000, 10**15):
            with pytest.raises(psycopg.errors.CheckViolation, match="at the end of the log"):
                connection.execute(
                    "insert into log.entry (topic, partition, position, key, headers) values (%s, 0, %s, 'k', '{}')",
                    ["deals.dlq", position],
                )
        with pytest.raises(psycopg.errors.IntegrityError, match="positions of the log go forward"):
            connection.execute("update log.head set next_position = 0 where topic = 'deals'")
        with pytest.raises(psycopg.errors.IntegrityError, match="only ever added to"):
            connection.execute("select log.forget('deals', 0, 1)")


@pytest.mark.parametrize("login", VIEWS)
def test_who_reads_for_people_changes_nothing_and_does_not_reach_the_log(
    session: Callable[[str], psycopg.Connection], login: str
) -> None:
    service = login.removeprefix("earnest_").removesuffix("_view")
    with session(login) as connection:
        connection.execute("set default_transaction_read_only = off")
        tables = connection.execute(
            "select relname from pg_class where relnamespace = %s::regnamespace and relkind = 'r'", [service]
        ).fetchall()
        assert tables
        for (table,) in tables:
            name = sql.Identifier(service, table)
            connection.execute(sql.SQL("select from {}").format(name))
            for statement in (
                "insert into {} default values",
                "delete from {}",
                "truncate {}",
                "select from {} for share",
            ):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute(sql.SQL(statement).format(name))
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("select from log.entry")


@pytest.mark.usefixtures("log")
def test_no_login_comes_into_another_database_of_the_server(logged_in: Callable[[str], URL]) -> None:
    for login in LOGINS:
        address = logged_in(login).set(drivername="postgresql", database="postgres")
        with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
            psycopg.connect(address.render_as_string(hide_password=False))


def test_logins_own_nothing_and_nothing_powerful_stands_behind_them(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        powerful = """select rolname from pg_roles where rolname = any(%s)
            and (rolsuper or rolcreatedb or rolcreaterole or rolreplication or rolbypassrls)"""
        assert connection.execute(powerful, [[*LOGINS, OWNER]]).fetchall() == []
        members = "select from pg_auth_members m join pg_roles r on r.oid = m.member where r.rolname = any(%s)"
        assert connection.execute(members, [list(LOGINS)]).fetchall() == []
        owned = "select from pg_shdepend d join pg_roles r on r.oid = d.refobjid where r.rolname = any(%s) and deptype = 'o'"
        assert connection.execute(owned, [list(LOGINS)]).fetchall() == []
        assert connection.execute("select rolcanlogin from pg_roles where rolname = %s", [OWNER]).fetchone() == (False,)
        public = """select nspname from pg_namespace, aclexplode(nspacl) a where a.grantee = 0
            and nspname not in ('pg_catalog', 'information_schema')"""
        assert connection.execute(public).fetchall() == []


def test_functions_belong_to_the_owner_are_open_to_nobody_unasked_and_look_at_temporary_tables_last(
    database_url: str,
) -> None:
    query = """
        select p.oid::regprocedure::text as name, pg_get_userbyid(proowner) as owner, prosecdef, proconfig,
            exists (select from aclexplode(coalesce(proacl, acldefault('f', proowner))) a where a.grantee = 0) as public
        from pg_proc p join pg_namespace n on n.oid = pronamespace where nspname = any(%s)"""
    with psycopg.connect(database_url, row_factory=psycopg.rows.namedtuple_row) as connection:
        functions = connection.execute(query, [list(SCHEMAS)]).fetchall()
    assert len(functions) > 10
    assert [each.name for each in functions if each.owner != OWNER] == []
    assert [each.name for each in functions if each.public] == []
    paths = {each.name: [one for one in each.proconfig or () if one.startswith("search_path=")] for each in functions}
    assert [each.name for each in functions if paths[each.name] and not paths[each.name][0].endswith(", pg_temp")] == []
    assert [each.name for each in functions if each.prosecdef and not paths[each.name]] == []


def test_every_table_is_open_to_its_service_alone_and_no_append_only_one_to_changes(database_url: str) -> None:
    """For tables to come, too: where a trigger refuses both update and delete, no login has a right to either."""
    query = """
        select n.nspname as schema, c.relname as name,
            exists (select from pg_trigger t join pg_proc p on p.oid = tgfoid
                where tgrelid = c.oid and proname = 'append_only' and tgtype & 24 = 24) as append_only,
            coalesce(array_agg(distinct g.rolname || ' ' || lower(a.privilege_type)) filter (where g.oid is not null), '{}')
                as rights,
            bool_or(a.grantee = 0) as public
        from pg_class c join pg_namespace n on n.oid = relnamespace
        left join lateral aclexplode(c.relacl) a on a.grantee <> c.relowner
        left join pg_roles g on g.oid = a.grantee
        where n.nspname = any(%s) and relkind in ('r', 'v') and relname <> 'alembic_version' group by 1, 2, c.oid"""
    with psycopg.connect(database_url, row_factory=psycopg.rows.namedtuple_row) as connection:
        tables = connection.execute(query, [list(SERVICES)]).fetchall()
    faults = []
    for table in tables:
        rights, name = set(table.rights), f"{table.schema}.{table.name}"
        allowed = {"select", "insert"} if table.append_only else {"select", "insert", "update", "delete"}
        most = {f"{login_of(table.schema)} {right}" for right in allowed} | {f"{view_of(table.schema)} select"}
        # Whoever records in the audit log ends its transaction with a link over what it recorded.
        of_all = {"access.chain_entry": {"select"}, "access.chain_link": {"select", "insert"}}.get(name, set())
        most |= {f"{login_of(service)} {right}" for service in SERVICES for right in of_all}
        least = {f"{login} select" for login in (login_of(table.schema), view_of(table.schema))}
        if table.public or not least <= rights <= most:
            faults.append(f"{name}: {sorted(rights ^ least)}")
    assert faults == []
    assert len(tables) > 60
