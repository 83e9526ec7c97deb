"""Databases of the test session's server, one for each test."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from sqlalchemy import make_url

from earnest.local.postgres import Postgres
from shared.database import engine_for, migrate


@contextmanager
def fresh_database(server: Postgres, template: str = "template1") -> Iterator[str]:
    """The `postgresql://` URL of a new copy of a database, which goes when the block ends."""
    name = f"test_{random.Random().getrandbits(64):016x}"
    with psycopg.connect(server.url("postgres"), autocommit=True) as admin:
        admin.execute(f"create database {name} template {template}")
    yield server.url(name)
    with psycopg.connect(server.url("postgres"), autocommit=True) as admin:
        admin.execute(f"drop database {name} with (force)")


def migrated_database(server: Postgres, service: str) -> str:
    """The name of a new database with the tables of a service and of the log, to be copied: migrating takes ten times
    as long.
    """
    name = f"{service}_template"
    with psycopg.connect(server.url("postgres"), autocommit=True) as admin:
        admin.execute(f"create database {name}")
    url = make_url(server.url(name)).set(drivername="postgresql+psycopg")
    for schema, package in ((service, f"services.{service}"), ("log", "shared.log")):
        engine = engine_for(url, schema)
        migrate(engine, schema, package=package)
        engine.dispose()
    return name
