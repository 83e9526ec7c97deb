"""Who works on an installation's database: an owner that nobody logs in as, and for each service a login to work with
and a login to read with for people. None of them is a superuser, and no login owns anything.

The administrator, whom DATABASE_URL names, makes them (`earnest migrate`) and is used for nothing that runs. Roles
belong to the whole server, so that a server holds one installation.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from psycopg import Connection, sql
from psycopg.errors import InsufficientPrivilege

SERVICES: Final = ("ingest", "scoring", "payout", "alerts", "access")
OWNER: Final = "earnest_owner"
"""Owns every schema, table and function. A function with its owner's rights has these and never a superuser's."""


def login_of(service: str) -> str:
    """As whom a service works: it may do to its own schema what it was granted, and publish in the log."""
    return f"earnest_{service}"


def view_of(service: str) -> str:
    """As whom a service reads for people: it may select, and sees of guarded tables what the person may see."""
    return f"earnest_{service}_view"


LOGINS: Final = tuple(login(service) for service in SERVICES for login in (login_of, view_of))
SCHEMAS: Final = {
    "log": "shared.log",
    **{service: f"services.{service}" for service in SERVICES},
    # Where alerts counts the log again when a KPI is defined anew: a service makes no schemas.
    "alerts_recount": "services.alerts",
}
"""The package whose migrations make each schema."""


class RolesMissing(RuntimeError):
    """The administrator may not make the roles that services need, or may not use them."""

    def __init__(self, administrator: str, reason: str) -> None:
        super().__init__(
            f"{administrator} cannot prepare the database for Earnest's services ({reason.strip()}): let "
            f"DATABASE_URL name the owner of the database, with the right to make roles (alter role {administrator} "
            "createrole)"
        )


def make_roles(connection: Connection[Any]) -> None:
    """Make the owner and the logins where they are missing, and take from them whatever makes a role powerful. They
    have no password yet, and so cannot log in.

    Raises:
        RolesMissing: the connection's role may not.
    """
    try:
        connection.execute(_ROLES.format(owner=sql.Literal(OWNER), logins=sql.Literal(list(LOGINS))))
    except InsufficientPrivilege as error:
        raise RolesMissing(connection.info.user, str(error)) from error


def close_database(connection: Connection[Any]) -> None:
    """Let nobody but the logins into the database, and nobody but the owner make anything in it: no schemas, no
    temporary tables, which could stand before others of their name, and no large objects.

    Raises:
        RolesMissing: the connection's role may not.
    """
    logins = sql.SQL(", ").join(map(sql.Identifier, LOGINS))
    names = {"database": sql.Identifier(connection.info.dbname), "logins": logins, "owner": sql.Identifier(OWNER)}
    try:
        for statement in _CLOSE:
            connection.execute(sql.SQL(statement).format(**names))
        connection.execute(_NOTHING_BESIDE)
    except InsufficientPrivilege as error:
        raise RolesMissing(connection.info.user, str(error)) from error


def set_passwords(connection: Connection[Any], folder: Path) -> None:
    """Give each login the password in the file of its name; only its hash goes to the server.

    Raises:
        RolesMissing: the connection's role may not.
        FileNotFoundError: a login has no file.
    """
    for login in LOGINS:
        password = (folder / login).read_text().strip().encode()
        secret = connection.pgconn.encrypt_password(password, login.encode(), b"scram-sha-256").decode()
        statement = sql.SQL("alter role {} password {}").format(sql.Identifier(login), sql.Literal(secret))
        try:
            connection.execute(statement)
        except InsufficientPrivilege as error:
            raise RolesMissing(connection.info.user, str(error)) from error


def take_over(connection: Connection[Any], schema: str) -> None:
    """Give what is in a schema to the owner: of an earlier version or a restored backup it is the administrator's."""
    connection.execute(_OWN.format(owner=sql.Literal(OWNER), schema=sql.Literal(schema)))


# Another database of the server may be making the same roles at this moment.
_ROLES: Final = sql.SQL("""
    do $$
    declare
        one text;
        powers constant text := 'nosuperuser nocreatedb nocreaterole noreplication nobypassrls';
    begin
        foreach one in array {logins}::text[] || {owner}::text loop
            begin
                if not exists (select from pg_catalog.pg_roles where rolname = one) then
                    execute format('create role %I', one);
                end if;
            exception when duplicate_object or unique_violation then null;
            end;
            if exists (select from pg_catalog.pg_roles where rolname = one and rolcanlogin = (one = {owner})) then
                execute format('alter role %I %s', one, case one when {owner} then 'nologin' else 'login' end);
            end if;
            if exists (select from pg_catalog.pg_roles where rolname = one
                    and (rolsuper or rolcreatedb or rolcreaterole or rolreplication or rolbypassrls)) then
                execute format('alter role %I %s', one, powers);
            end if;
        end loop;
        if not pg_has_role(current_user, {owner}, 'set') then
            execute format('grant %I to current_user with inherit true, set true', {owner});
        end if;
    end $$""")

_CLOSE: Final = (
    "revoke all on database {database} from public",
    "grant connect on database {database} to {logins}",
    "grant create on database {database} to {owner}",
    "revoke all on schema public from public",
    # What a migration makes is open to nobody until it is granted.
    "alter default privileges for role {owner} revoke execute on functions from public",
)

# Only a superuser may: elsewhere the logins can make large objects, which nobody reads, and come into the server's
# other databases, in which they have nothing.
_NOTHING_BESIDE: Final = """
    do $$
    declare one regprocedure;
        beside name;
    begin
        if not (select rolsuper from pg_catalog.pg_roles where rolname = current_user) then
            return;
        end if;
        for beside in select datname from pg_catalog.pg_database where datname in ('postgres', 'template1')
                and has_database_privilege('public', oid, 'connect') loop
            execute format('revoke connect on database %I from public', beside);
        end loop;
        if has_function_privilege('public', 'pg_catalog.lo_create(oid)', 'execute') then
            for one in select oid from pg_catalog.pg_proc where pronamespace = 'pg_catalog'::regnamespace
                    and (proname like 'lo\\_%' or proname in ('loread', 'lowrite')) loop
                execute format('revoke execute on function %s from public', one);
            end loop;
        end if;
    end $$"""

_OWN: Final = sql.SQL("""
    do $$
    declare one text;
    begin
        for one in
            select format('schema %I', nspname) from pg_catalog.pg_namespace
            where nspname = {schema} and nspowner <> {owner}::regrole
            union all
            select format('%s %s', case relkind when 'v' then 'view' else 'table' end, oid::regclass)
            from pg_catalog.pg_class
            where relnamespace = to_regnamespace(quote_ident({schema})) and relkind in ('r', 'p', 'v')
                and relowner <> {owner}::regrole
            union all
            select format('function %s', oid::regprocedure) from pg_catalog.pg_proc
            where pronamespace = to_regnamespace(quote_ident({schema})) and proowner <> {owner}::regrole
        loop
            execute format('alter %s owner to %I', one, {owner});
        end loop;
    end $$""")
