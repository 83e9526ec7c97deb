"""Databases of the test session's server, one for each test."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from sqlalchemy import make_url

from earnest.local.logins import make_passwords
from earnest.local.postgres import Postgres
from shared.database import engine_for, migrate
from shared.logins import LOGINS, SCHEMAS, SERVICES, make_roles, set_passwords


def make_logins(server: Postgres) -> None:
    """Make the logins of all services on a server; their passwords are in `server.passwords`."""
    make_passwords(server.passwords)
    with psycopg.connect(server.url("postgres")) as admin:
        make_roles(admin)
        set_passwords(admin, server.passwords)


@contextmanager
def fresh_database(server: Postgres, template: str = "template1") -> Iterator[str]:
    """The `postgresql://` URL of a new copy of a database, which goes when the block ends."""
    name = f"test_{random.Random().getrandbits(64):016x}"
    with psycopg.connect(server.url("postgres"), autocommit=True) as admin:
        admin.execute(f"create database {name} template {template}")
        # Who may come in is not copied.
        admin.execute(f"revoke all on database {name} from public")
        admin.execute(f"grant connect on database {name} to {', '.join(LOGINS)}")
    yield server.url(name)
    with psycopg.connect(server.url("postgres"), autocommit=True) as admin:
        admin.execute(f"drop database {name} with (force)")


def migrated_database(server: Postgres, *services: str) -> str:
    """The name of a new database with the tables of some services, or all, and of the log, to be copied: migrating takes
    ten times as long.
    """
    name = f"{'_'.join(services) or 'all'}_template"
    with psycopg.connect(server.url("postgres"), autocommit=True) as admin:
        admin.execute(f"create database {name}")
    url = make_url(server.url(name)).set(drivername="postgresql+psycopg")
    wanted = {"shared.log", *(f"services.{service}" for service in services or SERVICES)}
    for schema, package in SCHEMAS.items():
        if package not in wanted:
            continue
        engine = engine_for(url, schema)
        migrate(engine, schema, package=package)
        engine.dispose()
    return name
